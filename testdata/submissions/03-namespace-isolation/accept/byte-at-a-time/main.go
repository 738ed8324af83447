package main

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func say(s string) {
	for i := 0; i < len(s); i++ {
		os.Stdout.Write([]byte{s[i]})
	}
}

func sayHost() {
	h, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	say("host=" + h + "\n")
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		say("pid=" + strconv.Itoa(os.Getpid()) + "\n")
		sayHost()
		if err := syscall.Sethostname([]byte("slowly")); err != nil {
			panic(err)
		}
		sayHost()
		return
	}
	c := exec.Command("/proc/self/exe", "child")
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		panic(err)
	}
	say("done\n")
}
