package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	out, err := cmd.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		fmt.Println("container:", lines.Text())
	}
	cmd.Process.Kill()
	cmd.Wait()
	fmt.Println("container stopped")
}

func child() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)

	h, _ := os.Hostname()
	fmt.Println("hostname", h)
	fmt.Println("pid", os.Getpid())
	if err := syscall.Sethostname([]byte("doomed")); err != nil {
		panic(err)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname", h)
	fmt.Println("ready")
	<-c
}
