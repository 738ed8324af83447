package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	fmt.Println("kernel:", helper(ctx, "uname", "-r"))
	fmt.Println("tools:", helper(ctx, "sh", "-c", "command -v hostname && echo ok"))

	var wg sync.WaitGroup
	quit := make(chan struct{})
	for range 2 * runtime.NumCPU() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			beat := time.NewTicker(time.Millisecond)
			defer beat.Stop()
			for {
				select {
				case <-quit:
					return
				case <-beat.C:
					runtime.GC()
				}
			}
		}()
	}

	result := make(chan error, 1)
	go func() { result <- container(ctx) }()
	err := <-result
	close(quit)
	wg.Wait()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func helper(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func container(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "child")
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	err := cmd.Run()
	fmt.Print(out.String())
	return err
}

func child() {
	name, _ := os.Hostname()
	fmt.Println("child pid:", os.Getpid())
	fmt.Println("child hostname:", name)
	if err := syscall.Sethostname([]byte("busy")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	name, _ = os.Hostname()
	fmt.Println("child hostname:", name)
}
