// Command checker checks container programs by what the kernel saw of them.
package main

import (
	"os"

	"pidone/checker/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
