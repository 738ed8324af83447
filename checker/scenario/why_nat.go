package scenario

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// notTranslated is for packets that arrived with another address than the host's.
func (f *facts) notTranslated(n *evidence.Networks, p evidence.Packet) because {
	if b, ok := otherSender(n, p); ok {
		return b
	}
	b := because{
		cause: "nat-missing",
		saw:   fmt.Sprintf("it arrived from %s, an address to which nobody out there knows the way", p.From),
		try:   "have the host's packet filter put the host's address in its place: a rule that masquerades, of a chain of type nat at the hook postrouting",
	}
	in := f.run.Host.Internet
	rules := in.NewRules(n.Host)
	if len(rules) == 0 {
		b.why = "the host's packet filter has no rule for it"
		if last := f.ran().by.Networks; last != nil && last.Host != nil && len(in.NewRules(last.Host)) > 0 {
			return late("it arrived from " + p.From + ": there was no rule when the command was executed, and when it ended there was one")
		}
		if len(n.Own.Rules) > 0 {
			b.why = "the rule is in the container's network namespace, not the host's"
			return b
		}
		if c := f.ran().by; f.ended(c) && f.ended(f.first) && f.first.Exit.Seq < c.Exit.Seq {
			b.why += ", and the first process had ended before the command"
			b.try = "have the program wait for its child before it ends, and before it takes the rule away"
			return b
		}
		return f.refusedTool(b, translating)
	}
	i := slices.IndexFunc(rules, translates)
	if i < 0 {
		b.why = fmt.Sprintf("no rule of the host's packet filter did that: there is %s", few(rules, quote))
		return f.refusedTool(b, translating)
	}
	b.why = fmt.Sprintf("the rule that there is, %s, did not do it: it does not match, or the packet never came to it", quote(rules[i]))
	chain, _, _ := strings.Cut(rules[i], ": ")
	if i > 0 && strings.HasPrefix(rules[i-1], chain+": ") {
		b.why += fmt.Sprintf("; before it in its chain is %s", quote(rules[i-1]))
		b.try = "look at the order of the chain's rules: the first that matches a packet and says what becomes of it is the last that is asked"
	}
	return b
}

// otherSender says that a packet arrived with an address that was put in on the way,
// since the container has not got it.
func otherSender(n *evidence.Networks, p evidence.Packet) (because, bool) {
	has := func(l evidence.Link) bool {
		return slices.ContainsFunc(l.Addresses, func(a string) bool { return address(a) == p.From })
	}
	if slices.ContainsFunc(n.Own.Links, has) {
		return because{}, false
	}
	b := because{
		cause: "nat-other",
		saw:   fmt.Sprintf("it arrived from %s, an address to which nobody out there knows the way", p.From),
		why:   "on the way that address was put in place of the container's, and it is none of the host's",
		try:   "have the packet filter masquerade: then the kernel puts in the address of the interface that a packet leaves by",
	}
	if i := slices.IndexFunc(n.Host.Links, has); i >= 0 {
		b.why = fmt.Sprintf("on the way that address was put in place of the container's: it is the host's on %s, and not where the packet leaves", word(n.Host.Links[i].Name))
	}
	if i := slices.IndexFunc(n.Host.Rules, translates); i >= 0 {
		b.why += fmt.Sprintf("; there is the rule %s", quote(n.Host.Rules[i]))
	}
	return b, true
}

// translates tells whether a rule puts another sender into packets.
func translates(rule string) bool {
	_, what, _ := strings.Cut(rule, ": ")
	return slices.Contains([]string{"masquerade", "snat", "MASQUERADE", "SNAT"}, what)
}

// cleared returns the command line of iptables(8) that took a rule away, with all
// others of its table or chain.
func (f *facts) cleared(rule string) (string, bool) {
	where, _, _ := strings.Cut(rule, ": ")
	words := strings.Fields(where) // ip nat POSTROUTING, or iptables-legacy nat
	for _, e := range f.run.Events {
		if e.Call != "execve" || e.Errno != "" || len(words) < 2 || !strings.HasPrefix(path.Base(e.Path), "iptables") {
			continue
		}
		table, chain, clears := "filter", "", false
		for i, arg := range e.Argv {
			next := ""
			if i+1 < len(e.Argv) {
				next = e.Argv[i+1]
			}
			switch arg {
			case "-t", "--table":
				table = next
			case "-F", "--flush":
				clears = true
				if !strings.HasPrefix(next, "-") {
					chain = next
				}
			}
		}
		if clears && table == words[1] && (chain == "" || len(words) < 3 || chain == words[2]) {
			return strings.Join(e.Argv, " "), true
		}
	}
	return "", false
}

// address returns the address of "10.0.0.1/24".
func address(prefix string) string {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}
