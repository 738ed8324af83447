package network

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// steering lists what says where packets go: routes, and the policies by which
// the kernel picks a table of them.
func steering(h *netlink.Handle, n *evidence.Network) error {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := h.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		if err != nil {
			return fmt.Errorf("list routes: %w", err)
		}
		for _, r := range routes {
			switch to := routeOf(r); {
			case family == netlink.FAMILY_V4 && to.Table == 0:
				n.Routes = append(n.Routes, to)
			case !ofKernel(r):
				n.OtherRoutes = append(n.OtherRoutes, to)
			}
		}
	}
	n.Cut = max(len(n.Routes), len(n.OtherRoutes)) > maxRoutes
	n.Routes, n.OtherRoutes = n.Routes[:min(len(n.Routes), maxRoutes)], n.OtherRoutes[:min(len(n.OtherRoutes), maxRoutes)]
	rules, err := h.RuleList(netlink.FAMILY_ALL)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil // a kernel with one table
	}
	if err != nil {
		return fmt.Errorf("list policies: %w", err)
	}
	for _, r := range rules {
		family := map[int]string{netlink.FAMILY_V4: "ip", netlink.FAMILY_V6: "ip6"}[r.Family]
		if family != "" && !forVRF(r) {
			n.Policies = append(n.Policies, family+" "+policyOf(r))
		}
	}
	n.Cut = n.Cut || len(n.Policies) > maxPolicies
	n.Policies = n.Policies[:min(len(n.Policies), maxPolicies)]
	return nil
}

// ofKernel tells whether the kernel made a route by itself: with an address of IPv4,
// or for an interface, of which IPv6 makes some a while after that is up.
func ofKernel(r netlink.Route) bool {
	if r.Protocol != unix.RTPROT_KERNEL {
		return false
	}
	if r.Family == netlink.FAMILY_V4 {
		return r.Table == unix.RT_TABLE_LOCAL
	}
	to := r.Dst
	return to != nil && (to.IP.IsLinkLocalUnicast() || to.IP.IsMulticast() || to.IP.IsLoopback())
}

// forVRF tells whether a policy is the one that the kernel makes with the first
// interface of type vrf, and leaves when that is gone.
func forVRF(r netlink.Rule) bool {
	const priority = 1000
	return r.Protocol == unix.RTPROT_KERNEL && r.Priority == priority
}

func routeOf(r netlink.Route) evidence.Route {
	to := evidence.Route{To: "default", Link: r.LinkIndex, Metric: r.Priority}
	switch {
	case r.Dst != nil && r.Dst.String() != "0.0.0.0/0":
		to.To = r.Dst.String()
	case r.Family == netlink.FAMILY_V6:
		to.To = "::/0"
	}
	if r.Type != unix.RTN_UNICAST {
		to.Kind = kindOf(r.Type)
	}
	if r.Table != unix.RT_TABLE_MAIN {
		to.Table = r.Table
	}
	if r.Gw != nil {
		to.Via = r.Gw.String()
	}
	for _, hop := range r.MultiPath {
		if hop.Gw != nil && to.Via == "" {
			to.Via, to.Link = hop.Gw.String(), hop.LinkIndex
		}
	}
	return to
}

// kindOf names a type of route as ip-route(8) does.
func kindOf(kind int) string {
	names := map[int]string{
		unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast", unix.RTN_ANYCAST: "anycast", unix.RTN_MULTICAST: "multicast",
		unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw",
	}
	if name, ok := names[kind]; ok {
		return name
	}
	return fmt.Sprintf("type %d", kind)
}

func policyOf(r netlink.Rule) string {
	words := []string{fmt.Sprintf("%d:", r.Priority)}
	add := func(what, value string) { words = append(words, what, value) }
	prefix := func(what string, p *net.IPNet) {
		if p != nil {
			add(what, p.String())
			return
		}
		add(what, "all")
	}
	prefix("from", r.Src)
	prefix("to", r.Dst)
	if r.IifName != "" {
		add("iif", r.IifName)
	}
	if r.OifName != "" {
		add("oif", r.OifName)
	}
	if r.Mark != 0 {
		add("fwmark", fmt.Sprintf("%#x", r.Mark))
	}
	add("lookup", fmt.Sprint(r.Table))
	return strings.ToValidUTF8(strings.Join(words, " "), "?")
}
