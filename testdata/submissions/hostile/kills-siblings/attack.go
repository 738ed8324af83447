package main

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Processes that are killed in the middle of what a tracer stops at: clone,
// exec, sethostname, exit.
func attack(where string) {
	switch where {
	case "busy":
		for {
			unix.Chdir(".")
			if pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); errno == 0 && pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
				}
			} else if errno == 0 {
				unix.Wait4(int(pid), nil, 0, nil)
			}
		}
	case "exec":
		unix.Exec("/proc/self/exe", []string{"main", "exec"}, nil)
	case "name":
		for {
			unix.Sethostname([]byte("busy"))
		}
	case "host":
		killed := 0
		for i := range 60 {
			cmd := exec.Command("/proc/self/exe", []string{"busy", "exec", "name"}[i%3])
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if i%3 == 2 {
				cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWUTS
			}
			if cmd.Start() != nil {
				continue
			}
			time.Sleep(time.Duration(i%7) * 300 * time.Microsecond)
			cmd.Process.Kill()
			unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
			if cmd.Wait() != nil {
				killed++
			}
		}
		say(killed, "killed")
		// What they left is gone before the container is made.
		for {
			if _, err := unix.Wait4(-1, nil, unix.WALL|unix.WNOHANG, nil); err != nil {
				break
			}
		}
	}
}
