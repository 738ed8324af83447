package main

import (
	"fmt"
	"net"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Scans the loopback, where the machine's own services listen, port by
// port, and looks for a way to other machines.
func attack(where string) {
	if where == "host" {
		if fd, err := unix.Open("/proc/1/ns/net", unix.O_RDONLY, 0); err == nil {
			tried("enter init's network", unix.Setns(fd, unix.CLONE_NEWNET))
		}
		again("scan", unix.CLONE_NEWUSER)
		return
	}
	if where == "container" {
		return
	}
	open := 0
	for family, to := range map[int]func(port int) unix.Sockaddr{
		unix.AF_INET:  func(port int) unix.Sockaddr { return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}} },
		unix.AF_INET6: func(port int) unix.Sockaddr { return &unix.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}} },
	} {
		fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			continue
		}
		// Where the well-known ports are, and the kernel's own choices begin.
		for port := 1; port < 42768; port++ {
			if port == 1024 {
				port = 32768
			}
			if unix.Connect(fd, to(port)) != nil {
				continue
			}
			if own, _ := unix.Getsockname(fd); fmt.Sprint(own) != fmt.Sprint(to(port)) { // it met itself
				open++
			}
			unix.Close(fd)
			fd, _ = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		}
		unix.Close(fd)
	}
	say(open, "open ports")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		datagrams(fd)
	}
	for _, a := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
		_, err := net.Dial("udp", a)
		say(err == nil, "a way to "+a)
	}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 {
			say("ok", "an interface that is up: "+i.Name)
		}
	}
	names, _ := os.ReadDir("/sys/class/net")
	say(len(names), "interfaces in /sys")
}

// datagrams sends one to every port, many with each call.
func datagrams(fd int) {
	type header struct {
		unix.Msghdr
		length uint32
		_      uint32
	}
	text := []byte(evil)
	vec := unix.Iovec{Base: &text[0], Len: uint64(len(text))}
	const batch = 512
	to := make([]unix.RawSockaddrInet4, batch)
	all := make([]header, batch)
	sent := 0
	for first := 0; first < 1<<16; first += batch {
		for i := range all {
			port := first + i
			to[i] = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: uint16(port>>8 | port<<8), Addr: [4]byte{127, 0, 0, 1}}
			all[i].Msghdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&to[i])), Namelen: unix.SizeofSockaddrInet4, Iov: &vec, Iovlen: 1}
		}
		n, _, _ := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&all[0])), batch, 0, 0, 0)
		sent += int(n)
	}
	say(sent > 1000, fmt.Sprint("sent datagrams"))
}
