// A program that runs a command in a container: in namespaces of its own, where
// an image's files are all the files that there are, with a network of its own.
//
//	PROGRAM run IMAGE COMMAND [ARGS...]
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
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run decides which of the two this run is. It returns the exit code with
// which the program shall end.
func run() (int, error) {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		return 0, child()
	}
	return parent()
}

// child is the second run, which the parent has started: the container.
func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the hostname: %w", err)
	}
	fmt.Printf("child: hello, my pid is %d, my hostname %s\n", os.Getpid(), hostname)

	if err := syscall.Sethostname([]byte("my-container")); err != nil {
		return fmt.Errorf("set the hostname: %w", err)
	}
	hostname, err = os.Hostname()
	if err != nil {
		return fmt.Errorf("read the new hostname: %w", err)
	}
	fmt.Printf("child: my hostname is now %s\n", hostname)

	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}

	// step 2 begin: wait until the parent has laid the cable: a byte comes on
	// descriptor 3. Close that. Then give this end its address and bring it up.
	ready := os.NewFile(3, "ready")
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("wait for the network: %w", err)
	}
	ready.Close()
	if err := setUp("eth0", "10.0.0.2/24"); err != nil {
		return err
	}
	// step 2 end

	// step 3 begin: bring up lo, and have all that is for elsewhere go to 10.0.0.1.
	if err := setUp("lo", ""); err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{Gw: net.IPv4(10, 0, 0, 1)}); err != nil {
		return fmt.Errorf("add the default route: %w", err)
	}
	// step 3 end

	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")

	// step 5 begin: say in the image's /etc/resolv.conf which server knows names.
	resolv := filepath.Join(rootfs, "etc/resolv.conf")
	if err := os.WriteFile(resolv, []byte("nameserver 1.1.1.1\n"), 0o644); err != nil {
		return fmt.Errorf("name a name server: %w", err)
	}
	// step 5 end

	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("change the root to %s: %w", rootfs, err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("move into the new root: %w", err)
	}

	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}

	command := os.Args[3:]
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	if err := syscall.Exec(path, command, os.Environ()); err != nil {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil // not reached: this process is the command now
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	if len(os.Args) < 4 || os.Args[1] != "run" {
		return 0, fmt.Errorf("usage: %s run IMAGE COMMAND [ARGS...]", os.Args[0])
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		// step 1 begin: in place of the line below: ask for a new network namespace too.
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		// step 1 else
		// Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
		// step 1 end
	}

	// step 4 begin: have the host forward packets, and translate the addresses of
	// those that come from containers. Take back the latter when this function ends.
	if err := translate(); err != nil {
		return 0, fmt.Errorf("translate addresses: %w", err)
	}
	defer translateNoMore()
	// step 4 end

	// step 2 begin: make a pipe, and hand the end for reading on to the child, where
	// it shall be descriptor 3: ExtraFiles.
	wait, ready, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("make a pipe: %w", err)
	}
	cmd.ExtraFiles = []*os.File{wait}
	// step 2 end

	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the child: %w", err)
	}

	// step 2 begin: lay the cable. If that went well write a byte into the pipe. Close
	// the pipe in any case: then the child does not wait in vain.
	wait.Close()
	if err := layCable(cmd.Process.Pid); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	} else if _, err := ready.Write([]byte{1}); err != nil {
		fmt.Fprintln(os.Stderr, "error: let the child go on:", err)
	}
	ready.Close()
	// step 2 end

	// Wait calls every exit code but 0 an error. To this program it is an answer.
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the child: %w", err)
	}

	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	return code, nil
}

// step 2 begin: two functions. One makes a pair of interfaces, one end here and the
// other in the child's network namespace, and sets this end up. The other one, which
// both sides need, gives an interface an address and brings it up.

// layCable joins the network of the process child to the host's.
func layCable(child int) error {
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "my-container"}, PeerName: "eth0", PeerNamespace: netlink.NsPid(child),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("make the pair: %w", err)
	}
	return setUp("my-container", "10.0.0.1/24")
}

// setUp gives an interface an address, unless that is empty, and brings it up.
func setUp(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if address != "" {
		addr, err := netlink.ParseAddr(address)
		if err != nil {
			return fmt.Errorf("read %s: %w", address, err)
		}
		if err := netlink.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("give %s the address %s: %w", name, address, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}

// step 2 end

// step 4 begin: two more functions. One sets ip_forward, and makes a table of the
// packet filter with a rule in it that masquerades what comes from 10.0.0.0/24. The
// other one deletes the table.

// translate has packets from containers leave with the host's own address.
func translate() error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return err
	}
	filter, err := nftables.New()
	if err != nil {
		return err
	}
	table := filter.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "my-container"})
	chain := filter.AddChain(&nftables.Chain{
		Name: "out", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	filter.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		// The sender's address is in the bytes from 12 on. The first three of it are the network's.
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 3},
		&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{10, 0, 0}},
		&expr.Masq{},
	}})
	return filter.Flush()
}

// translateNoMore takes away what translate has made, but for ip_forward, which
// others may need.
func translateNoMore() {
	filter, err := nftables.New()
	if err == nil {
		filter.DelTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "my-container"})
		err = filter.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: translate no more:", err)
	}
}

// step 4 end

// step 6 begin: done with steps 1 to 5? Build, run and test it all:
// make run STEP=07 ARGS='run busybox /bin/sh'
// make check STEP=07
// step 6 end
