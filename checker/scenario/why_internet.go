package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// notSent says why the command said nothing of what it sent.
func (f *facts) notSent(n *evidence.Networks) (because, bool) {
	p := f.ran().by
	if f.command == nil {
		return f.noCommand(), true
	}
	if !f.ended(p) {
		return f.late(), true
	}
	if p.Exit.Signal != "" {
		return because{
			cause: "child-killed",
			saw:   "the command was ended by " + p.Exit.Signal,
			try:   "find where that signal comes from",
		}, true
	}
	// The payload ends with the first that it gets no answer to.
	for _, earlier := range []string{"ping", "fetch", "resolve"} {
		if sent, trouble := f.sent(earlier); trouble != "" {
			came, forwarded := f.arrived(earlier, sent)
			return f.notServed(n, earlier, sent, came, forwarded, trouble), true
		}
	}
	return f.notCarried("stdout")
}

// notServed says why what the command sent was not served, and what arrived
// instead.
func (f *facts) notServed(n *evidence.Networks, instruction string, sent *evidence.SaidNetwork, came []evidence.Packet, forwarded bool, trouble string) because {
	in := f.run.Host.Internet
	if instruction == "resolve" {
		if b, ok := f.askedNobody(came); ok {
			return b
		}
	}
	if forwarded {
		if b, ok := f.hostEndWrong(n); ok {
			return b.with("it arrived, and the answer did not come back to the command: %s", b.saw)
		}
		b := because{
			cause: "answer-lost",
			saw:   fmt.Sprintf("it arrived, and the answer did not come back to the command: %s", quote(trouble)),
			try:   "look at the host's routes, and at what its packet filter does with packets that come in for the container",
		}
		switch h := f.onTheWay(n); {
		case h.why != "":
			b.why, b.try = h.why, h.try
		case !n.Host.Forwards:
			b.why = "the host forwards what comes in by some of its interfaces alone: its net.ipv4.ip_forward is 0"
			b.try = "write 1 to /proc/sys/net/ipv4/ip_forward, on the host: answers come in by another interface"
		default:
			b.saw += f.hops(n)
		}
		return b
	}
	if i := slices.IndexFunc(came, func(p evidence.Packet) bool { return p.From != in.HostAddress }); i >= 0 {
		return f.notTranslated(n, came[i])
	}
	if len(came) > 0 {
		p := came[0]
		b := because{
			cause: "sent-by-another",
			saw:   fmt.Sprintf("it arrived from %s, but not as the command had sent it: its time to live was %d, and the command's, one router on, is %d", p.From, p.TTL, sent.TTL-1),
			why:   "a process in the host's network sent it in the command's place",
			try:   "let the kernel forward the container's own packets",
		}
		if count, known := f.kernelForwarded(); known && p.TTL == sent.TTL-1 {
			b.saw = fmt.Sprintf("it arrived from %s, and the host's kernel forwarded %d packets while the command ran: with the answers that the command got it would have been %d at least", p.From, count, f.leastForwarded(sent))
		}
		return b
	}
	return f.notArrived(n, instruction, trouble)
}

// notArrived is for what never arrived.
func (f *facts) notArrived(n *evidence.Networks, instruction, trouble string) because {
	saw := "nothing of it arrived on the internet"
	if instruction == "resolve" && trouble != "" {
		if b, ok := f.noServer(n); ok {
			return b
		}
	}
	if own, _ := paired(n, "10.0.0.2/24"); own == nil || !own.Up || len(own.Addresses) == 0 {
		return f.noAddress(n, "10.0.0.2/24").with("%s: %s", saw, f.noAddress(n, "10.0.0.2/24").saw)
	}
	if !leadsBy(defaults(n.Own), "10.0.0.1") {
		b := f.noRoute(n, "10.0.0.1")
		return b.with("%s: %s", saw, b.saw)
	}
	if out := ways(n.Own, f.run.Host.Internet.Server); !leadsBy(out, "10.0.0.1") {
		return because{
			cause: "route-other",
			saw:   fmt.Sprintf("%s: the container's way to %s was %s", saw, f.run.Host.Internet.Server, wayWords(n.Own, out)),
			try:   "leave it to the default route",
		}
	}
	if !n.Host.Forwards {
		if last := f.ran().by.Networks; last != nil && last.Host != nil && last.Host.Forwards {
			return late(saw + ": the host did not forward packets when the command was executed, and when it ended it did")
		}
		b := because{
			cause: "forward-off",
			saw:   saw,
			why:   "the host does not forward packets: its net.ipv4.ip_forward is 0",
			try:   "write 1 to /proc/sys/net/ipv4/ip_forward, on the host",
		}
		return f.refusedTool(b, func(name string, args []string) bool {
			return name == "sysctl" && strings.Contains(strings.Join(args, " "), "forward")
		})
	}
	if b, ok := f.hostEndWrong(n); ok {
		return b.with("%s: %s", saw, b.saw)
	}
	if own, _ := paired(n, "10.0.0.2/24"); !slices.Contains(own.Addresses, "10.0.0.2/24") {
		b := f.wrongAddress(n, own, "10.0.0.2/24")
		return b.with("%s: %s", saw, b.saw)
	}
	b := because{
		cause: "nothing-arrived",
		saw:   saw,
		try:   "look at the host's routes, and at the rules of its packet filter: is there one that drops it?",
	}
	switch h := f.onTheWay(n); {
	case h.why != "":
		b.why, b.try = h.why, h.try
	case trouble == "":
		b.why = "something that is not the internet answered in its place"
		b.try = "let what the command sends leave the host"
	}
	if trouble != "" {
		b.saw += fmt.Sprintf("; the command was told %s", quote(trouble))
	}
	if b.why == "" {
		b.saw += f.hops(n)
	}
	return b
}

// hostEndWrong says what is wrong with the host's end of the pair, if anything is.
func (f *facts) hostEndWrong(n *evidence.Networks) (because, bool) {
	_, end := paired(n, "10.0.0.2/24")
	if end == nil {
		return because{}, false
	}
	at := end
	if bridge := linkAt(n.Host, end.Master); bridge != nil {
		at = bridge
	}
	if end.Up && at.Up && slices.Contains(at.Addresses, "10.0.0.1/24") {
		return because{}, false
	}
	return f.noHostAddress(n, end, at, "10.0.0.1/24"), true
}

// noServer says that the container knows no name server that there is.
func (f *facts) noServer(n *evidence.Networks) (because, bool) {
	var servers []string
	for line := range strings.Lines(n.Resolv) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "nameserver" {
			servers = append(servers, words[1])
		}
	}
	b := because{
		cause: "no-name-server",
		saw:   "no name server in the container's /etc/resolv.conf",
		try:   "write one into etc/resolv.conf below the image's root: nameserver 1.1.1.1",
	}
	if n.HostResolv != f.run.Host.Internet.Resolv {
		return f.resolvOnHost(n.HostResolv), true
	}
	if len(servers) == 0 {
		return b, true
	}
	if !slices.ContainsFunc(servers, f.outThere) {
		return f.otherServer("the container's /etc/resolv.conf names ", servers), true
	}
	return because{}, false
}

// askedNobody says that questions for a name went out, and none of them to a
// server that there is.
func (f *facts) askedNobody(came []evidence.Packet) (because, bool) {
	var asked []string
	for _, p := range came {
		if f.outThere(p.To) {
			return because{}, false
		}
		if !slices.Contains(asked, p.To) {
			asked = append(asked, p.To)
		}
	}
	return f.otherServer("the question for a name went to ", asked), len(asked) > 0
}

func (f *facts) otherServer(saw string, servers []string) because {
	return because{
		cause: "other-name-server",
		saw:   saw + few(servers, plain) + ", where nothing answers",
		why:   "of the world's name servers the sandbox's internet has " + list(f.machines()) + " alone",
		try:   "name the server that the host's /etc/resolv.conf names",
	}
}

// machines are the addresses of those that there are on the internet.
func (f *facts) machines() []string { return []string{f.run.Host.Internet.Server, "8.8.8.8"} }

func (f *facts) outThere(address string) bool { return slices.Contains(f.machines(), address) }

// resolvOnHost says that the host's file was changed.
func (f *facts) resolvOnHost(now string) because {
	b := because{
		cause: "resolv-on-host",
		saw:   fmt.Sprintf("the host's /etc/resolv.conf held %s, and at the start %s", quote(now), quote(f.run.Host.Internet.Resolv)),
		try:   "write the container's: etc/resolv.conf below the image's root, or when the root has changed",
	}
	if now == "" {
		b.saw = "the host's /etc/resolv.conf was empty or gone"
	}
	for _, e := range f.run.Events {
		if strings.HasPrefix(e.Call, "openat") && e.Errno == "" && e.Target != nil && e.Target.Name == "/etc/resolv.conf" {
			b.at = e.At
			b.why = fmt.Sprintf("%s opened it for writing, when its root was the host's", f.who(f.run.Process(e.Process)))
		}
	}
	return b
}

// networkLeft says what of the host's network was not at the end as it had been.
func (f *facts) networkLeft() (because, bool) {
	in := f.run.Host.Internet
	before, after := &in.Before, &in.After
	b := because{cause: "host-network-changed", try: "leave the interfaces alone that the host has already"}
	for i := range before.Links {
		old := &before.Links[i]
		now := linkAt(after, old.Index)
		switch {
		case now == nil && after.Cut: // it may be there
		case linkChange(after, old) != "":
			b.saw = linkChange(after, old)
			return b, true
		case !slices.Equal(now.Addresses, old.Addresses):
			b.saw = fmt.Sprintf("%s on the host's interface %s, and before that %s", addressWords(now), word(old.Name), addressWords(old))
			return b, true
		}
	}
	was, is := slices.Concat(before.Routes, before.OtherRoutes), slices.Concat(after.Routes, after.OtherRoutes)
	if r, ok := more(is, was); ok && !after.Cut {
		b.saw = fmt.Sprintf("the host's %s was gone", routeWords(r))
		b.try = "leave the routes alone that the host has already"
		return b, true
	}
	if p, ok := more(after.Policies, before.Policies); ok && !after.Cut {
		b.saw = fmt.Sprintf("the host's policy for routes %s was gone", quote(p))
		b.try = "leave the policies alone that the host has already"
		return b, true
	}
	for i := range after.Links {
		l := &after.Links[i]
		if linkAt(before, l.Index) == nil && !f.goes(l) {
			return because{
				cause: "leftover-link",
				saw:   fmt.Sprintf("%s on the host, when all was over", linkWords(l)),
				try:   "delete it when the container has ended: only a pair of which one end is in the container goes with that",
			}, true
		}
	}
	stay := slices.DeleteFunc(is, func(r evidence.Route) bool {
		l := linkAt(after, r.Link)
		return l != nil && f.goes(l)
	})
	if r, ok := more(was, stay); ok {
		return because{
			cause: "leftover-route",
			saw:   fmt.Sprintf("a %s on the host, when all was over", routeWords(r)),
			try:   "delete it when the container has ended",
		}, true
	}
	if p, ok := more(before.Policies, after.Policies); ok {
		return because{
			cause: "leftover-policy",
			saw:   fmt.Sprintf("a policy for routes on the host, when all was over: %s", quote(p)),
			try:   "delete it when the container has ended",
		}, true
	}
	return f.rulesLeft(before, after)
}

// more returns the first of what is in b more often than in a.
func more[T comparable](a, b []T) (T, bool) {
	left := slices.Clone(a)
	for _, one := range b {
		i := slices.Index(left, one)
		if i < 0 {
			return one, true
		}
		left = slices.Delete(left, i, i+1)
	}
	var none T
	return none, false
}

func routeWords(r evidence.Route) string {
	words := "route to " + r.To
	if r.To == "default" {
		words = "default route"
	}
	if r.Table != 0 {
		words += fmt.Sprintf(" in table %d", r.Table)
	}
	if r.Kind != "" {
		words += fmt.Sprintf(" (%s)", r.Kind)
	}
	return words
}

// goes tells whether an interface that is there at the end goes by itself: when
// its other end is in a namespace that is not the host's, which goes with its last
// process, and no mount on the host holds that.
func (f *facts) goes(l *evidence.Link) bool {
	return l.Kind == "veth" && l.PeerIn == evidence.PeerElsewhere && len(f.run.Host.NetworksLeft) == 0 &&
		linkAt(&f.run.Host.Internet.Before, l.Index) == nil
}

func (f *facts) rulesLeft(before, after *evidence.Network) (because, bool) {
	left := f.run.Host.Internet.NewRules(after)
	if len(left) == 0 {
		r, gone := more(after.Rules, before.Rules)
		b := because{
			cause: "host-network-changed",
			saw:   "in the host's packet filter there was no longer " + quote(r),
			why:   "that rule had been there before the program began",
			try:   "delete your own rule, or your own table: to clear the whole packet filter, or a table that others use, takes away their rules",
		}
		if line, ok := f.cleared(r); ok {
			b.why += fmt.Sprintf(", and %s takes away all that there are", quote(line))
		}
		return b, gone
	}
	b := because{
		cause: "leftover-rule",
		saw:   "in the host's packet filter, when all was over: " + quote(left[0]),
		try:   "delete the rule, or its whole table if that is yours, when the container has ended",
	}
	chain, what, _ := strings.Cut(left[0], ": ")
	table := chain[:strings.LastIndexByte(chain, ' ')+1]
	if strings.HasPrefix(what, "policy ") && slices.ContainsFunc(before.Rules, func(r string) bool { return table != "" && strings.HasPrefix(r, table) }) {
		b.saw = "the policy of a chain in the host's packet filter, when all was over: " + quote(left[0])
		b.try = "give the chain the policy back that it had: it is not yours"
	}
	if len(left) > 1 {
		b.saw += fmt.Sprintf(" and %d more", len(left)-1)
	}
	for _, e := range f.run.Events {
		if e.Call == "socket" {
			b.at = e.At
		}
	}
	if len(f.wanted("nat")) > 0 && f.ended(f.first) && (f.first.Exit.Signal != "" || f.first.Exit.Code != 0) {
		b.why = f.firstWords()
	}
	if r, gone := more(after.Rules, before.Rules); gone && b.why == "" {
		b.why = fmt.Sprintf("and %s is gone, which had been there before the program began", quote(r))
	}
	return f.refusedTool(b, filtering), true
}
