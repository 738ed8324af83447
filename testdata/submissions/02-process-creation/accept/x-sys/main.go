package main

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

type slow int

func (s slow) say(words ...string) {
	for _, w := range append(words, "\n") {
		for i := range len(w) {
			if _, err := unix.Write(int(s), []byte{w[i]}); err != nil {
				unix.Exit(3)
			}
		}
	}
}

func main() {
	fd, err := unix.Dup(unix.Stdout)
	if err != nil {
		unix.Exit(1)
	}
	unix.CloseOnExec(fd)
	out := slow(fd)
	me := strconv.Itoa(unix.Getpid())
	if len(os.Args) > 1 && os.Args[1] == "child" {
		out.say("hello from child ", me)
		return
	}
	out.say("parent ", me)
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], "child"}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		out.say("fork: ", err.Error())
		unix.Exit(1)
	}
	var ws unix.WaitStatus
	for {
		if _, err = unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		out.say("wait: ", err.Error())
		unix.Exit(1)
	}
	out.say("exit code ", strconv.Itoa(ws.ExitStatus()))
	unix.Exit(ws.ExitStatus())
}
