package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
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
	other := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "admin1"}, PeerName: "admin0", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(other); err != nil {
		return fmt.Errorf("make pair: %w", err)
	}
	if err := address("admin1", "172.16.0.1/30"); err != nil {
		return err
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "host1"}, PeerName: "cont1", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("make pair: %w", err)
	}
	if err := address("host1", "10.0.0.1/24"); err != nil {
		return err
	}
	return translate()
}

func disconnect() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	c.DelTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "box"})
	return c.Flush()
}

func translate() error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644); err != nil {
		return err
	}
	c, err := nftables.New()
	if err != nil {
		return err
	}
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "box"})
	chain := c.AddChain(&nftables.Chain{
		Name: "post", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 3},
		&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{10, 0, 0}},
		&expr.Masq{},
	}})
	return c.Flush()
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
	if err := errors.Join(address("admin0", "172.16.0.2/30"), address("cont1", "10.0.0.2/24")); err != nil {
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
