package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

func main() {
	if os.Getenv("_INSIDE") != "" {
		inside()
		return
	}
	// Namespaces belong to the thread: stay on this one.
	runtime.LockOSThread()
	must("unshare", syscall.Unshare(syscall.CLONE_NEWUTS|syscall.CLONE_NEWPID))

	pid, err := syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
		Env:   append(os.Environ(), "_INSIDE=yes"),
		Files: []uintptr{os.Stdin.Fd(), os.Stdout.Fd(), os.Stderr.Fd()},
	})
	must("fork", err)
	var ws syscall.WaitStatus
	_, err = syscall.Wait4(pid, &ws, 0, nil)
	must("wait", err)
	fmt.Println("exit status", ws.ExitStatus())
}

func inside() {
	show()
	must("sethostname", syscall.Sethostname([]byte("unshared")))
	show()
}

func show() {
	name, err := os.Hostname()
	must("hostname", err)
	fmt.Printf("I am process %d on %s\n", os.Getpid(), name)
}

func must(what string, err error) {
	if err != nil {
		panic(what + ": " + err.Error())
	}
}
