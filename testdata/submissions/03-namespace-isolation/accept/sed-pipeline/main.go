package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	log.SetFlags(log.Lshortfile)
	if len(os.Args) > 1 { // only we ourselves give arguments
		inner()
		return
	}

	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}

	filter := exec.Command("sed", "s/^/\t/")
	filter.Stdin = r
	filter.Stdout = os.Stdout
	filter.Stderr = os.Stderr
	if err := filter.Start(); err != nil {
		log.Fatal(err)
	}
	r.Close()

	box := exec.Command("/proc/self/exe", "inner")
	box.Stdout = w
	box.Stderr = os.Stderr
	box.SysProcAttr = &syscall.SysProcAttr{}
	box.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUTS
	box.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	if err := box.Start(); err != nil {
		log.Fatal(err)
	}
	w.Close()

	if err := box.Wait(); err != nil {
		log.Fatal(err)
	}
	if err := filter.Wait(); err != nil {
		log.Fatal(err)
	}
}

func inner() {
	for _, name := range []string{"", "pipeline"} {
		if name != "" {
			if err := syscall.Sethostname([]byte(name)); err != nil {
				log.Fatal(err)
			}
		}
		h, err := os.Hostname()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("host", h, "pid", os.Getpid())
	}
}
