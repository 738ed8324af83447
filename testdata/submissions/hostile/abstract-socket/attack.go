package main

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Talks to services of the machine by Unix sockets, those with abstract names
// above all, which no mount hides.
func attack(where string) {
	switch where {
	case "host":
		nested("nested")
	case "container": // would meet the host's own
		return
	}
	names := []string{"@pidone-canary", "@/tmp/.X11-unix/X0", "@/org/freedesktop/systemd1/notify", "@/containerd-shim", "@docker", "/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"}
	data, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 8 && f[0] != "Num" {
			names = append(names, f[7])
		}
	}
	for _, dir := range []string{"/tmp", "/run", "/var", "/home", "/root", "/proc/1/root"} {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type()&fs.ModeSocket != 0 {
				names = append(names, path)
			}
			return nil
		})
	}
	for _, name := range names {
		for _, kind := range []string{"unix", "unixgram", "unixpacket"} {
			c, err := net.DialTimeout(kind, name, time.Second)
			if err == nil {
				c.Write([]byte(evil))
				c.Close()
				say("ok", "connect to "+name)
			} else if name == names[0] {
				say("refused", "connect to "+name)
			}
		}
	}
	// And is in the way of those that want the name.
	for _, name := range names[:4] {
		_, err := net.Listen("unix", name)
		say(err == nil, "take the name "+name)
	}
}
