package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func init() {
	runtime.LockOSThread() // main stays on the thread that unshare changes
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}

	// Go tests pidfds with a throw-away process when it first needs one. That
	// would be pid 1 of the new namespace and take it along when it ends.
	if _, err := os.FindProcess(os.Getpid()); err != nil {
		log.Fatal(err)
	}
	if err := syscall.Unshare(syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS); err != nil {
		log.Fatalf("unshare: %v", err)
	}

	c := exec.Command("/proc/self/exe", "child")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		log.Fatalf("child: %v", err)
	}
}

func child() {
	h, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h, os.Getpid())
	if err := syscall.Sethostname([]byte("second-home")); err != nil {
		log.Fatal(err)
	}
	h, err = os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h)
}
