package network

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// Bounds of what is told.
const (
	maxLinks     = 64
	maxAddresses = 16 // of a link
	maxRoutes    = 64
	maxPolicies  = 64
	maxRules     = 64
	maxText      = 120 // bytes of a rule
)

// tries is how often a look is begun that is disturbed by changes.
const tries = 5

// Look tells what the network namespace ns, a descriptor, holds. host is the
// host's, for Link.PeerIn: the same, or another one. With tables, which is for a
// namespace that nobody needs any more, it finds rules of ip_tables also where that
// takes making the tables.
func Look(ns, host int, tables bool) (n *evidence.Network, err error) {
	err = Within(ns, func() error {
		for range tries {
			if n, err = look(ns, host, tables); !errors.Is(err, netlink.ErrDumpInterrupted) {
				break
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look at network namespace: %w", err)
	}
	return n, nil
}

func look(ns, host int, tables bool) (*evidence.Network, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	n := &evidence.Network{Links: []evidence.Link{}}
	links, err := h.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	// Only now: it gets its id when the first interface leads there.
	hostID := -1
	same, err := sameFile(ns, host)
	if err != nil {
		return nil, err
	}
	if !same {
		if hostID, err = h.GetNetNsIdByFd(host); err != nil {
			return nil, fmt.Errorf("find the host's network namespace: %w", err)
		}
	}
	addresses, err := h.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for _, l := range links[:min(len(links), maxLinks)] {
		link := linkOf(l, hostID)
		for _, a := range addresses {
			if a.LinkIndex == link.Index && a.IPNet != nil && len(link.Addresses) < maxAddresses {
				link.Addresses = append(link.Addresses, a.IPNet.String())
			}
		}
		n.Links = append(n.Links, link)
	}
	if err := steering(h, n); err != nil {
		return nil, err
	}
	n.Cut = n.Cut || len(links) > maxLinks
	filters, err := packetRules(same, tables)
	if err != nil {
		return nil, err
	}
	n.Rules = filters
	forwards, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
	if err != nil {
		return nil, err
	}
	n.Forwards = strings.TrimSpace(string(forwards)) == "1"
	counted, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		return nil, err
	}
	n.Counted = countedIn(string(counted))
	return n, nil
}

// countedIn reads /proc/net/snmp: for each protocol a line with names, and one with
// the numbers.
func countedIn(table string) (c evidence.Counted) {
	var names []string
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] != "Ip:":
		case names == nil:
			names = f
		default:
			for i, name := range names[:min(len(names), len(f))] {
				v, _ := strconv.ParseInt(f[i], 10, 64)
				switch name {
				case "OutRequests":
					c.Sent = v
				case "InReceives":
					c.Received = v
				case "ForwDatagrams":
					c.Forwarded = v
				}
			}
			return c
		}
	}
	return c
}

func linkOf(l netlink.Link, hostID int) evidence.Link {
	a := l.Attrs()
	link := evidence.Link{Index: a.Index, Name: strings.ToValidUTF8(a.Name, "?"), Up: a.Flags&net.FlagUp != 0, Master: a.MasterIndex, Peer: a.ParentIndex}
	if a.Flags&net.FlagLoopback == 0 {
		link.Kind = l.Type()
	}
	switch {
	case link.Peer == 0:
	case a.NetNsID < 0:
		link.PeerIn = evidence.PeerHere
	case a.NetNsID == hostID:
		link.PeerIn = evidence.PeerHost
	default:
		link.PeerIn = evidence.PeerElsewhere
	}
	return link
}

func sameFile(a, b int) (bool, error) {
	var sa, sb unix.Stat_t
	if err := errors.Join(unix.Fstat(a, &sa), unix.Fstat(b, &sb)); err != nil {
		return false, fmt.Errorf("look at namespaces: %w", err)
	}
	return sa.Ino == sb.Ino && sa.Dev == sb.Dev, nil
}

// packetRules lists what rules there are, of both kinds. With added the namespace is
// one to which AddRules added some.
func packetRules(added, tables bool) ([]string, error) {
	rules, err := tableRules()
	if err != nil {
		return nil, err
	}
	old, err := oldRules(added, tables)
	if err != nil {
		return nil, err
	}
	rules = append(rules, old...)
	for i, r := range rules {
		rules[i] = strings.ToValidUTF8(r[:min(len(r), maxText)], "?")
	}
	return slices.Clip(rules[:min(len(rules), maxRules)]), nil
}
