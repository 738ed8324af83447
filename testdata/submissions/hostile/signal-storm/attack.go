package main

import (
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Signals of every kind between processes and threads, among them stops and
// those that look like a tracer's.
func attack(where string) {
	if where == "target" {
		signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTRAP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGWINCH)
		for {
			time.Sleep(time.Millisecond)
		}
	}
	signal.Ignore(syscall.SIGTRAP, syscall.SIGUSR1, syscall.SIGUSR2)
	var targets []*exec.Cmd
	for range 4 {
		cmd := exec.Command("/proc/self/exe", "target")
		if cmd.Start() == nil {
			targets = append(targets, cmd)
		}
	}
	var wg sync.WaitGroup
	sent := make([]int, len(targets))
	for i, cmd := range targets {
		wg.Go(func() {
			var info [128]byte
			*(*int32)(unsafe.Pointer(&info[0])) = int32(unix.SIGTRAP)
			for start := time.Now(); time.Since(start) < 150*time.Millisecond || sent[i] <= 50; {
				pid := cmd.Process.Pid
				for _, s := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT, unix.SIGTSTP, unix.SIGCONT, unix.SIGUSR1, unix.SIGURG, unix.SIGTRAP, unix.SIGTTIN, unix.SIGCONT, 40} {
					if s != 40 {
						cmd.Process.Signal(s)
					}
					sent[i]++
				}
				// As the events of a tracer look: exec, exit, clone, stop.
				for _, event := range []int32{4, 6, 3, 128, 1, 7} {
					*(*int32)(unsafe.Pointer(&info[8])) = -int32(unix.SIGTRAP) - event<<8
					unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(unix.SIGTRAP), uintptr(unsafe.Pointer(&info[0])))
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	for i, cmd := range targets {
		cmd.Process.Kill()
		cmd.Wait()
		say(sent[i] > 50, "sent many")
	}
}
