// Command helper runs in the sandbox under test and attacks it, one attack a
// run. It prints what came of every try as a line: "ok" or the name of the
// error, a tab, and what was tried.
//
// It refuses to attack anything but a sandbox.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Println("usage: helper ATTACK [ARGS...]")
		os.Exit(98)
	}
	// Whether a machine has the i386 gate is asked outside, of a call that harms nothing.
	if err := inside(); err != nil && os.Args[1] != "int80" {
		fmt.Println("this is no sandbox:", err)
		os.Exit(99)
	}
	attack(os.Args[1])(os.Args[2:])
}

// attack finds an attack by its name.
func attack(name string) func(args []string) {
	for _, all := range []map[string]func([]string){looks(), processes(), mounts(), kernel(), network(), bombs(), files(), groups(), kept()} {
		if f, ok := all[name]; ok {
			return f
		}
	}
	fmt.Println("no such attack:", name)
	os.Exit(98)
	return nil
}

// inside returns an error unless the caller is in a sandbox: its root is a
// read-only tmpfs with the submission in it, and root is not the machine's.
func inside() error {
	var st unix.Statfs_t
	if err := unix.Statfs("/", &st); err != nil {
		return err
	}
	if st.Type != unix.TMPFS_MAGIC || st.Flags&unix.ST_RDONLY == 0 {
		return errors.New("/ is no read-only tmpfs")
	}
	if _, err := os.Stat("/submission/main"); err != nil {
		return err
	}
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return err
	}
	if f := strings.Fields(string(ids)); len(f) == 3 && f[1] == "0" && f[2] == "4294967295" {
		return errors.New("the machine's root is mapped")
	}
	return nil
}

// tried prints a line about one try.
func tried(what string, err error) {
	var errno syscall.Errno
	result := "ok"
	switch {
	case err == nil:
	case errors.As(err, &errno) && errno == 0:
	case errors.As(err, &errno):
		if result = unix.ErrnoName(errno); result == "" {
			result = fmt.Sprint("errno ", int(errno))
		}
	default:
		result = err.Error()
	}
	say(result, what)
}

func say(result any, what string) { fmt.Printf("%v\t%s\n", result, what) }

// call makes a system call and prints what came of it.
func call(what string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	tried(what, errno)
	return r
}

// open tries to open a file and closes it again.
func open(what, path string, flags int) bool {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	tried(what, err)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// must ends an attack that cannot begin, so that its test does not pass for nothing.
func must(err error) {
	if err != nil {
		fmt.Println("the attack could not begin:", err)
		os.Exit(97)
	}
}

// nested runs an attack as root of a user namespace of its own.
func nested(args []string) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{Size: 1}},
	}
	must(cmd.Run())
}
