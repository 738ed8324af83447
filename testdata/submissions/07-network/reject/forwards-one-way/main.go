package main

import (
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

const (
	hostIf = "veth-host"
	contIf = "veth-cont"
)

func fatal(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS]")
		os.Exit(2)
	}
	switch os.Args[1] {
	case "run":
		if len(os.Args) < 4 {
			fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS]")
			os.Exit(2)
		}
		os.Exit(parent(os.Args[2:]))
	case "init":
		container(os.Args[2], os.Args[3:])
	default:
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS]")
		os.Exit(2)
	}
}

func addrUp(name, cidr string) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if cidr != "" {
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(l, a); err != nil {
			return err
		}
	}
	return netlink.LinkSetUp(l)
}

func container(image string, argv []string) {
	fatal("hostname", syscall.Sethostname([]byte("my-container")))
	fatal("private", syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	pipe := os.NewFile(3, "sync")
	if _, err := pipe.Read(make([]byte, 1)); err != nil {
		fatal("wait", err)
	}
	pipe.Close()
	fatal("eth", addrUp(contIf, "10.0.0.2/24"))
	fatal("lo", addrUp("lo", ""))
	fatal("route", netlink.RouteAdd(&netlink.Route{Gw: net.IPv4(10, 0, 0, 1)}))
	root := filepath.Join("/fs", image, "rootfs")
	fatal("resolv", os.WriteFile(root+"/etc/resolv.conf", []byte("nameserver 1.1.1.1\n"), 0o644))
	fatal("chroot", syscall.Chroot(root))
	fatal("chdir", os.Chdir("/"))
	fatal("proc", syscall.Mount("proc", "/proc", "proc", 0, ""))
	path, err := exec.LookPath(argv[0])
	fatal("look up", err)
	fatal("exec", syscall.Exec(path, argv, os.Environ()))
}

func parent(args []string) int {
	r, w, err := os.Pipe()
	fatal("pipe", err)
	cmd := exec.Command("/proc/self/exe", append([]string{"init"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
	}
	fatal("nat", natOn())
	defer natOff()
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		return 1
	}
	r.Close()
	if err := cable(cmd.Process.Pid); err != nil {
		fmt.Fprintln(os.Stderr, "cable:", err)
		w.Close()
		cmd.Wait()
		return 1
	}
	w.Write([]byte{'g'})
	w.Close()
	cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func cable(pid int) error {
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: hostIf}, PeerName: contIf}
	if err := netlink.LinkAdd(v); err != nil {
		return err
	}
	peer, err := netlink.LinkByName(contIf)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetNsPid(peer, pid); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+hostIf+"/forwarding", []byte("1\n"), 0o644); err != nil {
		return err
	}
	return addrUp(hostIf, "10.0.0.1/24")
}

func natOn() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	t := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "ctr"})
	ch := c.AddChain(&nftables.Chain{
		Name: "post", Table: t, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: []byte{255, 255, 255, 0}, Xor: []byte{0, 0, 0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{10, 0, 0, 0}},
		&expr.Masq{},
	}})
	return c.Flush()
}

func natOff() {
	c, err := nftables.New()
	if err != nil {
		return
	}
	c.DelTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "ctr"})
	c.Flush()
}
