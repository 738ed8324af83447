package main

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const evilKey = 0x70691

// Leaves things in every kind of memory that processes share by name, and looks
// for what others have there.
func attack(where string) {
	switch where {
	case "host":
		nested("nested")
	case "container": // would find what the host has left
		return
	}
	names, _ := os.ReadDir("/dev/shm")
	for _, n := range names {
		if !strings.Contains(n.Name(), evil) {
			say("ok", "found in /dev/shm: "+n.Name())
		}
	}
	tried("create in /dev/shm", os.WriteFile("/dev/shm/"+evil, []byte(evil), 0o666))
	for _, kind := range []string{"shm", "sem", "msg"} {
		data, _ := os.ReadFile("/proc/sysvipc/" + kind)
		for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			if i > 0 && !strings.Contains(line, fmt.Sprint(evilKey)) {
				say("ok", "found in System V "+kind+": "+line)
			}
		}
	}
	call("make a segment", unix.SYS_SHMGET, evilKey, 4096, unix.IPC_CREAT|0o666)
	call("make a semaphore", unix.SYS_SEMGET, evilKey, 1, unix.IPC_CREAT|0o666)
	call("make a message queue", unix.SYS_MSGGET, evilKey, unix.IPC_CREAT|0o666)
	for id := range 64 {
		if _, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY); err == nil && where == "nested" {
			say("ok", fmt.Sprint("attached a segment by its number"))
		}
		unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	}
	name := append([]byte(evil), 0)
	call("make a POSIX queue", unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_CREAT|unix.O_RDWR, 0o666, 0)
}
