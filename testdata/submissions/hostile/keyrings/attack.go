package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Leaves keys in the keyrings of the machine's root, and reads those there.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for _, ring := range []int{unix.KEY_SPEC_THREAD_KEYRING, unix.KEY_SPEC_PROCESS_KEYRING, unix.KEY_SPEC_SESSION_KEYRING, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_USER_SESSION_KEYRING} {
		for _, kind := range []string{"user", "logon", "keyring", "big_key"} {
			_, err := unix.AddKey(kind, evil, []byte(evil), ring)
			tried(fmt.Sprint("add a key of kind ", kind), err)
		}
		_, err := unix.KeyctlGetKeyringID(ring, true)
		tried("get a keyring", err)
		_, err = unix.RequestKey("user", evil, evil, ring)
		tried("request a key", err)
		var buf [64]byte
		_, err = unix.KeyctlBuffer(unix.KEYCTL_READ, ring, buf[:], 0)
		tried("read a keyring", err)
	}
	_, err := unix.KeyctlJoinSessionKeyring(evil)
	tried("join a session", err)
	for cmd := range 33 {
		call("keyctl", unix.SYS_KEYCTL, uintptr(cmd), ^uintptr(3), 0, 0, 0)
	}
	peek("/proc/keys")
}
