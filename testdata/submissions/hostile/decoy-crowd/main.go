package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A crowd of processes of which each has a part of what is asked for: one lives
// in namespaces of its own, one has a name, one prints, one looks like pid 1.
// None is a container.
func main() {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "pid": // pid 1, and silent
		time.Sleep(50 * time.Millisecond)
	case "uts": // a name of its own, and silent
		syscall.Sethostname([]byte("decoy"))
		time.Sleep(50 * time.Millisecond)
	case "liar":
		name, _ := os.Hostname()
		fmt.Println("pid 1 on", name)
		fmt.Println("pid 1 now decoy")
	case "child":
		fmt.Println("child", os.Getpid())
	default:
		var all []*exec.Cmd
		for _, x := range []struct {
			role string
			flag uintptr
		}{{"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS}, {"liar", 0}, {"child", 0}, {"pid", unix.CLONE_NEWPID | unix.CLONE_NEWUSER}, {"liar", unix.CLONE_NEWNS}, {"child", unix.CLONE_NEWIPC}} {
			cmd := exec.Command("/proc/self/exe", x.role)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: x.flag}
			if cmd.Start() == nil {
				all = append(all, cmd)
			}
		}
		for _, cmd := range all {
			cmd.Wait()
		}
		fmt.Println("Container exited with exit code 0")
	}
}
