// Package parent is the first run.
package parent

import (
	"fmt"
	"os"
	"os/exec"
)

// Main starts the program again with arg and returns its exit code.
func Main(arg string) int {
	fmt.Println("I am", os.Getpid())
	cmd := exec.Command("/proc/self/exe", arg)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Println("cannot start:", err)
		return 125
	}
	state, err := cmd.Process.Wait()
	if err != nil {
		fmt.Println("cannot wait:", err)
		return 125
	}
	fmt.Println("My child ended with", state.ExitCode())
	return state.ExitCode()
}
