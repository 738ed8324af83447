package scenario

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"pidone/checker/evidence"
)

// A hindrance is what on the host keeps packets of the container from the internet,
// or the answers from the container.
type hindrance struct {
	why, try string
	sure     bool // nothing can have come through, however slow the machine was
}

// onTheWay says what hindrance interfaces and routes tell of: when the command began,
// or when it ended. Its why is empty if they tell of none.
func (f *facts) onTheWay(n *evidence.Networks) hindrance {
	h := f.hostsWay(n, n.Host)
	if last := f.ran().by.Networks; h.why == "" && last != nil && last.Host != nil {
		h = f.hostsWay(n, last.Host)
	}
	return h
}

func (f *facts) hostsWay(n *evidence.Networks, host *evidence.Network) hindrance {
	before, server := &f.run.Host.Internet.Before, f.run.Host.Internet.Server
	if host.Cut {
		return hindrance{}
	}
	for i := range host.Links {
		l := &host.Links[i]
		if slices.ContainsFunc(l.Addresses, func(a string) bool { return address(a) == server }) {
			return hindrance{
				fmt.Sprintf("the host itself had the address %s, on %s: what is sent there ends there", server, word(l.Name)),
				"give the host no address of another machine", true,
			}
		}
	}
	for i := range before.Links {
		old := &before.Links[i]
		if change := linkChange(host, old); change != "" {
			now := linkAt(host, old.Index)
			return hindrance{"while the command ran " + change, "leave the interfaces alone that the host has already", now == nil || !now.Up}
		}
	}
	// Policies may have other tables asked than the main one.
	added, policies := more(before.Policies, host.Policies)
	if out, was := ways(host, server), ways(before, server); !slices.Equal(out, was) {
		none := !slices.ContainsFunc(out, func(r evidence.Route) bool { return r.Kind == "" })
		return hindrance{
			fmt.Sprintf("the host's way to %s was %s, and at the start %s", server, wayWords(host, out), wayWords(before, was)),
			"leave the host its own way to the internet", none && !policies,
		}
	}
	own, end := paired(n, "10.0.0.2/24")
	if own == nil || !slices.Contains(own.Addresses, "10.0.0.2/24") {
		return hindrance{}
	}
	at := end
	if bridge := linkAt(n.Host, end.Master); bridge != nil {
		at = bridge
	}
	if back := ways(host, "10.0.0.2"); len(back) != 1 || back[0].Link != at.Index {
		there := slices.ContainsFunc(back, func(r evidence.Route) bool { return r.Link == at.Index })
		return hindrance{
			fmt.Sprintf("the host's way to the container was %s", wayWords(host, back)),
			fmt.Sprintf("have one way to 10.0.0.0/24, out of %s", word(at.Name)), !there && !policies,
		}
	}
	if policies {
		return hindrance{fmt.Sprintf("the host had a policy for routes that it had not at the start: %s", quote(added)), "look at what ip rule shows on the host: which table is asked for the packet, and for its answer?", false}
	}
	return hindrance{}
}

// hops says how far packets came while the command ran; nothing where that was not
// recorded.
func (f *facts) hops(n *evidence.Networks) string {
	last := f.ran().by.Networks
	if last == nil || last.Own == nil || last.Host == nil {
		return ""
	}
	own, ownThen, host, then := last.Own.Counted, n.Own.Counted, last.Host.Counted, n.Host.Counted
	if own == (evidence.Counted{}) || host == (evidence.Counted{}) {
		return ""
	}
	return fmt.Sprintf("; meanwhile the container sent %d packets and received %d, and the host received %d",
		own.Sent-ownThen.Sent, own.Received-ownThen.Received, host.Received-then.Received)
}

// ways are the routes of the main table that the kernel would take to an address,
// of which it takes one: those of the longest prefix, and of them the ones with the
// lowest metric.
func ways(n *evidence.Network, address string) (found []evidence.Route) {
	to, err := netip.ParseAddr(address)
	longest := -1
	for _, r := range n.Routes {
		text := r.To
		if text == "default" {
			text = "0.0.0.0/0"
		}
		p, bad := netip.ParsePrefix(text)
		if err != nil || bad != nil || !p.Contains(to) || p.Bits() < longest {
			continue
		}
		if p.Bits() > longest {
			found, longest = nil, p.Bits()
		}
		found = append(found, r)
	}
	return preferred(found)
}

// preferred returns those of some routes to the same that have the lowest metric.
func preferred(routes []evidence.Route) []evidence.Route {
	lowest := slices.MinFunc(append(routes, evidence.Route{Metric: math.MaxInt}), func(a, b evidence.Route) int { return cmp.Compare(a.Metric, b.Metric) })
	return slices.DeleteFunc(routes, func(r evidence.Route) bool { return r.Metric > lowest.Metric })
}

// defaults are the default routes of the main table that the kernel would take.
func defaults(n *evidence.Network) []evidence.Route {
	return preferred(slices.DeleteFunc(slices.Clone(n.Routes), func(r evidence.Route) bool { return r.To != "default" }))
}

// leadsBy tells whether one of the routes leads by way of a router.
func leadsBy(routes []evidence.Route, via string) bool {
	return slices.ContainsFunc(routes, func(r evidence.Route) bool { return r.Via == via })
}

func wayWords(n *evidence.Network, routes []evidence.Route) string {
	if len(routes) == 0 {
		return "none"
	}
	var words []string
	for _, r := range routes {
		w := "the " + routeWords(r)
		if r.Via != "" {
			w += " via " + r.Via
		}
		if l := linkAt(n, r.Link); l != nil {
			w += " out of " + word(l.Name)
		}
		words = append(words, w)
	}
	return few(words, plain)
}

// linkChange says what is another thing about an interface now than it was; "" if
// nothing is but for addresses.
func linkChange(now *evidence.Network, old *evidence.Link) string {
	l := linkAt(now, old.Index)
	name := "the host's interface " + word(old.Name)
	switch {
	case l == nil:
		return name + " was gone"
	case l.Name != old.Name:
		return name + " had another name: " + word(l.Name)
	case l.Up != old.Up && old.Up:
		return name + " was down"
	case l.Up != old.Up:
		return name + " was up"
	case l.Master != old.Master:
		if master := linkAt(now, l.Master); master != nil {
			return name + " was a port of " + word(master.Name)
		}
		return name + " was no port any more"
	}
	return ""
}

// tooLate is by how much a process may be woken too late before it is thought that
// packets may have been, too. The payload waits for an answer several times as long,
// and asks again meanwhile.
const tooLate = 400 * time.Millisecond

// doubtful says why it is not known whether what the command sent was lost. With
// sure nothing that was late can have come through.
func (f *facts) doubtful(sent *evidence.SaidNetwork, sure bool) error {
	in := f.run.Host.Internet
	if in.Cut {
		return fmt.Errorf("more arrived on the internet than is kept")
	}
	if late := time.Duration(max(sent.Late, in.Late)) * time.Microsecond; late > tooLate && !sure {
		return fmt.Errorf("the machine was slow, and had the command or the internet wait for %v", late.Round(time.Millisecond))
	}
	return nil
}
