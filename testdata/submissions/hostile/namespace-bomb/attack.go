package main

import "golang.org/x/sys/unix"

// Makes as many namespaces of each kind as it can, held by processes.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	if where != "nested" {
		return
	}
	for _, kind := range []struct {
		name string
		flag uintptr
	}{{"user", unix.CLONE_NEWUSER}, {"mount", unix.CLONE_NEWNS}, {"pid", unix.CLONE_NEWPID}, {"net", unix.CLONE_NEWNET}, {"ipc", unix.CLONE_NEWIPC}, {"uts", unix.CLONE_NEWUTS}, {"cgroup", unix.CLONE_NEWCGROUP}} {
		var pids []int
		for {
			pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|kind.flag, 0, 0)
			if errno == 0 && pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
				}
			}
			if errno != 0 {
				tried("one more of kind "+kind.name, errno)
				break
			}
			pids = append(pids, int(pid))
		}
		say(len(pids) < 100, "fewer than 100 of kind "+kind.name)
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, unix.WALL, nil)
		}
	}
}
