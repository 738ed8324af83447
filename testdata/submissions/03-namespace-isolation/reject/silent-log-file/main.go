package main

import (
	"log"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	f, err := os.OpenFile("/tmp/container.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	log.SetOutput(f)

	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		log.Fatal(err)
	}
}

func child() {
	h, _ := os.Hostname()
	log.Println("hostname", h, "pid", os.Getpid())
	if err := syscall.Sethostname([]byte("logged")); err != nil {
		log.Fatal(err)
	}
	h, _ = os.Hostname()
	log.Println("hostname", h)
}
