package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	fmt.Println("parent, pid", os.GetPid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.Run()
}
