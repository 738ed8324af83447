// Package network looks at network namespaces, and tries what of them this
// machine can do.
//
// It promises that a look changes nothing in the namespace, but for what Look says,
// and nothing of the caller's: it takes place on a thread of its own that is thrown away. What it
// tells is the kernel's, by rtnetlink(7) and nfnetlink, and what the namespace
// holds may be anything that a program could put there: there are bounds to what
// is told. Of IPv6 it knows the routes alone.
package network

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Within calls f on a thread that is in the network namespace ns, a descriptor,
// and is thrown away afterwards. f must not start anything that goes on.
func Within(ns int, f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return f()
	})
}

// WithinNew is Within a new network namespace, which belongs to the caller's
// user namespace.
func WithinNew(f func() error) error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make network namespace: %w", err)
		}
		return f()
	})
}

// onThread runs f on an OS thread that ends with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked, unless it is the main thread
		if unix.Gettid() != unix.Getpid() {
			done <- f()
			return
		}
		// The runtime never ends the main thread; while it is held, f gets another.
		done <- onThread(f)
		runtime.UnlockOSThread()
	}()
	return <-done
}

// Own opens the network namespace that the calling thread is in.
func Own() (int, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open network namespace: %w", err)
	}
	return fd, nil
}
