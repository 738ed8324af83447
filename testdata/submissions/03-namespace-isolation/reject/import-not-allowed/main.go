package main

import (
	"fmt"
	"os"

	"github.com/opencontainers/runc/libcontainer"
)

func main() {
	factory, err := libcontainer.New("/run/containers")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(factory)
}
