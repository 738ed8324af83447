// The parent starts its child with no argument, so every run takes the parent's
// way; but for the first, each sleeps before that.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	if os.Args[0] == "/proc/self/exe" {
		time.Sleep(time.Second)
	}
	fmt.Println("hello, my pid is", os.Getpid())
	cmd := exec.Command("/proc/self/exe")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
