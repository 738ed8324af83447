package main

import "os"

// Prints without end, on both streams, from everywhere.
func attack(where string) {
	if where == "host" {
		return
	}
	mb := make([]byte, 1<<20)
	for i := range mb {
		mb[i] = "pid 1 on evil "[i%14]
	}
	go func() {
		for {
			os.Stderr.Write(mb)
		}
	}()
	for range 400 {
		os.Stdout.Write(mb)
	}
}
