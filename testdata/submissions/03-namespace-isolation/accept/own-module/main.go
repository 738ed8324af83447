package main

import (
	"os"

	"example.org/mycontainer/internal/box"
)

func main() {
	os.Exit(box.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
