// Package internet gives a sandbox's host something to reach: a network of one
// more machine, in a network namespace of the checker's.
//
// # Promise
//
// The host has an interface eth0 (HostAddress), a default route, rules in its packet
// filter (Table), and a /etc/resolv.conf (Resolv) that names a server. At Server and Other are servers
// that answer ping, HTTP on port 80 and, for a few names, DNS; all that arrives
// there is noted, with the address that it came from. No packet leaves: the two
// namespaces are joined to each other and to nothing else, and nothing is made in
// the machine's own, ever.
//
// All of it goes with Close, and when the checker is killed: namespaces end with
// their last process, file or socket, and the interfaces with them.
//
// What arrives may be anything. Sizes, numbers and times are bounded.
//
// # Theory of operation
//
// A thread of the checker makes the namespace, joins it to the host's by a veth
// pair, opens sockets in both of their places, and ends. The sockets stay where
// they were opened, and hold the namespace; the servers that use them run on
// ordinary threads. What arrives is read by a packet socket, packet(7), before
// the kernel or a server looks at it: addresses and TTL are those on the wire.
//
// There is a route back to the addresses of containers behind the host, which no
// provider would have. So who forgets NAT gets his answers, at once, and is told by
// the address that arrived; nobody has to wait for what does not come. Where a
// person tries things (Options.Plain) there is no such route.
package internet

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/network"
	"pidone/checker/pace"
	"pidone/checker/sandbox"
)

// Addresses, of ranges for documentation where they are nobody's in particular.
const (
	HostAddress = "192.0.2.2"
	Gateway     = "192.0.2.1"
	Server      = "1.1.1.1"
	Other       = "8.8.8.8"
	// Containers is where a container's address is, which nobody outside the
	// host should ever see.
	Containers = "10.0.0.0/24"
)

// Interface is the name of the host's interface.
const Interface = "eth0"

// Table is a table of the host's packet filter, with a rule that does nothing. There
// is one in each of the tables of iptables(8) too, for what comes from Nobody. On most
// machines somebody has rules: who clears the whole filter, or those tables, clears theirs.
const (
	Table  = "machine"
	Nobody = "192.0.2.254"
)

// Resolv is what /etc/resolv.conf of the host holds. By its first line it is told from
// what the page has people write.
const Resolv = "# the host's own\nnameserver " + Server + "\n"

// Options say how it is made.
type Options struct {
	// Plain leaves out the route back to Containers.
	Plain bool
}

// An Internet is one, of one sandbox.
type Internet struct {
	opts Options
	undo []func()
	tap  *tap
	late time.Duration
}

// ResolvFile is where a machine says which name server it asks.
const ResolvFile = "/etc/resolv.conf"

// New returns one that is made when the sandbox starts to which it is given.
func New(opts Options) *Internet { return &Internet{opts: opts} }

// Provide has the sandbox of cmd get it when it starts, and gives its host what a
// machine has on which networks are made: a file ResolvFile and a folder /run
// that can be written to, and the packet filter, for which netfilter is the
// action of the system call filter. Close the Internet when the sandbox has ended.
func (n *Internet) Provide(cmd *sandbox.Command, netfilter uint32) {
	cmd.Connect = n.connect
	cmd.Netfilter = netfilter
	cmd.Files = append(cmd.Files, sandbox.File{Path: ResolvFile, Data: []byte(Resolv), Mode: 0o644})
	cmd.Loose = append(cmd.Loose, ResolvFile)
	// The second is a mount on every machine on which ip-netns(8) was used.
	cmd.Empty = append(cmd.Empty, "/run", "/run/netns")
}

// Look is network.Look, for who has an Internet.
func (n *Internet) Look(ns, host int, tables bool) (*evidence.Network, error) {
	return network.Look(ns, host, tables)
}

// Seen returns what it is, and what has arrived: all of it when Close has returned.
func (n *Internet) Seen() evidence.Internet {
	in := evidence.Internet{HostAddress: HostAddress, Server: Server, Resolv: Resolv, Late: n.late.Microseconds()}
	in.Arrived, in.Cut = n.tap.arrived()
	return in
}

// connect joins the network namespace of the process pid, which is the
// sandbox's init, to it.
func (n *Internet) connect(pid int) error {
	host, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make an internet: open the host's network namespace: %w", err)
	}
	defer unix.Close(host)
	err = network.WithinNew(func() error { return n.build(host) })
	if err == nil {
		err = network.Within(host, finishHost)
	}
	if err != nil {
		n.Close()
		return fmt.Errorf("make an internet: %w", err)
	}
	return nil
}

// Close ends it. It returns when nobody is served any more; what the kernel has
// still to take down it does by itself.
func (n *Internet) Close() {
	for len(n.undo) > 0 {
		last := len(n.undo) - 1
		n.undo[last]()
		n.undo = n.undo[:last]
	}
}

// near and far are the names of the pair's ends.
const near, far = Interface, "host0"

// build makes the far side, in the namespace of this thread.
func (n *Internet) build(host int) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	// What a connection leaves that nobody at its other end ends must not hold
	// the namespace for minutes: tcp(7).
	for name, value := range map[string]string{"ipv4/tcp_orphan_retries": "1", "ipv4/tcp_fin_timeout": "1", "ipv4/ip_forward": "0", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0"} {
		if err := setting(name, value); err != nil {
			return err
		}
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = far
	if err := h.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: near, PeerNamespace: netlink.NsFd(host)}); err != nil {
		return fmt.Errorf("make a veth pair: %w", err)
	}
	link, err := bringUp(h, far, Gateway+"/24")
	if err != nil {
		return err
	}
	if _, err := bringUp(h, "lo", Server+"/32", Other+"/32"); err != nil {
		return err
	}
	if !n.opts.Plain {
		if err := route(h, link, Containers, HostAddress); err != nil {
			return err
		}
	}
	if n.tap, err = listen(link); err != nil {
		return err
	}
	n.undo = append(n.undo, n.tap.stop)
	watch := pace.Start()
	n.undo = append(n.undo, func() { n.late = max(0, watch.Late()) })
	return n.serve()
}

// finishHost does what the host's side needs, in its namespace.
func finishHost() error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	// New namespaces have it as the machine has.
	if err := setting("ipv4/ip_forward", "0"); err != nil {
		return err
	}
	link, err := bringUp(h, near, HostAddress+"/24")
	if err != nil {
		return err
	}
	if err := route(h, link, "0.0.0.0/0", Gateway); err != nil {
		return err
	}
	return network.AddRules(Table, net.ParseIP(Nobody))
}

// setting writes one below /proc/sys/net, of this thread's namespace.
func setting(name, value string) error {
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

func bringUp(h *netlink.Handle, name string, addresses ...string) (index int, err error) {
	link, err := h.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", name, err)
	}
	for _, text := range addresses {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			return 0, err
		}
		if err := h.AddrAdd(link, a); err != nil {
			return 0, fmt.Errorf("give %s the address %s: %w", name, text, err)
		}
	}
	if err := h.LinkSetUp(link); err != nil {
		return 0, fmt.Errorf("bring up %s: %w", name, err)
	}
	return link.Attrs().Index, nil
}

func route(h *netlink.Handle, link int, to, via string) error {
	dst, err := netlink.ParseIPNet(to)
	if err != nil {
		return err
	}
	gw, err := netlink.ParseAddr(via + "/32")
	if err != nil {
		return err
	}
	if err := h.RouteAdd(&netlink.Route{LinkIndex: link, Dst: dst, Gw: gw.IP}); err != nil {
		return fmt.Errorf("add route to %s: %w", to, err)
	}
	return nil
}
