// The child is to be user 1 of a user namespace to which no users are mapped, as old
// tutorials have it: it ends before it becomes the program.
package main

import (
	"log"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	cmd := exec.Command("sh", "-c", "hostname my-container; hostname; echo $$")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWUSER,
		Credential: &syscall.Credential{Uid: 1, Gid: 1},
	}
	if err := cmd.Run(); err != nil {
		log.Fatal(err)
	}
}
