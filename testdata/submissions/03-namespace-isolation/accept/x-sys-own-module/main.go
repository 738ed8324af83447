package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

func main() {
	child := flag.Bool("c", false, "")
	flag.Parse()
	f := outside
	if *child {
		f = within
	}
	if err := f(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func outside() error {
	cmd := exec.Command("/proc/self/exe", "-c")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWPID}
	return cmd.Run()
}

func within() error {
	if err := report(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("x-sys")); err != nil {
		return err
	}
	return report()
}

func report() error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	_, err := fmt.Printf("[%d@%s]\n", unix.Getpid(), unix.ByteSliceToString(u.Nodename[:]))
	return err
}
