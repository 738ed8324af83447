package main

import (
	"os"

	"twice/child"
	"twice/parent"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == child.Arg {
		os.Exit(child.Main())
	}
	os.Exit(parent.Main(child.Arg))
}
