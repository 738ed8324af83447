package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// network are attacks by way of sockets.
func network() map[string]func([]string) {
	return map[string]func([]string){
		"sockets": sockets,
		"connect": connect,
		"shm":     shm,
	}
}

func sockets([]string) {
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
	}{
		{"unix", unix.AF_UNIX, unix.SOCK_STREAM, 0}, {"inet", unix.AF_INET, unix.SOCK_STREAM, 0}, {"inet6", unix.AF_INET6, unix.SOCK_DGRAM, 0},
		{"route", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
		{"netfilter", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, {"xfrm", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_XFRM},
		{"vsock", unix.AF_VSOCK, unix.SOCK_STREAM, 0}, {"alg", unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		{"packet", unix.AF_PACKET, unix.SOCK_RAW, 0}, {"xdp", unix.AF_XDP, unix.SOCK_RAW, 0}, {"can", unix.AF_CAN, unix.SOCK_RAW, 1},
		{"bluetooth", unix.AF_BLUETOOTH, unix.SOCK_RAW, 0}, {"rds", unix.AF_RDS, unix.SOCK_SEQPACKET, 0}, {"tipc", unix.AF_TIPC, unix.SOCK_STREAM, 0},
		{"key", unix.AF_KEY, unix.SOCK_RAW, 2}, {"smc", unix.AF_SMC, unix.SOCK_STREAM, 0}, {"qipcrtr", unix.AF_QIPCRTR, unix.SOCK_DGRAM, 0},
		{"kcm", unix.AF_KCM, unix.SOCK_DGRAM, 0}, {"x25", unix.AF_X25, unix.SOCK_SEQPACKET, 0},
	} {
		fd, err := unix.Socket(s.family, s.kind, s.protocol)
		tried(s.name, err)
		if err == nil {
			unix.Close(fd)
		}
		pair, err := unix.Socketpair(s.family, s.kind, s.protocol)
		tried(s.name+" pair", err)
		if err == nil {
			unix.Close(pair[0])
			unix.Close(pair[1])
		}
	}
}

// connect connects to network addresses: "tcp 127.0.0.1:1", "unix @name" and so on.
func connect(args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the control: loopback works
	must(err)
	own, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
	must(err)
	own.Close()
	for i := 0; i+1 < len(args); i += 2 {
		c, err := net.DialTimeout(args[i], args[i+1], time.Second)
		tried(args[i]+" "+args[i+1], err)
		if err == nil {
			c.Close()
		}
	}
	interfaces, err := net.Interfaces()
	must(err)
	for _, i := range interfaces {
		say(fmt.Sprint("up ", i.Flags&net.FlagUp != 0), "interface "+i.Name)
	}
}

// shm looks for a file of the machine's /dev/shm and a SysV segment, and makes its own.
func shm(args []string) {
	open("open /dev/shm/"+args[0], "/dev/shm/"+args[0], unix.O_RDONLY)
	names, err := os.ReadDir("/dev/shm")
	must(err)
	say(len(names), "names in /dev/shm")
	tried("create", os.WriteFile("/dev/shm/"+args[0], []byte("evil"), 0o666))
	key := 0
	fmt.Sscan(args[1], &key)
	_, err = unix.SysvShmGet(key, 0, 0)
	tried("shmget", err)
	_, err = unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o600)
	tried("shmget own", err)
}
