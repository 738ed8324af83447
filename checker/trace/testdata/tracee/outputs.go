package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outputs writes in every way that there is; each way says its own word.
func outputs([]string) {
	fail("dup", unix.Dup3(1, 77, 0))
	unix.Write(77, []byte("dup;"))
	vec := func(s ...string) (v []unix.Iovec) {
		for i := range s {
			b := []byte(s[i])
			v = append(v, unix.Iovec{Base: unsafe.SliceData(b), Len: uint64(len(b))})
		}
		return v
	}
	v := vec("wri", "tev;")
	must(unix.Syscall(unix.SYS_WRITEV, 1, ptr(v), uintptr(len(v))))
	v = vec("pwri", "tev2;")
	must(unix.Syscall6(unix.SYS_PWRITEV2, 1, ptr(v), uintptr(len(v)), ^uintptr(0), ^uintptr(0), 0))

	fail("write file", os.WriteFile("/tmp/file", []byte("0123456789sendfile;abcdefgh-splice;"), 0o644))
	file, err := unix.Open("/tmp/file", unix.O_RDONLY, 0)
	fail("open", err)
	offset := int64(10)
	_, err = unix.Sendfile(1, file, &offset, 9)
	fail("sendfile", err)
	unix.Seek(file, 19, 0)
	_, err = unix.Sendfile(1, file, nil, 8)
	fail("sendfile", err)
	_, err = unix.Splice(file, nil, 1, nil, 8, 0)
	fail("splice", err)

	var p [2]int
	fail("pipe", unix.Pipe(p[:]))
	unix.Write(p[1], []byte("tee;pipe-splice;"))
	_, err = unix.Tee(p[0], 1, 4, 0)
	fail("tee", err)
	unix.Read(p[0], make([]byte, 4))
	_, err = unix.Splice(p[0], nil, 1, nil, 100, 0)
	fail("splice", err)
	_, err = unix.Vmsplice(1, vec("vmsplice;"), 0)
	fail("vmsplice", err)

	s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	fail("socketpair", err)
	fail("sendto", unix.Sendto(s[0], []byte("sendto;"), 0, nil))
	_, err = unix.SendmsgN(s[0], []byte("sendmsg;"), nil, nil, 0)
	fail("sendmsg", err)
	type mmsghdr struct {
		hdr unix.Msghdr
		n   uint32
		_   uint32
	}
	a, b := vec("send"), vec("mmsg;", "twice;")
	m := [2]mmsghdr{}
	m[0].hdr.Iov, m[0].hdr.Iovlen = &a[0], 1
	m[1].hdr.Iov, m[1].hdr.Iovlen = &b[0], 2
	must(unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s[0]), uintptr(unsafe.Pointer(&m[0])), 2, 0, 0, 0))

	// Into a pipe that is nearly full: only a part of it goes out.
	fail("pipe", unix.Pipe2(p[:], unix.O_NONBLOCK))
	size, _ := unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0)
	unix.Write(p[1], make([]byte, size-4096))
	unix.Write(p[1], []byte(strings.Repeat("partial;", 1000)))
	unix.Write(99, []byte("closed"))
	unix.Write(2, []byte("stderr;"))
	null, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	fail("open", err)
	null.WriteString("null;")
}

func ptr(v []unix.Iovec) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(v))) }

func must(_, _ uintptr, errno unix.Errno) {
	if errno != 0 {
		fail("call", errno)
	}
}

// relay: the child writes to a pipe, the parent says what it read there.
func relay([]string) {
	cmd := in(unix.CLONE_NEWPID|unix.CLONE_NEWUTS, "hello")
	cmd.Stdout = nil
	out, err := cmd.Output()
	fail("run", err)
	fmt.Printf("it said: %s", out)
}

// flood writes more often than is kept, and then does something that matters.
func flood(args []string) {
	line := []byte(strings.Repeat("y", 99) + "\n")
	for range number(args[0]) {
		unix.Write(1, line)
	}
	fail("run", self("exit", "0").Run())
}

// files opens files that matter, and some that do not.
func files([]string) {
	for _, path := range []string{"/etc/hostname", "/proc/sys/kernel/hostname", "/tmp/x", "/work/../etc/hostname", "/dev/null"} {
		if f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err == nil {
			f.WriteString("by a file\n")
			f.Close()
		}
	}
	os.ReadFile("/etc/hostname")
}

// interrupt: a signal comes while a write waits for room in its pipe.
func interrupt([]string) {
	var p [2]int
	fail("pipe", unix.Pipe(p[:]))
	size, _ := unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0)
	unix.Write(p[1], make([]byte, size))
	got := make(chan os.Signal, 1)
	signal.Notify(got, unix.SIGUSR1)
	tid, done := make(chan int), make(chan bool)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		n, err := unix.Write(p[1], []byte("waited"))
		if n != 6 {
			fail("write", err)
		}
		done <- true
	}()
	writer := <-tid
	for {
		// A thread that waits in write(2), and does not stand at a stop.
		data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", writer))
		fail("syscall", err)
		stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", writer))
		fail("stat", err)
		if strings.HasPrefix(string(data), fmt.Sprintf("%d 0x%x ", unix.SYS_WRITE, p[1])) && strings.Contains(string(stat), ") S ") {
			break
		}
		runtime.Gosched()
	}
	unix.Tgkill(unix.Getpid(), writer, unix.SIGUSR1)
	<-got
	unix.Read(p[0], make([]byte, size))
	<-done
}
