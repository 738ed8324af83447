package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

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

// AddRule adds a rule to this thread's network namespace, in a table of its own and
// a chain that nothing leads to: it does not do anything. A kernel without
// nf_tables goes without.
func AddRule(table string) error {
	c, err := nftables.New()
	if err == nil {
		t := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: table})
		chain := c.AddChain(&nftables.Chain{Name: "input", Table: t})
		c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}}})
		err = c.Flush()
	}
	if err != nil && !lacksTables(err) {
		return fmt.Errorf("add a rule: %w", err)
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
			case expr.VerdictJump, expr.VerdictGoto:
				what = "jump " + e.Chain
			}
		}
	}
	return what
}

// The older ip_tables, of which iptables-legacy(8) is the tool, are asked by
// getsockopt(2) on a raw socket: linux/netfilter_ipv4/ip_tables.h.
const (
	getInfo   = 64 // IPT_SO_GET_INFO
	tableName = 32 // bytes, XT_TABLE_MAXNAMELEN
	infoSize  = tableName + 4 + 5*4 + 5*4 + 4 + 4
	infoHooks = tableName
	infoCount = tableName + 4 + 5*4 + 5*4
)

// oldTables returns which tables of ip_tables there are. The list is the machine's
// root's to read: in a namespace made together with its user namespace no other
// root can. Then, with all, they are those that there could be; to ask for one that
// is not there makes it.
func oldTables(all bool) ([]string, error) {
	names, err := os.ReadFile("/proc/thread-self/net/ip_tables_names")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission) && all:
		return []string{"filter", "nat", "mangle", "raw", "security"}, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return strings.Fields(string(names)), nil
}

// oldRules lists in which tables of ip_tables there are rules.
func oldRules(every bool) ([]string, error) {
	names, err := oldTables(every)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range names {
		n, err := oldCount(name)
		if every && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)) {
			continue // this kernel has none of that name
		}
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", name, err)
		}
		for range min(n, maxRules) {
			all = append(all, "iptables-legacy "+name+": a rule")
		}
	}
	return all, nil
}

// oldCount returns how many rules a table has besides its chains' ends.
func oldCount(table string) (int, error) {
	if len(table) >= tableName {
		return 0, unix.ENAMETOOLONG
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var info [infoSize]byte
	copy(info[:], table)
	size := uint32(len(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_IP, getInfo,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	entries := int(binary.NativeEndian.Uint32(info[infoCount:]))
	for hooks := binary.NativeEndian.Uint32(info[infoHooks:]); hooks != 0; hooks &= hooks - 1 {
		entries-- // the policy of each built-in chain
	}
	return entries - 1, nil // and the end of all
}
