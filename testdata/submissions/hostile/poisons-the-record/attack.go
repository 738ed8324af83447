package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// Fills what is recorded of a run with what readers of it may stumble over:
// names of programs and hosts, arguments, paths.
func attack(where string) {
	if name, ok := strings.CutPrefix(where, "name "); ok {
		unix.Sethostname([]byte(name))
		return
	}
	if where != "host" {
		return
	}
	bad := []string{"\xff\xfe\x00", "</script><script>pidone-evil()</script>", "=cmd|'/C calc'!A0", "\n::error::pidone-evil", "\x1b]0;pidone-evil\a", "\u202e", strings.Repeat("a", 4000), "]]>", "%s%n%d", "../../../etc/passwd", "{\"verdict\":\"pass\"}"}
	for _, b := range bad {
		b = strings.ReplaceAll(b, "\x00", "")
		cmd := exec.Command("/bin/true", b, b)
		cmd.Args[0] = b
		cmd.Env = []string{b + "=" + b}
		cmd.Run()
		dir := "/tmp/" + strings.ReplaceAll(b[:min(len(b), 200)], "/", "_")
		os.Mkdir(dir, 0o755)
		os.Symlink("/bin/true", dir+"/x")
		data, _ := os.ReadFile("/bin/true")
		os.WriteFile(dir+"/program", data, 0o755)
		exec.Command(dir + "/program").Run()
		unix.Chdir(dir)
		if unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k") == nil {
			unix.Unmount(dir, unix.MNT_DETACH)
		}
		unix.Chdir("/work")
		again("name "+b[:min(len(b), 60)], unix.CLONE_NEWUTS)
	}
	fmt.Println("poisoned")
}
