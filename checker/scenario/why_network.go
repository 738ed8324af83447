package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// inHostNetwork says why the command has the host's network.
func (f *facts) inHostNetwork() because {
	b := f.notIn([]string{"net"})
	p := f.ran().by
	for _, e := range slices.Backward(f.calls(p.ID, "setns")) {
		if e.Errno == "" && e.After != nil && e.After.Namespaces["net"] == f.run.Host.Namespaces["net"] {
			b = because{cause: "host-network-entered", at: e.At, why: "setns took it there", try: "leave the process in the network namespace that it was made in"}
			break
		}
	}
	b.saw = "the command in the host's network namespace"
	return b
}

// late is for what was there at the end, and not when the command began.
func late(saw string) because {
	return because{
		cause: "network-late",
		saw:   saw,
		why:   "the network was made when the command ran already",
		try:   "have the child wait until its network is there, and execute the command then",
	}
}

// lastNetwork is what the command's network namespace held when it ended.
func (f *facts) lastNetwork() *evidence.Network {
	if last := f.ran().by.Networks; last != nil && last.Own != nil {
		return last.Own
	}
	return &evidence.Network{}
}

func linkWords(l *evidence.Link) string {
	kind := l.Kind
	if kind == "" {
		kind = "interface"
	}
	return fmt.Sprintf("the %s %s", kind, word(l.Name))
}

// addressWords says which addresses an interface has.
func addressWords(l *evidence.Link) string {
	if len(l.Addresses) == 0 {
		return "no address"
	}
	return few(l.Addresses, plain)
}

// noAddress says why the container has no interface with that address that
// leads to the host; with "": why it has none that leads there.
func (f *facts) noAddress(n *evidence.Networks, address string) because {
	own, _ := paired(n, address)
	links := outward(n.Own)
	if own != nil {
		return f.wrongAddress(n, own, address)
	}
	if len(links) == 0 {
		return f.noLink(n)
	}
	l := &links[0]
	b := because{cause: "link-not-veth", saw: fmt.Sprintf("%s in the container", linkWords(l)), try: "make a pair of type veth: what goes in at one end comes out at the other"}
	if i := slices.IndexFunc(links, func(l evidence.Link) bool { return l.Kind == "veth" }); i >= 0 {
		l = &links[i]
		if last := linkAt(f.lastNetwork(), l.Index); last != nil && last.PeerIn == evidence.PeerHost {
			return late(fmt.Sprintf("%s in the container, which led to the host when the command ended, not yet when it was executed", linkWords(l)))
		}
		b.cause, b.try = "link-elsewhere", "one end belongs into the container's network namespace, the other stays on the host"
		b.saw = fmt.Sprintf("%s in the container, its other end in yet another namespace", linkWords(l))
		if l.PeerIn == evidence.PeerHere {
			b.saw = "both ends of the pair in the container"
		}
	}
	return b
}

// noLink says why there is no interface in the container but for lo.
func (f *facts) noLink(n *evidence.Networks) because {
	b := because{
		cause: "link-missing",
		saw:   "no interface in the container but lo",
		try:   "make a veth pair, and put one end into the container's network namespace",
	}
	if links := outward(f.lastNetwork()); len(links) > 0 {
		return late(fmt.Sprintf("no interface in the container when the command was executed, and %s when it ended", linkWords(&links[0])))
	}
	for i := range n.Host.Links {
		l := &n.Host.Links[i]
		if l.Kind != "veth" || linkAt(&f.run.Host.Internet.Before, l.Index) != nil {
			continue
		}
		if peer := linkAt(n.Host, l.Peer); l.PeerIn == evidence.PeerHere && peer != nil {
			b.cause = "link-on-host"
			b.why = fmt.Sprintf("both ends of the pair, %s and %s, are on the host", word(peer.Name), word(l.Name))
			b.try = "move one end into the container's network namespace, before the command is executed"
			return f.refusedTool(b, moving(l.Name, peer.Name))
		}
		b.cause = "link-elsewhere"
		b.why = fmt.Sprintf("the other end of %s is in a namespace that is not the command's", word(l.Name))
		b.try = "find out in which network namespace the command lives: that of the process which executes it"
		return b
	}
	for i := range n.Host.Links {
		if l := &n.Host.Links[i]; linkAt(&f.run.Host.Internet.Before, l.Index) == nil {
			b.why = fmt.Sprintf("all that was made is %s on the host", linkWords(l))
		}
	}
	b = f.refusedTool(b, setting("veth"))
	if c := f.command; b.why == "" && c != nil && f.failed(f.first) && f.first.Exit.Seq < c.exec.Seq {
		b.why = f.firstWords() + ", before the command was executed"
		b.try = "find out why it ended: the pair is its to make"
	}
	return b
}

// neighbours says what other bits than the asked ones lead to.
func neighbours(bits string) string {
	if bits == "32" {
		return "with /32 it has no neighbours, and the kernel no route to them"
	}
	return fmt.Sprintf("with /%s the kernel takes other neighbours for its own", bits)
}

// holder returns the interface that has an address, or nil.
func holder(n *evidence.Network, address string) *evidence.Link {
	if i := slices.IndexFunc(n.Links, func(l evidence.Link) bool { return slices.Contains(l.Addresses, address) }); i >= 0 {
		return &n.Links[i]
	}
	return nil
}

// wrongAddress says what is wrong with the container's end.
func (f *facts) wrongAddress(n *evidence.Networks, own *evidence.Link, address string) because {
	wanted, _, _ := strings.Cut(address, "/")
	b := because{
		cause: "address-missing",
		saw:   fmt.Sprintf("%s on %s in the container", addressWords(own), word(own.Name)),
		try:   fmt.Sprintf("give it the address %s, in the container's network namespace", address),
	}
	for _, a := range own.Addresses {
		switch ip, bits, _ := strings.Cut(a, "/"); {
		case a == address: // it is not up
			b.cause = "link-down"
			b.saw = fmt.Sprintf("%s in the container is down", word(own.Name))
			b.try = "bring it up, when it is where it belongs: moving an interface brings it down"
		case ip == wanted:
			b.cause = "address-bits"
			b.why = neighbours(bits)
			b.try = "write the address with its bits: " + address
		case a == "10.0.0.1/24":
			b.cause = "address-swapped"
			b.try = "10.0.0.1 is the host's end, 10.0.0.2 the container's"
		default:
			continue
		}
		break
	}
	if l := holder(n.Own, address); l != nil && l.Index != own.Index {
		b.why = fmt.Sprintf("it is on %s, which is no end of the pair", linkWords(l))
		b.try = fmt.Sprintf("give the address to %s itself", word(own.Name))
		return b
	}
	if b.cause != "address-swapped" && b.cause != "link-down" {
		if holder(f.lastNetwork(), address) != nil {
			return late(fmt.Sprintf("no %s when the command was executed, and when it ended it was there", address))
		}
	}
	if b.cause == "address-missing" {
		return f.refusedTool(b, setting(address))
	}
	return b
}

// noHostAddress says what is wrong with the host's end; at is that or its bridge.
func (f *facts) noHostAddress(n *evidence.Networks, end, at *evidence.Link, address string) because {
	wanted, _, _ := strings.Cut(address, "/")
	b := because{
		cause: "host-address-missing",
		saw:   fmt.Sprintf("%s on %s on the host", addressWords(at), word(at.Name)),
		try:   fmt.Sprintf("give the host's end the address %s", address),
	}
	if at != end {
		b.try = fmt.Sprintf("give the bridge the address %s", address)
	}
	for _, a := range at.Addresses {
		switch ip, bits, _ := strings.Cut(a, "/"); {
		case a == address:
			down := at
			if at.Up {
				down = end
			}
			b.cause = "link-down"
			b.saw = fmt.Sprintf("%s on the host is down", word(down.Name))
			b.try = "bring it up, on the host too"
			return b
		case ip == wanted:
			b.cause = "address-bits"
			b.why = neighbours(bits)
			b.try = "write the address with its bits: " + address
			return b
		case a == "10.0.0.2/24":
			b.cause = "address-swapped"
			b.try = "10.0.0.1 is the host's end, 10.0.0.2 the container's"
			return b
		}
	}
	for i := range n.Host.Links {
		l := &n.Host.Links[i]
		if slices.Contains(l.Addresses, address) {
			b.why = fmt.Sprintf("it is on %s, which the pair does not lead to", word(l.Name))
			if l.Index == end.Index {
				b.why = fmt.Sprintf("it is on %s, a port of the bridge: what comes in there is taken for the bridge's", word(l.Name))
			}
			return b
		}
	}
	if l := holder(n.Own, address); l != nil {
		b.cause = "address-swapped"
		b.why = fmt.Sprintf("it is on %s, in the container", word(l.Name))
		b.try = "10.0.0.1 is the host's end, 10.0.0.2 the container's"
		return b
	}
	if f.lateOnHost(at, address) {
		return late(fmt.Sprintf("no %s on the host when the command was executed, and when it ended it was there", address))
	}
	return f.refusedTool(b, setting(address))
}

// lateOnHost tells whether an interface of the host had an address when the command ended.
func (f *facts) lateOnHost(at *evidence.Link, address string) bool {
	last := f.ran().by.Networks
	if last == nil || last.Host == nil {
		return false
	}
	l := linkAt(last.Host, at.Index)
	return l != nil && slices.Contains(l.Addresses, address)
}

// noRoute says why the container has not that default route.
func (f *facts) noRoute(n *evidence.Networks, via string) because {
	b := because{
		cause: "route-missing",
		saw:   "no default route in the container",
		try:   "add one by way of " + via + ", in the container's network namespace, when the interface is up",
	}
	for _, r := range defaults(n.Own) {
		b.cause = "route-other"
		b.saw = "a " + routeWords(r)
		if l := linkAt(n.Own, r.Link); r.Via != "" {
			b.saw += " by way of " + r.Via
		} else if l != nil && r.Kind == "" {
			b.saw += fmt.Sprintf(" out of %s, to no router", word(l.Name))
		}
		b.try = "have it lead to the host's end of the pair: " + via
		if i := slices.IndexFunc(n.Own.Routes, func(r evidence.Route) bool { return r.To == "default" && r.Via == via }); i >= 0 {
			b.why = fmt.Sprintf("there is one by way of %s, too, with metric %d: the kernel takes the lowest, and here that is %d", via, n.Own.Routes[i].Metric, r.Metric)
			b.try = "leave the other one out"
		}
		return b
	}
	if slices.ContainsFunc(f.lastNetwork().Routes, func(r evidence.Route) bool { return r.To == "default" }) {
		return late("no default route when the command was executed, and when it ended there was one")
	}
	if r := f.newRoute(n); r != nil {
		b.why = fmt.Sprintf("a default route by way of %s was added on the host", via)
		b.cause = "route-on-host"
		return b
	}
	return f.refusedTool(b, setting("default", "0.0.0.0/0", "route"))
}

// newRoute returns a default route that the host had not before, or nil.
func (f *facts) newRoute(n *evidence.Networks) *evidence.Route {
	for i, r := range n.Host.Routes {
		if r.To == "default" && !slices.Contains(f.run.Host.Internet.Before.Routes, r) {
			return &n.Host.Routes[i]
		}
	}
	return nil
}
