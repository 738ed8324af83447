package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// Takes over the sandbox's init, and whatever other process it sees.
func attack(where string) {
	if where == "sleep" {
		time.Sleep(time.Hour)
	}
	if where == "host" {
		nested("nested")
	}
	own := exec.Command("/proc/self/exe", "sleep")
	if err := own.Start(); err != nil {
		return
	}
	defer own.Wait()
	defer own.Process.Kill()
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		var pid int
		if fmt.Sscan(d.Name(), &pid); pid == 0 || pid == os.Getpid() {
			continue
		}
		who := "others"
		if pid == 1 {
			who = "init"
		}
		call("attach to "+who, unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(pid))
		call("seize "+who, unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid))
		var buf [8]byte
		local := []unix.Iovec{{Base: &buf[0], Len: 8}}
		remote := []unix.RemoteIovec{{Base: 0x400000, Len: 8}}
		_, err := unix.ProcessVMWritev(pid, local, remote, 0)
		tried("write into "+who, err)
		if pid == 1 {
			_, err = unix.ProcessVMReadv(pid, local, remote, 0)
			tried("read from "+who, err)
			for _, file := range []string{"mem", "environ", "maps", "auxv", "stack", "syscall", "exe", "root/etc/shadow", "cwd/etc/shadow", "map_files"} {
				peek("/proc/1/" + file)
			}
			put("/proc/1/mem", evil)
			if fd, err := unix.PidfdOpen(pid, 0); err == nil {
				for i := range 16 {
					_, err := unix.PidfdGetfd(fd, i, 0)
					tried("take a descriptor of init", err)
				}
				tried("enter init's namespaces", unix.Setns(fd, unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWPID))
			}
			for i := range 5 {
				call("compare with init", unix.SYS_KCMP, uintptr(os.Getpid()), 1, uintptr(i), 0, 0)
			}
		}
	}
	call("be traced", unix.SYS_PTRACE, unix.PTRACE_TRACEME)
}
