package main

import (
	"log"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if os.Getpid() == 1 {
		inContainer()
		return
	}

	container := exec.Command(os.Args[0])
	container.Stdin = os.Stdin
	container.Stdout = os.Stdout
	container.Stderr = os.Stderr
	container.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := container.Run(); err != nil {
		log.Fatalf("container: %v", err)
	}
}

func inContainer() {
	logHostname()
	if err := syscall.Sethostname([]byte("mybox")); err != nil {
		log.Fatalf("sethostname: %v", err)
	}
	logHostname()
}

func logHostname() {
	h, err := os.Hostname()
	if err != nil {
		log.Fatalf("hostname: %v", err)
	}
	log.Printf("[%d] hostname is %q", os.Getpid(), h)
}
