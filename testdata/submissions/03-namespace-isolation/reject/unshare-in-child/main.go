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
	runtime.LockOSThread()
	log.SetFlags(0)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		log.Fatalln("child:", err)
	}
}

func child() {
	if err := syscall.Unshare(syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS); err != nil {
		log.Fatalln("unshare:", err)
	}
	if err := syscall.Sethostname([]byte("half-moved")); err != nil {
		log.Fatalln("sethostname:", err)
	}
	name, err := os.Hostname()
	if err != nil {
		log.Fatalln("hostname:", err)
	}
	fmt.Println("hostname", name)
	fmt.Println("pid", os.Getpid())
}
