package main

import "fmt"
import "os"
import "os/exec"

func main() {
	arg := ""
	if len(os.Args) > 1 {
		arg = os.Args[1]
	}
	switch arg {
	case "child":
		fmt.Println("child: hello! pid =", os.Getpid())
		os.Exit(0)
	default:
		fmt.Println("parent: pid =", os.Getpid())
		c := exec.Command("/proc/self/exe", "child")
		c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
		err := c.Run()
		if c.ProcessState == nil {
			fmt.Println("parent: it never ran:", err)
			os.Exit(99)
		}
		fmt.Println("parent: exit code =", c.ProcessState.ExitCode())
		os.Exit(c.ProcessState.ExitCode())
	}
}
