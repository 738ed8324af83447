package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel are attacks on the kernel by seldom-used system calls.
func kernel() map[string]func([]string) {
	return map[string]func([]string){
		"calls":   calls,
		"keyring": keyring,
		"tiocsti": tiocsti,
		"foreign": foreign,
		"x32":     x32,
		"int80":   int80,
	}
}

// calls makes every refused call with arguments that it would not take.
func calls([]string) {
	var zero [256]byte
	p := uintptr(unsafe.Pointer(&zero[0]))
	bad := ^uintptr(0)
	for _, c := range []struct {
		name string
		nr   uintptr
		args []uintptr
	}{
		{"io_uring_setup", unix.SYS_IO_URING_SETUP, []uintptr{1, p}},
		{"io_uring_enter", unix.SYS_IO_URING_ENTER, []uintptr{bad}},
		{"io_uring_register", unix.SYS_IO_URING_REGISTER, []uintptr{bad}},
		{"io_setup", unix.SYS_IO_SETUP, []uintptr{1, p}},
		{"bpf", unix.SYS_BPF, []uintptr{0, p, 64}},
		{"perf_event_open", unix.SYS_PERF_EVENT_OPEN, []uintptr{p, 0, bad, bad}},
		{"userfaultfd", unix.SYS_USERFAULTFD, []uintptr{1}},
		{"fanotify_init", unix.SYS_FANOTIFY_INIT, []uintptr{0, 0}},
		{"init_module", unix.SYS_INIT_MODULE, []uintptr{p, 1, p}},
		{"finit_module", unix.SYS_FINIT_MODULE, []uintptr{bad, p}},
		{"delete_module", unix.SYS_DELETE_MODULE, []uintptr{p}},
		{"kexec_load", unix.SYS_KEXEC_LOAD, []uintptr{0, 0, 0, 0}},
		{"kexec_file_load", unix.SYS_KEXEC_FILE_LOAD, []uintptr{bad, bad, 0, p, 0}},
		{"open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT, []uintptr{bad, p, 0}},
		{"acct", unix.SYS_ACCT, []uintptr{p}},
		{"swapon", unix.SYS_SWAPON, []uintptr{p}},
		{"swapoff", unix.SYS_SWAPOFF, []uintptr{p}},
		{"quotactl", unix.SYS_QUOTACTL, []uintptr{0, p}},
		{"syslog", unix.SYS_SYSLOG, []uintptr{3, p, 1}},
		{"vhangup", unix.SYS_VHANGUP, nil},
		{"settimeofday", unix.SYS_SETTIMEOFDAY, []uintptr{bad, 0}},
		{"clock_settime", unix.SYS_CLOCK_SETTIME, []uintptr{0, bad}},
		{"adjtimex", unix.SYS_ADJTIMEX, []uintptr{p}},
		{"mbind", unix.SYS_MBIND, []uintptr{p}},
		{"migrate_pages", unix.SYS_MIGRATE_PAGES, []uintptr{0}},
		{"set_mempolicy", unix.SYS_SET_MEMPOLICY, []uintptr{0}},
	} {
		call(c.name, c.nr, c.args...)
	}
}

func keyring([]string) {
	_, err := unix.AddKey("user", "pidone", []byte("x"), unix.KEY_SPEC_USER_KEYRING)
	tried("add_key", err)
	_, err = unix.RequestKey("user", "pidone", "", 0)
	tried("request_key", err)
	for cmd := range 12 {
		call("keyctl "+strconv.Itoa(cmd), unix.SYS_KEYCTL, uintptr(cmd), ^uintptr(0))
	}
}

// tiocsti types into a terminal of the sandbox's own.
func tiocsti([]string) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0)
	must(err)
	must(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(err)
	slave, err := unix.Open(fmt.Sprint("/dev/pts/", n), unix.O_RDWR, 0) // becomes the controlling terminal
	must(err)
	b := byte('x')
	call("TIOCSTI", unix.SYS_IOCTL, uintptr(slave), unix.TIOCSTI, uintptr(unsafe.Pointer(&b)))
	call("TIOCSTI high bits", unix.SYS_IOCTL, uintptr(slave), unix.TIOCSTI|1<<32, uintptr(unsafe.Pointer(&b)))
	call("TIOCLINUX", unix.SYS_IOCTL, uintptr(slave), unix.TIOCLINUX, uintptr(unsafe.Pointer(&b)))
	call("TIOCSETD", unix.SYS_IOCTL, uintptr(slave), unix.TIOCSETD, uintptr(unsafe.Pointer(&[1]int32{})))
	_, err = unix.IoctlGetTermios(slave, unix.TCGETS)
	tried("TCGETS", err)
}

// foreign runs each attack by a call of another ABI and tells how it ended.
func foreign([]string) {
	for _, name := range []string{"x32", "int80"} {
		cmd := exec.Command("/proc/self/exe", name)
		out, err := cmd.Output()
		if err != nil && cmd.ProcessState != nil {
			if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
				say(fmt.Sprint("signal ", int(ws.Signal())), name)
			} else {
				say(fmt.Sprint("exit ", ws.ExitStatus()), name)
			}
		}
		os.Stdout.Write(out)
	}
}

// x32 makes calls by the numbers of the x32 ABI.
func x32([]string) {
	const bit = 0x40000000
	for _, nr := range []uintptr{unix.SYS_GETPID, unix.SYS_PTRACE, unix.SYS_KEYCTL} {
		_, _, errno := unix.RawSyscall(nr|bit, 0, 0, 0)
		tried(fmt.Sprint("x32 ", nr), errno)
	}
}
