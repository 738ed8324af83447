package network

import (
	"errors"
	"fmt"
	"net"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// tableRules lists the rules of nf_tables in this thread's network namespace. A
// table or chain without a rule changes nothing, and is not listed; but a chain
// that drops what reaches its end is.
func tableRules() ([]string, error) {
	c, err := nftables.New(nftables.AsLasting())
	if lacksTables(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	defer c.CloseLasting()
	chains, err := c.ListChains()
	if lacksTables(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	var all []string
	for _, chain := range chains {
		name := fmt.Sprintf("%s %s %s", family(chain.Table.Family), chain.Table.Name, chain.Name)
		if chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop {
			all = append(all, name+": policy drop")
		}
		rules, err := c.GetRules(chain.Table, chain)
		if errors.Is(err, unix.ENOENT) {
			continue // it has just gone
		}
		if err != nil {
			return nil, fmt.Errorf("list rules of %s: %w", name, err)
		}
		for _, r := range rules {
			if all = append(all, name+": "+statement(r)); len(all) >= maxRules {
				return all, nil
			}
		}
	}
	return all, nil
}

// AddRules adds rules to this thread's network namespace such as others have on most
// machines: one in a table of its own, and one each in the tables filter and nat that
// iptables(8) uses, of nf_tables and of ip_tables. They do not do anything: nothing
// leads to the first, and the others are for what comes from the address nobody. Those
// of nf_tables leave that to the chain's policy, a word that hardly any program has a
// rule with; those of ip_tables, which are only counted, accept it. A kernel goes
// without what it lacks.
func AddRules(table string, nobody net.IP) error {
	err := addRule(nftables.Table{Family: nftables.TableFamilyINet, Name: table}, nftables.Chain{Name: "input"},
		&expr.Verdict{Kind: expr.VerdictAccept})
	if err != nil {
		return err
	}
	for _, chain := range []nftables.Chain{
		{Name: "FORWARD", Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter},
		{Name: "POSTROUTING", Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource},
	} {
		name := string(chain.Type)
		// As iptables-nft(8) makes them: where it finds another thing it gives up.
		err := addRule(nftables.Table{Family: nftables.TableFamilyIPv4, Name: name}, chain,
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: nobody.To4()}, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictReturn})
		if err != nil {
			return err
		}
		if err := addOldRule(name, int(*chain.Hooknum), nobody); err != nil {
			return fmt.Errorf("add a rule to table %s of ip_tables: %w", name, err)
		}
	}
	return nil
}

func addRule(table nftables.Table, chain nftables.Chain, what ...expr.Any) error {
	c, err := nftables.New()
	if err == nil {
		chain.Table = c.AddTable(&table)
		c.AddRule(&nftables.Rule{Table: &table, Chain: c.AddChain(&chain), Exprs: what})
		err = c.Flush()
	}
	if err != nil && !lacksTables(err) {
		return fmt.Errorf("add a rule to table %s: %w", table.Name, err)
	}
	return nil
}

// lacksTables tells whether an error says that the kernel has no nf_tables.
func lacksTables(err error) bool {
	for _, no := range []error{unix.EINVAL, unix.EOPNOTSUPP, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.ENOENT} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

func family(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyINet:
		return "inet"
	case nftables.TableFamilyARP:
		return "arp"
	case nftables.TableFamilyBridge:
		return "bridge"
	case nftables.TableFamilyNetdev:
		return "netdev"
	}
	return "other"
}

// statement says in a word what a rule does.
func statement(r *nftables.Rule) string {
	what := "a rule"
	for _, e := range r.Exprs {
		switch e := e.(type) {
		case *expr.Masq:
			what = "masquerade"
		case *expr.NAT:
			what = "snat"
			if e.Type == expr.NATTypeDestNAT {
				what = "dnat"
			}
		case *expr.Target:
			what = e.Name
		case *expr.Verdict:
			switch e.Kind {
			case expr.VerdictAccept:
				what = "accept"
			case expr.VerdictDrop:
				what = "drop"
			case expr.VerdictReturn:
				what = "return"
			case expr.VerdictJump, expr.VerdictGoto:
				what = "jump " + e.Chain
			}
		}
	}
	return what
}
