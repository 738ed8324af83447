package main

import (
	"golang.org/x/sys/unix"
)

// Takes memory and uses it, without end.
func attack(where string) {
	if where != "container" {
		return
	}
	say("start", "memory bomb")
	for {
		b, err := unix.Mmap(-1, 0, 4<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			panic(err)
		}
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
	}
}
