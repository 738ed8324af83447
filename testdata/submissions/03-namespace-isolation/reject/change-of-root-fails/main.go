// A program that does more than the exercise: its child changes the root, before it
// prints anything, to an image that is not there.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		must(syscall.Sethostname([]byte("my-container")))
		must(syscall.Chroot("/srv/images/alpine"))
		must(os.Chdir("/"))
		name, err := os.Hostname()
		must(err)
		fmt.Println("hello from", name, "with the pid", os.Getpid())
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	must(cmd.Run())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
