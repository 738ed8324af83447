package evidence

import "slices"

// A Network is what a network namespace held at one moment: of IPv4 alone, but for
// OtherRoutes and Policies.
type Network struct {
	Links  []Link  `json:"links"`
	Routes []Route `json:"routes,omitempty"` // of the main table
	// OtherRoutes are those of IPv6, and of other tables: but those that the kernel
	// makes for each interface and address by itself.
	OtherRoutes []Route `json:"other_routes,omitempty"`
	// Policies say which tables are asked, ip-rule(8), one line each:
	// "ip 500: from 10.0.0.0/24 to all lookup 254".
	Policies []string `json:"policies,omitempty"`
	// Rules are the packet filter's, of nf_tables and of ip_tables, one line
	// each: "ip nat POSTROUTING: masquerade". Tables and chains that do nothing
	// are none.
	Rules    []string `json:"rules,omitempty"`
	Forwards bool     `json:"forwards,omitempty"` // net.ipv4.ip_forward
	// Cut: there were more interfaces, routes or policies than are told.
	Cut     bool    `json:"cut,omitempty"`
	Counted Counted `json:"counted,omitzero"`
}

// Counted are the packets that a network namespace has had so far.
type Counted struct {
	Sent     int64 `json:"sent"` // that were made in it
	Received int64 `json:"received"`
	// Forwarded came in for another machine, and were passed on by the kernel.
	Forwarded int64 `json:"forwarded,omitempty"`
}

// A Link is a network interface.
type Link struct {
	Index     int      `json:"index"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind,omitempty"` // veth, bridge, macvlan; "" for lo
	Up        bool     `json:"up,omitempty"`
	Addresses []string `json:"addresses,omitempty"` // "10.0.0.1/24"
	Master    int      `json:"master,omitempty"`    // index of the bridge that it is a port of
	// Peer is the index of a veth's other end, or of the interface that a
	// macvlan or its like lies on; 0: none. PeerIn says in which namespace that is.
	Peer   int    `json:"peer,omitempty"`
	PeerIn PeerIn `json:"peer_in,omitempty"`
}

// PeerIn is a network namespace, seen from another one.
type PeerIn string

// The namespaces that are told apart. A namespace's veths go with it.
const (
	PeerHere      PeerIn = "here"      // the one that the link itself is in
	PeerHost      PeerIn = "host"      // the host's
	PeerElsewhere PeerIn = "elsewhere" // yet another one
)

// A Route is one line of a routing table.
type Route struct {
	To     string `json:"to"`               // "default", of IPv6 "::/0", or "10.0.0.0/24"
	Via    string `json:"via,omitempty"`    // "10.0.0.1"
	Link   int    `json:"link"`             // index of the interface
	Kind   string `json:"kind,omitempty"`   // "blackhole"; "": one that leads somewhere
	Metric int    `json:"metric,omitempty"` // of several to the same the lowest counts
	Table  int    `json:"table,omitempty"`  // 0: the main table
}

// Networks are what a process had at one moment, and the host at the same.
type Networks struct {
	Own  *Network `json:"own"`
	Host *Network `json:"host"`
	// Resolv is what /etc/resolv.conf below the process's root directory held,
	// the first bytes.
	Resolv     string `json:"resolv,omitempty"`
	HostResolv string `json:"host_resolv,omitempty"` // the host's
}

// An Internet is what the host had beyond its own network in one run, and what
// it saw of it.
type Internet struct {
	HostAddress string  `json:"host_address"` // "192.0.2.2"
	Server      string  `json:"server"`       // "1.1.1.1"
	Before      Network `json:"before"`       // of the host, when the submission's program began
	After       Network `json:"after"`        // of the host, when every process was gone
	// Resolv is what the host's /etc/resolv.conf held at the start, and
	// ResolvAfter at the end.
	Resolv      string `json:"resolv"`
	ResolvAfter string `json:"resolv_after"`
	// Arrived are the packets that came, the first ones of each kind, in their order.
	Arrived []Packet `json:"arrived,omitempty"`
	Cut     bool     `json:"cut,omitempty"` // there were more
	// Late is by how much the servers there were woken too late, at most, µs.
	Late int64 `json:"late_us,omitempty"`
}

// NewRules are the rules of the host, of which now is a look, that it had not before.
func (i *Internet) NewRules(now *Network) []string {
	left := slices.Clone(now.Rules)
	for _, r := range i.Before.Rules {
		if at := slices.Index(left, r); at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	return left
}

// A Packet is one that arrived on the internet, or several of the same.
type Packet struct {
	Protocol string `json:"protocol"` // icmp, tcp, udp, or a number
	From     string `json:"from"`     // address
	To       string `json:"to"`       // address
	Port     int    `json:"port,omitempty"`
	TTL      int    `json:"ttl"`            // as it arrived: each router on the way takes one off
	Data     []byte `json:"data,omitempty"` // behind the protocol's header, the first bytes
	Count    int    `json:"count"`
}

// SaidNetwork is what the kit's payload says of what it sent.
type SaidNetwork struct {
	// Word is random, in every packet that it sent, and known to nobody before.
	Word string `json:"word"`
	TTL  int    `json:"ttl"` // of those packets, random too
	// Answered tells what there was an answer to: "ping 1.1.1.1".
	Answered []string `json:"answered"`
	// Late is by how much it was woken too late, at most, while it waited, µs.
	Late int64 `json:"late_us,omitempty"`
}
