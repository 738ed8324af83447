package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// networkChecks are the sentences about the network that a container has. They
// speak of what the kernel held when the command had just been executed, and of
// what arrived on the internet of the sandbox's host, see package internet.
func networkChecks() []sentence {
	return []sentence{
		{
			head: "command has address", usage: "ADDRESS/BITS", check: true,
			about: "In the command's network namespace, which is not the host's, that is the address of one end of a veth pair, which is up; the other end is on the host.",
			parse: func(args []string) (action, error) {
				return prefixArg(args, func(s *scene, p string) (*failure, error) { return commandAddress(s, p) })
			},
		},
		{
			head: "host has address", usage: "ADDRESS/BITS", check: true,
			about: "That is the address of the other end on the host, or of the bridge that it is a port of; both are up.",
			parse: func(args []string) (action, error) {
				return prefixArg(args, func(s *scene, p string) (*failure, error) { return hostAddress(s, p) })
			},
		},
		{
			head: "command has lo up", check: true,
			about: "In the command's network namespace, which is not the host's, the loopback interface is up.",
			parse: func(args []string) (action, error) { return noArgs(args, commandLo) },
		},
		{
			head: "command has default route", usage: "ADDRESS", check: true,
			about: "In the command's network namespace, which is not the host's, the default route leads to that address.",
			parse: func(args []string) (action, error) {
				if len(args) != 1 {
					return nil, fmt.Errorf("want one address")
				}
				if _, err := netip.ParseAddr(args[0]); err != nil {
					return nil, fmt.Errorf("%s is no address", args[0])
				}
				return func(s *scene) (*failure, error) { return commandRoute(s, args[0]) }, nil
			},
		},
		{
			head: "command reaches internet", usage: "ping|fetch|resolve", check: true,
			about: "What the command, which is the payload, sent by that instruction arrived on the internet with the host's address, and was forwarded on its way; and the command got the answer. A random word in the packets and their time to live, which the payload chooses, tell whose they are, and the host's kernel has counted what it forwarded. To resolve, a name server on the host may have passed the question on.",
			parse: func(args []string) (action, error) {
				if err := wordArgs(args, "ping", "fetch", "resolve"); err != nil {
					return nil, err
				}
				if len(args) > 1 {
					return nil, fmt.Errorf("%s is too much", args[1])
				}
				return func(s *scene) (*failure, error) { return commandReachesInternet(s, args[0]) }, nil
			},
		},
		{
			head: "host resolv.conf unchanged", check: true,
			about: "The host's /etc/resolv.conf held what it had held at the start, when the command was executed and when all was over.",
			parse: func(args []string) (action, error) { return noArgs(args, hostResolv) },
		},
		{
			head: "host network unchanged", check: true,
			about: "When all was over the host's interfaces, addresses, routes (of every table, and of IPv6), policies for routes and packet filter rules were those of the start. The host has rules in its packet filter at the start, also in the tables of iptables, which do nothing. An interface of which the other end was in a namespace without a process goes with that; tables and chains without a rule do not count, nor does ip_forward.",
			parse: func(args []string) (action, error) { return noArgs(args, hostNetwork) },
		},
	}
}

func prefixArg(args []string, check func(*scene, string) (*failure, error)) (action, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want one address with its bits")
	}
	if _, err := netip.ParsePrefix(args[0]); err != nil {
		return nil, fmt.Errorf("%s is no address with its bits", args[0])
	}
	return func(s *scene) (*failure, error) { return check(s, args[0]) }, nil
}

// networks returns what the command had when it was executed. The failure says
// why there is nothing to look at: it did not run, or has the host's network.
func (f *facts) networks() (*evidence.Networks, *because, error) {
	if f.ran() == nil {
		b := f.noCommand()
		return nil, &b, nil
	}
	if err := f.knows(f.ran().by, "net"); err != nil {
		return nil, nil, err
	}
	if !f.isNew(f.ran().by, "net") {
		b := f.inHostNetwork()
		return nil, &b, nil
	}
	n := f.ran().exec.Networks
	if n == nil || n.Own == nil || n.Host == nil || f.run.Host.Internet == nil {
		return nil, nil, fmt.Errorf("judge evidence: the command's network was not recorded")
	}
	return n, nil, nil
}

// outward returns the interfaces of a container but for its loopback.
func outward(n *evidence.Network) []evidence.Link {
	return slices.DeleteFunc(slices.Clone(n.Links), func(l evidence.Link) bool { return l.Kind == "" || l.Name == "lo" })
}

// linkAt returns the interface of an index, or nil.
func linkAt(n *evidence.Network, index int) *evidence.Link {
	if i := slices.IndexFunc(n.Links, func(l evidence.Link) bool { return l.Index == index && index != 0 }); i >= 0 {
		return &n.Links[i]
	}
	return nil
}

// paired returns the command's end of a veth pair of which the other end is on
// the host, and that; nil if there is none. Of several it is the one with the
// address, or else one with an address of its network.
func paired(n *evidence.Networks, address string) (own, host *evidence.Link) {
	best := 0
	for i := range n.Own.Links {
		l := &n.Own.Links[i]
		if l.Kind != "veth" || l.PeerIn != evidence.PeerHost || linkAt(n.Host, l.Peer) == nil {
			continue
		}
		fits := 0
		if slices.ContainsFunc(l.Addresses, func(a string) bool { return within(a, address) }) {
			fits = 1
		}
		if slices.Contains(l.Addresses, address) {
			fits = 2
		}
		if own == nil || fits > best {
			own, host, best = l, linkAt(n.Host, l.Peer), fits
		}
	}
	return own, host
}

// within tells whether an address with its bits is of the network of another.
func within(a, network string) bool {
	p, err := netip.ParsePrefix(network)
	ip, bad := netip.ParsePrefix(a)
	return err == nil && bad == nil && p.Contains(ip.Addr())
}

func commandAddress(s *scene, address string) (*failure, error) {
	f := s.facts
	want := fmt.Sprintf("%s on an interface of the container that leads to the host", address)
	n, b, err := f.networks()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return &failure{want, *b}, nil
	}
	own, _ := paired(n, address)
	if own != nil && own.Up && slices.Contains(own.Addresses, address) {
		return nil, nil
	}
	return &failure{want, f.noAddress(n, address)}, nil
}

func hostAddress(s *scene, address string) (*failure, error) {
	f := s.facts
	want := fmt.Sprintf("%s on the host's end of the pair", address)
	n, b, err := f.networks()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return &failure{want, *b}, nil
	}
	_, end := paired(n, address)
	if end == nil {
		return &failure{want, f.noAddress(n, "")}, nil
	}
	at := end
	if bridge := linkAt(n.Host, end.Master); bridge != nil {
		at = bridge
	}
	if end.Up && at.Up && slices.Contains(at.Addresses, address) {
		return nil, nil
	}
	return &failure{want, f.noHostAddress(n, end, at, address)}, nil
}

func commandLo(s *scene) (*failure, error) {
	f := s.facts
	const want = "the container's loopback interface up"
	n, b, err := f.networks()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return &failure{want, *b}, nil
	}
	if slices.ContainsFunc(n.Own.Links, func(l evidence.Link) bool { return l.Name == "lo" && l.Up }) {
		return nil, nil
	}
	if last := f.ran().by.Networks; last != nil && last.Own != nil && slices.ContainsFunc(last.Own.Links, func(l evidence.Link) bool { return l.Name == "lo" && l.Up }) {
		return &failure{want, late("lo was down when the command was executed, and up when it ended")}, nil
	}
	return &failure{want, because{
		cause: "lo-down",
		saw:   "lo was down in the container",
		try:   "bring up lo, in the container's network namespace: a new one has it, and it is down",
	}}, nil
}

func commandRoute(s *scene, via string) (*failure, error) {
	f := s.facts
	want := "a default route to " + via
	n, b, err := f.networks()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return &failure{want, *b}, nil
	}
	if leadsBy(defaults(n.Own), via) {
		return nil, nil
	}
	return &failure{want, f.noRoute(n, via)}, nil
}

func hostResolv(s *scene) (*failure, error) {
	f := s.facts
	in := f.run.Host.Internet
	if in == nil {
		return nil, fmt.Errorf("judge evidence: the run has no internet")
	}
	const want = "the host's /etc/resolv.conf left as it was"
	if r := f.ran(); r != nil && r.exec.Networks != nil && r.exec.Networks.HostResolv != in.Resolv {
		return &failure{want, f.resolvOnHost(r.exec.Networks.HostResolv)}, nil
	}
	if in.ResolvAfter == in.Resolv {
		return nil, nil
	}
	return &failure{want, f.cutOff(f.resolvOnHost(in.ResolvAfter))}, nil
}

func hostNetwork(s *scene) (*failure, error) {
	f := s.facts
	if f.run.Host.Internet == nil {
		return nil, fmt.Errorf("judge evidence: the run has no internet")
	}
	if b, ok := f.networkLeft(); ok {
		return &failure{"the host's network left as it was", f.cutOff(b)}, nil
	}
	return nil, nil
}

// sent returns what the command said of what it sent by an instruction, or nil.
func (f *facts) sent(instruction string) (*evidence.SaidNetwork, string) {
	for _, said := range f.everySaid(f.ran().by) {
		if said.Network == nil || len(said.Args) != 1 {
			continue
		}
		what := instruction + " " + said.Args[0]
		if slices.Contains(said.Network.Answered, what) {
			return said.Network, ""
		}
		if e, ok := said.Errors[what]; ok {
			return said.Network, e
		}
	}
	return nil, ""
}

func commandReachesInternet(s *scene, instruction string) (*failure, error) {
	f := s.facts
	want := map[string]string{
		"ping":    "the command's ping on the internet, with the host's address",
		"fetch":   "the command's HTTP request on the internet, with the host's address",
		"resolve": "the command's question for a name on the internet, with the host's address",
	}[instruction]
	n, b, err := f.networks()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return &failure{want, *b}, nil
	}
	sent, trouble := f.sent(instruction)
	if sent == nil {
		if b, ok := f.notSent(n); ok {
			return &failure{want, b}, nil
		}
		return nil, fmt.Errorf("judge evidence: the payload does not say what it sent")
	}
	came, forwarded := f.arrived(instruction, sent)
	if forwarded && trouble == "" {
		return nil, nil
	}
	why := f.notServed(n, instruction, sent, came, forwarded, trouble)
	if why.cause == "nothing-arrived" || why.cause == "answer-lost" {
		if err := f.doubtful(sent, trouble == "" || drops(n) || f.onTheWay(n).sure); err != nil {
			return nil, fmt.Errorf("judge evidence: %s, and nothing that was recorded tells why: %w", why.saw, err)
		}
	}
	return &failure{want, why}, nil
}

// drops tells whether there is a rule that may throw packets away, on the host or
// in the container.
func drops(n *evidence.Networks) bool {
	return slices.ContainsFunc(slices.Concat(n.Own.Rules, n.Host.Rules), func(rule string) bool {
		_, what, _ := strings.Cut(rule, ": ")
		return !translates(rule) && !slices.Contains([]string{"accept", "ACCEPT", "return"}, what)
	})
}

// arrived returns what arrived of what the command had sent, and whether any of
// it came as it should: from the host's address, by way of the host. A question
// for a name may come from a name server on the host that asks in its turn.
func (f *facts) arrived(instruction string, sent *evidence.SaidNetwork) (came []evidence.Packet, forwarded bool) {
	in := f.run.Host.Internet
	bare := false // some of it with another address
	for _, p := range in.Arrived {
		if strings.Contains(string(p.Data), sent.Word) && !f.sentBack(p) {
			came = append(came, p)
			routed := p.TTL < sent.TTL && p.TTL >= sent.TTL-maxHops
			forwarded = forwarded || p.From == in.HostAddress && (routed || instruction == "resolve")
			bare = bare || p.From != in.HostAddress
		}
	}
	if instruction != "resolve" {
		kernels, known := f.kernelForwarded()
		forwarded = forwarded && !bare && (!known || kernels >= f.leastForwarded(sent))
	}
	return came, forwarded
}

// sentBack tells whether a packet is the answer of a machine out there, which the
// host took to be for elsewhere: it did not put that address in.
func (f *facts) sentBack(p evidence.Packet) bool { return f.outThere(p.From) && !f.outThere(p.To) }

// kernelForwarded returns how many packets the host's kernel passed on while the
// command ran. A program that takes them from one interface and sends them out of
// another, however it words them, is not counted there.
func (f *facts) kernelForwarded() (int64, bool) {
	r := f.ran()
	first, last := r.exec.Networks, r.by.Networks
	if first == nil || first.Host == nil || last == nil || last.Host == nil || last.Host.Counted == (evidence.Counted{}) {
		return 0, false
	}
	return last.Host.Counted.Forwarded - first.Host.Counted.Forwarded, true
}

// leastForwarded is how many packets it takes for the command to have been answered
// so often until then: a question and an answer each time.
func (f *facts) leastForwarded(sent *evidence.SaidNetwork) (least int64) {
	for _, said := range f.everySaid(f.ran().by) {
		if said.Network != nil && len(said.Network.Answered) > 0 {
			least += 2
		}
		if said.Network != nil && said.Network.Word == sent.Word {
			break
		}
	}
	return least
}

// maxHops is how many routers may lie on the way: there may be namespaces between.
const maxHops = 8
