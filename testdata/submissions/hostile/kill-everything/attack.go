package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kills whoever can be reached, by every call that kills.
func attack(where string) {
	if where == "sleep" {
		time.Sleep(time.Hour)
	}
	if where == "host" {
		// The control: somebody to be killed.
		neighbour := exec.Command("/proc/self/exe", "sleep")
		neighbour.Start()
		tried("kill everybody", unix.Kill(-1, unix.SIGKILL))
		say(neighbour.Wait(), "neighbour")
	} else {
		tried("kill everybody from the container", unix.Kill(-1, unix.SIGKILL))
	}
	self := os.Getpid()
	var info [128]byte
	*(*int32)(unsafe.Pointer(&info[8])) = -1 // SI_QUEUE
	found := map[string]int{}
	count := func(what string, pid int, err error) {
		if err == nil && pid != 1 {
			found[what]++
		}
	}
	for pid := 1; pid < 8000; pid++ {
		// kill(2) takes the id of a thread for its process.
		if _, err := os.Stat(fmt.Sprint("/proc/self/task/", pid)); pid == self || err == nil {
			continue
		}
		// Nor is the container shown its own threads by the /proc that it sees.
		if where == "container" && pid < 16 {
			continue
		}
		count("kill", pid, unix.Kill(pid, unix.SIGKILL))
		count("tkill", pid, unix.Tgkill(pid, pid, unix.SIGKILL))
		_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(unix.SIGKILL), uintptr(unsafe.Pointer(&info[0])))
		if errno == 0 {
			count("queue", pid, nil)
		}
		if pid > 1 {
			count("kill group", pid, unix.Kill(-pid, unix.SIGKILL))
		}
	}
	for _, how := range []string{"kill", "tkill", "queue", "kill group"} {
		say(found[how], "others reached by "+how)
	}
	// A folder of /proc is as good as a pidfd.
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		if fd, err := unix.Open("/proc/"+d.Name(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil && d.Name() != fmt.Sprint(self) && d.Name() != "self" && d.Name() != "thread-self" && d.Name() != fmt.Sprint(os.Getppid()) {
			if where == "container" {
				tried("pidfd signal", unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0))
			}
			unix.Close(fd)
		}
	}
	for _, which := range []int{unix.PRIO_PROCESS, unix.PRIO_PGRP, unix.PRIO_USER} {
		tried(fmt.Sprint("nice ", which), unix.Setpriority(which, 1, 19))
		tried(fmt.Sprint("nice own ", which), unix.Setpriority(which, 0, 19))
	}
	var one unix.CPUSet
	one.Set(0)
	tried("pin init", unix.SchedSetaffinity(1, &one))
	tried("limit init", unix.Prlimit(1, unix.RLIMIT_NOFILE, &unix.Rlimit{}, nil))
}
