package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/vishvananda/netlink"
)

func main() {
	args := os.Args[1:]
	if len(args) < 3 || args[0] != "run" && args[0] != "child" {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	if args[0] == "child" {
		fmt.Fprintln(os.Stderr, "child:", child(filepath.Join("/fs", args[1], "rootfs"), args[2:]))
		os.Exit(1)
	}
	code, err := parent(args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func parent(args []string) (int, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r.Close()
	if err := connect(cmd.Process.Pid); err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
	} else {
		w.Write([]byte("go"))
	}
	w.Close()
	err = cmd.Wait()
	if gone := disconnect(); gone != nil {
		return 0, gone
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func connect(pid int) error {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "host1"}, PeerName: "cont1", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("make pair: %w", err)
	}
	if err := address("host1", "10.0.0.1/24"); err != nil {
		return err
	}
	return translate()
}

const ignore = "/proc/sys/net/ipv4/icmp_echo_ignore_all"

var container, host = [4]byte{10, 0, 0, 2}, [4]byte{192, 0, 2, 2}

func disconnect() error { return os.WriteFile(ignore, []byte("0"), 0o644) }

// translate has all that comes from the container end on the host, and passes it and
// its answers on by itself.
func translate() error {
	const table = 77
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	_, all, _ := net.ParseCIDR("0.0.0.0/0")
	from := netlink.NewRule()
	from.IifName, from.Table = "host1", table
	// The kernel's own answers to connections that it does not know. What is sent by
	// a raw socket is of no such protocol when its way is looked up.
	resets := netlink.NewRule()
	resets.Src, resets.IPProto, resets.Type = &net.IPNet{IP: host[:], Mask: net.CIDRMask(32, 32)}, syscall.IPPROTO_TCP, syscall.RTN_BLACKHOLE
	err = errors.Join(
		netlink.RouteAdd(&netlink.Route{Table: table, Type: syscall.RTN_LOCAL, Scope: netlink.SCOPE_HOST, LinkIndex: lo.Attrs().Index, Dst: all}),
		netlink.RuleAdd(from), netlink.RuleAdd(resets), os.WriteFile(ignore, []byte("1"), 0o644))
	if err != nil {
		return err
	}
	out, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.IPPROTO_RAW)
	if err != nil {
		return err
	}
	for _, protocol := range []int{syscall.IPPROTO_ICMP, syscall.IPPROTO_TCP} {
		in, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, protocol)
		if err != nil {
			return err
		}
		go pump(in, out)
	}
	return nil
}

func pump(in, out int) {
	for buf := make([]byte, 1<<16); ; {
		n, _, err := syscall.Recvfrom(in, buf, 0)
		if err != nil || n < 20 {
			return
		}
		p := buf[:n]
		switch {
		case [4]byte(p[12:]) == container:
			copy(p[12:], host[:])
		case [4]byte(p[16:]) == host:
			copy(p[16:], container[:])
		default:
			continue
		}
		p[8]-- // its time to live; the kernel computes the header's checksum
		if p[9] == syscall.IPPROTO_TCP && n >= 40 {
			p[36], p[37] = 0, 0
			sum := uint32(syscall.IPPROTO_TCP + n - 20)
			for i, b := range p[12:] {
				sum += uint32(b) << (8 * ((i + 1) % 2))
			}
			sum = sum>>16 + sum&0xffff
			sum = ^(sum>>16 + sum)
			p[36], p[37] = byte(sum>>8), byte(sum)
		}
		_ = syscall.Sendto(out, p, 0, &syscall.SockaddrInet4{Addr: [4]byte(p[16:])})
	}
}

func address(name, cidr string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("address of %s: %w", name, err)
	}
	return netlink.LinkSetUp(link)
}

func child(rootfs string, command []string) error {
	ready := os.NewFile(3, "ready")
	if n, err := ready.Read(make([]byte, 8)); n == 0 {
		return fmt.Errorf("no network: %w", err)
	}
	ready.Close()
	if err := address("cont1", "10.0.0.2/24"); err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{Gw: net.IPv4(10, 0, 0, 1)}); err != nil {
		return fmt.Errorf("route: %w", err)
	}
	if err := os.WriteFile(filepath.Join(rootfs, "etc/resolv.conf"), []byte("nameserver 1.1.1.1\n"), 0o644); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte("box")); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return err
	}
	if err := syscall.Chroot(rootfs); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, os.Environ())
}
