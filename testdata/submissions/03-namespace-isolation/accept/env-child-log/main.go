package main

import (
	"log"
	"os"
	"os/exec"
	"syscall"
)

const marker = "CONTAINER_STAGE"

func main() {
	log.SetPrefix("minibox: ")
	if os.Getenv(marker) == "init" {
		containerInit()
	} else {
		supervise()
	}
}

func supervise() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		log.Fatalln(err)
	}
	log.Println("supervisor is process", os.Getpid())
	cmd := &exec.Cmd{
		Path:   self,
		Args:   os.Args,
		Env:    append(os.Environ(), marker+"=init"),
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
		},
	}
	if err := cmd.Run(); err != nil {
		log.Fatalln("container failed:", err)
	}
	log.Println("container done,", cmd.ProcessState)
}

func containerInit() {
	os.Unsetenv(marker)
	logIdentity()
	if err := syscall.Sethostname([]byte("minibox")); err != nil {
		log.Fatalln("sethostname:", err)
	}
	logIdentity()
}

func logIdentity() {
	name, err := os.Hostname()
	if err != nil {
		log.Fatalln(err)
	}
	log.Printf("container is process %d, hostname %q", os.Getpid(), name)
}
