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
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child() error {
	_, err := fmt.Printf("child: hello, pid %d\n", os.Getpid())
	return err
}

func parent() error {
	return errors.New("parent: to be done")
}
