package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	hostname, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("hostname:", hostname)
	fmt.Println("pid:", os.Getpid())

	err = syscall.Sethostname([]byte("container"))
	if err != nil {
		panic(err)
	}
	hostname, err = os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("hostname:", hostname)
}
