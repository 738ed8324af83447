// nsdemo: a C programmer's container.
package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

const HOSTNAME = "nsdemo"

func die(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(111)
}

// gethostname is gethostname(2), which Linux makes from uname(2).
func gethostname() string {
	var uts syscall.Utsname
	if err := syscall.Uname(&uts); err != nil {
		die("uname", err)
	}
	raw := (*[len(uts.Nodename)]byte)(unsafe.Pointer(&uts.Nodename))
	n := 0
	for raw[n] != 0 {
		n++
	}
	return string(raw[:n])
}

func child_main() int {
	fmt.Printf("%s[%d]\n", gethostname(), syscall.Getpid())
	if err := syscall.Sethostname([]byte(HOSTNAME)); err != nil {
		die("sethostname", err)
	}
	fmt.Printf("%s[%d]\n", gethostname(), syscall.Getpid())
	return 0
}

func main() {
	if os.Args[0] == "nsdemo-child" {
		os.Exit(child_main())
	}

	var status syscall.WaitStatus
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"nsdemo-child"}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID},
	})
	if err != nil {
		die("fork/exec", err)
	}
	for {
		_, err = syscall.Wait4(pid, &status, 0, nil)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		die("wait4", err)
	}
	switch {
	case status.Exited():
		os.Exit(status.ExitStatus())
	case status.Signaled():
		os.Exit(128 + int(status.Signal()))
	}
}
