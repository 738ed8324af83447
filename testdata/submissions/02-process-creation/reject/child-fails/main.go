package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "child" {
		err = child()
	} else {
		err = parent()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func child() error {
	return errors.New("child: not written yet")
}

func parent() error {
	return errors.New("parent: not written yet")
}
