package main

import "fmt"
import "os"
import "syscall"

func main() {
	if len(os.Args) == 2 {
		if os.Args[1] == "child" {
			h, _ := os.Hostname()
			fmt.Println("before: host =", h, "pid =", os.Getpid())
			e := syscall.Sethostname([]byte("my-first-container"))
			if e != nil {
				fmt.Println("could not set hostname", e)
				os.Exit(1)
			}
			h, _ = os.Hostname()
			fmt.Println("after: host =", h)
			return
		}
	}

	me, e := os.Executable()
	if e != nil {
		panic(e)
	}
	attr := new(os.ProcAttr)
	attr.Files = []*os.File{os.Stdin, os.Stdout, os.Stderr}
	attr.Env = os.Environ()
	attr.Sys = new(syscall.SysProcAttr)
	attr.Sys.Cloneflags = syscall.CLONE_NEWPID
	attr.Sys.Cloneflags = attr.Sys.Cloneflags | syscall.CLONE_NEWUTS
	p, e := os.StartProcess(me, []string{me, "child"}, attr)
	if e != nil {
		panic(e)
	}
	st, e := p.Wait()
	if e != nil {
		panic(e)
	}
	fmt.Println("child finished:", st)
	if !st.Success() {
		os.Exit(st.ExitCode())
	}
}
