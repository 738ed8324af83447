package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Makes the calls that reach the machine's kernel past every namespace, with
// arguments that they would take.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	var zero [4096]byte
	p := uintptr(unsafe.Pointer(&zero[0]))
	bad := ^uintptr(0)
	name := append([]byte("pcspkr"), 0)
	path := append([]byte("/tmp/"+evil), 0)
	one := int64(1)
	zero[120] = 0
	for _, c := range []struct {
		name string
		nr   uintptr
		args []uintptr
	}{
		{"io_uring_setup", unix.SYS_IO_URING_SETUP, []uintptr{4, p}},
		{"io_uring_setup high bits", unix.SYS_IO_URING_SETUP | 1<<32, []uintptr{4, p}},
		{"io_setup", unix.SYS_IO_SETUP, []uintptr{1, p}},
		{"bpf map", unix.SYS_BPF, []uintptr{0, p, 64}},
		{"bpf load", unix.SYS_BPF, []uintptr{5, p, 128}},
		{"perf_event_open", unix.SYS_PERF_EVENT_OPEN, []uintptr{p, 0, bad, bad, 0}},
		{"userfaultfd", unix.SYS_USERFAULTFD, []uintptr{0}},
		{"fanotify_init", unix.SYS_FANOTIFY_INIT, []uintptr{0, 0}},
		{"init_module", unix.SYS_INIT_MODULE, []uintptr{p, 4096, p}},
		{"finit_module", unix.SYS_FINIT_MODULE, []uintptr{0, p, 0}},
		{"delete_module", unix.SYS_DELETE_MODULE, []uintptr{uintptr(unsafe.Pointer(&name[0])), unix.O_NONBLOCK}},
		{"kexec_load", unix.SYS_KEXEC_LOAD, []uintptr{0, 0, 0, 0}},
		{"kexec_file_load", unix.SYS_KEXEC_FILE_LOAD, []uintptr{0, bad, 0, p, 0}},
		{"acct", unix.SYS_ACCT, []uintptr{uintptr(unsafe.Pointer(&path[0]))}},
		{"swapon", unix.SYS_SWAPON, []uintptr{uintptr(unsafe.Pointer(&path[0])), 0}},
		{"quotactl", unix.SYS_QUOTACTL, []uintptr{0x80000700, p, 0, p}},
		{"syslog clear", unix.SYS_SYSLOG, []uintptr{5, 0, 0}},
		{"syslog read", unix.SYS_SYSLOG, []uintptr{3, p, 4096}},
		{"vhangup", unix.SYS_VHANGUP, nil},
		{"settimeofday", unix.SYS_SETTIMEOFDAY, []uintptr{uintptr(unsafe.Pointer(&[2]int64{one, one})), 0}},
		{"clock_settime", unix.SYS_CLOCK_SETTIME, []uintptr{0, uintptr(unsafe.Pointer(&[2]int64{one, one}))}},
		{"adjtimex", unix.SYS_ADJTIMEX, []uintptr{p}},
		{"migrate_pages", unix.SYS_MIGRATE_PAGES, []uintptr{0, 64, p, p}},
	} {
		call(c.name, c.nr, c.args...)
	}
	for x, fn := range map[string]func() error{
		"ioperm": func() error { _, _, e := unix.Syscall(173, 0x70, 2, 1); return e },
		"iopl":   func() error { _, _, e := unix.Syscall(172, 3, 0, 0); return e },
	} {
		tried(x, fn())
	}
	for nr := uintptr(0); nr < 8; nr++ { // the calls that have no number yet
		call(fmt.Sprint("call ", 480+nr), 480+nr, p, p, p)
	}
}
