package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("Hello, my pid is", os.Getpid())
}
