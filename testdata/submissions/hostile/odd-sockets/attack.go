package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Makes sockets that reach past the network namespace, or into seldom-used
// parts of the kernel: one of each family, kind and protocol.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for family := range 46 {
		if family == unix.AF_UNIX || family == unix.AF_INET || family == unix.AF_INET6 || family == unix.AF_NETLINK {
			continue
		}
		for kind := 1; kind <= 10; kind++ {
			for _, protocol := range []int{0, 1, 3, 255, 0x300} {
				if fd, err := unix.Socket(family, kind, protocol); err == nil {
					say("ok", fmt.Sprint("odd socket ", family, kind, protocol))
					unix.Close(fd)
				}
			}
			var pair [2]int32
			if _, _, errno := unix.Syscall6(unix.SYS_SOCKETPAIR, uintptr(family), uintptr(kind), 0, uintptr(unsafe.Pointer(&pair)), 0, 0); errno == 0 {
				say("ok", fmt.Sprint("odd pair ", family, kind))
			}
		}
	}
	for _, x := range []struct {
		name   string
		family int
	}{{"AF_VSOCK", unix.AF_VSOCK}, {"AF_ALG", unix.AF_ALG}, {"AF_PACKET", unix.AF_PACKET}, {"AF_XDP", unix.AF_XDP}, {"AF_KEY", unix.AF_KEY}} {
		_, err := unix.Socket(x.family, unix.SOCK_RAW, 0)
		tried(x.name, err)
		// The family's upper half is not looked at by the kernel.
		call(x.name+" with high bits", unix.SYS_SOCKET, uintptr(x.family)|1<<32, unix.SOCK_RAW, 0)
	}
	for protocol := range 23 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, protocol)
		tried(fmt.Sprint("netlink ", protocol), err)
		if err == nil {
			// Events of all groups: uevents, audit.
			unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: ^uint32(0)})
			unix.Close(fd)
		}
	}
	for _, protocol := range []int{unix.IPPROTO_ICMP, unix.IPPROTO_RAW, unix.IPPROTO_SCTP, unix.IPPROTO_MPTCP, unix.IPPROTO_UDPLITE, unix.IPPROTO_DCCP} {
		for kind := unix.SOCK_STREAM; kind <= unix.SOCK_PACKET; kind++ {
			if fd, err := unix.Socket(unix.AF_INET, kind, protocol); err == nil {
				unix.Sendto(fd, []byte(evil), 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{192, 0, 2, 1}})
				unix.Close(fd)
			}
		}
	}
}
