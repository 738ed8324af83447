package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// The network is there before the child is: a thread of the parent makes the
// namespace, sets everything up, and starts the child, which inherits it.
func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	if os.Args[1] == "init" {
		code, err := initProcess(filepath.Join("/fs", os.Args[2], "rootfs"), os.Args[3:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "init:", err)
			os.Exit(1)
		}
		os.Exit(code)
	}
	host, err := netns.Get()
	check(err)
	handle, err := netlink.NewHandleAt(host) // stays in the host's namespace
	check(err)
	check(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0))
	filter(true)
	code, err := container(handle, host)
	filter(false)
	check(err)
	os.Exit(code)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func filter(on bool) {
	c, err := nftables.New()
	check(err)
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "early"}
	if on {
		chain := &nftables.Chain{
			Name: "post", Table: c.AddTable(table), Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
		}
		c.AddRule(&nftables.Rule{Table: table, Chain: c.AddChain(chain), Exprs: []expr.Any{
			&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
			&expr.Cmp{Register: 1, Op: expr.CmpOpNeq, Data: []byte("out\x00")},
			&expr.Masq{},
		}})
	} else {
		c.DelTable(table)
	}
	check(c.Flush())
}

func container(handle *netlink.Handle, host netns.NsHandle) (int, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"init"}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with this function
		done <- startIn(cmd, handle, host)
	}()
	if err := <-done; err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func startIn(cmd *exec.Cmd, handle *netlink.Handle, host netns.NsHandle) error {
	if _, err := netns.New(); err != nil {
		return err
	}
	// Made in here, and the other end sent out.
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "in"}, PeerName: "out", PeerNamespace: netlink.NsFd(host)}
	if err := netlink.LinkAdd(pair); err != nil {
		return err
	}
	out, err := handle.LinkByName("out")
	if err != nil {
		return err
	}
	one, _ := netlink.ParseAddr("10.0.0.1/24")
	two, _ := netlink.ParseAddr("10.0.0.2/24")
	if err := errors.Join(handle.AddrAdd(out, one), handle.LinkSetUp(out)); err != nil {
		return err
	}
	in, err := netlink.LinkByName("in")
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := errors.Join(netlink.AddrAdd(in, two), netlink.LinkSetUp(in), netlink.LinkSetUp(lo)); err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: in.Attrs().Index, Gw: net.IPv4(10, 0, 0, 1)}); err != nil {
		return err
	}
	return cmd.Start()
}

// initProcess stays pid 1, and starts the command.
func initProcess(rootfs string, command []string) (int, error) {
	if err := errors.Join(
		syscall.Sethostname([]byte("early")),
		os.WriteFile(filepath.Join(rootfs, "etc/resolv.conf"), []byte("search example.test\nnameserver 1.1.1.1\n"), 0o644),
		syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""),
		syscall.Mount(rootfs, rootfs, "", syscall.MS_BIND|syscall.MS_REC, ""),
		os.Mkdir(filepath.Join(rootfs, "old"), 0o700),
		syscall.PivotRoot(rootfs, filepath.Join(rootfs, "old")),
		os.Chdir("/"),
		syscall.Mount("proc", "/proc", "proc", 0, ""),
		syscall.Unmount("/old", syscall.MNT_DETACH),
		os.Remove("/old"),
	); err != nil {
		return 0, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
