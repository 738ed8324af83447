package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// A record is what the child sends: itself, and then its hostname.
type record struct{ Pid, Size uint32 }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		send(os.Stdout)
		if err := syscall.Sethostname([]byte("ledger")); err != nil {
			panic(err)
		}
		send(os.Stdout)
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	out, err := cmd.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	for receive(out) {
	}
	if err := cmd.Wait(); err != nil {
		panic(err)
	}
}

func send(w io.Writer) {
	name, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	binary.Write(w, binary.LittleEndian, record{uint32(os.Getpid()), uint32(len(name))})
	io.WriteString(w, name)
}

func receive(r io.Reader) bool {
	var rec record
	if binary.Read(r, binary.LittleEndian, &rec) != nil {
		return false
	}
	name := make([]byte, rec.Size)
	io.ReadFull(r, name)
	fmt.Printf("pid %d runs on %s\n", rec.Pid, name)
	return true
}
