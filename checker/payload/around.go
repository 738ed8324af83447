package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// limits are those of the group of cgroup v2 that this process is in, where a
// cgroup2 file system shows it.
func limits(groups []string) map[string]string {
	found := map[string]string{}
	for _, line := range groups {
		group, ok := strings.CutPrefix(line, "0::")
		for _, file := range []string{"memory.max", "cpu.max", "pids.max"} {
			if !ok {
				break
			}
			if data, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", group, file)); err == nil {
				found[file] = strings.TrimSpace(string(data))
			}
		}
	}
	return found
}

// interfaces are those of this network namespace, with their IPv4 addresses.
func interfaces() (all []string) {
	links, _ := net.Interfaces()
	for _, link := range links {
		words := []string{link.Name, "down"}
		if link.Flags&net.FlagUp != 0 {
			words[1] = "up"
		}
		addresses, _ := link.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				words = append(words, a.String())
			}
		}
		all = append(all, strings.Join(words, " "))
	}
	return all
}

func routes() []string {
	table, err := os.ReadFile("/proc/self/net/route")
	if err != nil {
		return nil
	}
	return routesIn(string(table))
}

// routesIn reads /proc/net/route: an interface, a destination and a gateway in
// hexadecimal as they lie in memory, and in the eighth field the mask.
func routesIn(table string) (all []string) {
	_, rows, _ := strings.Cut(table, "\n")
	for row := range strings.Lines(rows) {
		f := strings.Fields(row)
		if len(f) < 8 {
			continue
		}
		to, via, mask := address(f[1]), address(f[2]), address(f[7])
		bits, _ := net.IPMask(mask.AsSlice()).Size()
		what := fmt.Sprintf("%v/%d", to, bits)
		if bits == 0 {
			what = "default"
		}
		if !via.IsUnspecified() {
			what += fmt.Sprintf(" via %v", via)
		}
		all = append(all, what+" dev "+f[0])
	}
	return all
}

func address(hex string) netip.Addr {
	v, _ := strconv.ParseUint(hex, 16, 32)
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(v))
	return netip.AddrFrom4(b)
}
