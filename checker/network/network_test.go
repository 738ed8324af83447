package network

import (
	"net"
	"os"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

func TestMain(m *testing.M) {
	code, entered, err := sandbox.Enter()
	if err != nil {
		os.Stderr.WriteString("the tests of this package need network namespaces: " + err.Error() + "\n")
		os.Exit(1)
	}
	if !entered {
		code = m.Run()
	}
	os.Exit(code)
}

// fresh returns a new network namespace.
func fresh(t *testing.T) int {
	t.Helper()
	ns := -1
	require.NoError(t, WithinNew(func() (err error) {
		ns, err = Own()
		return err
	}))
	t.Cleanup(func() { unix.Close(ns) })
	return ns
}

func needs(t *testing.T, f sandbox.Feature) {
	t.Helper()
	require.NotEqual(t, sandbox.CouldNotTell, f.Answer, f.Why)
	if f.Answer == sandbox.No {
		t.Skipf("needs %s: %s", f.Name, f.Why)
	}
}

func TestLookAtNothing(t *testing.T) {
	ns := fresh(t)
	n, err := Look(ns, fresh(t), false)
	require.NoError(t, err)
	assert.Equal(t, []evidence.Link{{Index: 1, Name: "lo"}}, n.Links)
	assert.Empty(t, n.Routes)
	assert.Empty(t, n.Rules)
}

// Every table there could be, empty.
func TestLookAtTables(t *testing.T) {
	ns := fresh(t)
	n, err := Look(ns, ns, true)
	require.NoError(t, err)
	assert.Empty(t, n.Rules)
	require.NoError(t, Within(ns, func() error {
		for _, every := range []bool{true, false} {
			rules, err := oldRules(true, every)
			assert.NoError(t, err)
			assert.Empty(t, rules)
		}
		return nil
	}))
}

func TestLookAtRules(t *testing.T) {
	needs(t, ProbeNAT())
	ns := fresh(t)
	require.NoError(t, Within(ns, func() error {
		c, err := nftables.New()
		require.NoError(t, err)
		drop := nftables.ChainPolicyDrop
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "t"})
		chain := c.AddChain(&nftables.Chain{Name: "c", Table: table, Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource})
		c.AddChain(&nftables.Chain{Name: "d", Table: table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter, Policy: &drop})
		c.AddChain(&nftables.Chain{Name: "empty", Table: table})
		for _, e := range []expr.Any{&expr.Masq{}, &expr.Verdict{Kind: expr.VerdictDrop}, &expr.Counter{}} {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{e}})
		}
		return c.Flush()
	}))
	n, err := Look(ns, ns, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"ip t c: masquerade", "ip t c: drop", "ip t c: a rule", "ip t d: policy drop"}, n.Rules)
}

func TestAddRules(t *testing.T) {
	needs(t, ProbeNAT())
	ns := fresh(t)
	require.NoError(t, Within(ns, func() error { return AddRules("t", net.IPv4(192, 0, 2, 254)) }))
	n, err := Look(ns, ns, false)
	require.NoError(t, err)
	assert.Subset(t, n.Rules, []string{"inet t input: accept", "ip filter FORWARD: return", "ip nat POSTROUTING: return"})
	if _, err := os.Stat("/proc/net/ip_tables_names"); err == nil {
		assert.Subset(t, n.Rules, []string{"iptables-legacy filter: a rule", "iptables-legacy nat: a rule"})
	}
}

func TestLookAtBothEnds(t *testing.T) {
	needs(t, ProbeVeth())
	host, own, third := fresh(t), fresh(t), fresh(t)
	require.NoError(t, Within(host, func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "outer"
		require.NoError(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "inner", PeerNamespace: netlink.NsFd(own)}))
		l, err := netlink.LinkByName("outer")
		require.NoError(t, err)
		a, err := netlink.ParseAddr("10.0.0.1/24")
		require.NoError(t, err)
		require.NoError(t, netlink.AddrAdd(l, a))
		require.NoError(t, netlink.LinkSetUp(l))
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	}))
	require.NoError(t, Within(own, func() error {
		l, err := netlink.LinkByName("inner")
		require.NoError(t, err)
		a, err := netlink.ParseAddr("10.0.0.2/24")
		require.NoError(t, err)
		require.NoError(t, netlink.AddrAdd(l, a))
		require.NoError(t, netlink.LinkSetUp(l))
		gw, err := netlink.ParseAddr("10.0.0.1/32")
		require.NoError(t, err)
		return netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: gw.IP})
	}))
	at, err := Look(host, host, false)
	require.NoError(t, err)
	in, err := Look(own, host, false)
	require.NoError(t, err)
	require.Len(t, at.Links, 2)
	require.Len(t, in.Links, 2)
	outer, inner := at.Links[1], in.Links[1]
	assert.Equal(t, evidence.Link{Index: outer.Index, Name: "outer", Kind: "veth", Up: true, Addresses: []string{"10.0.0.1/24"}, Peer: inner.Index, PeerIn: evidence.PeerElsewhere}, outer)
	assert.Equal(t, evidence.Link{Index: inner.Index, Name: "inner", Kind: "veth", Up: true, Addresses: []string{"10.0.0.2/24"}, Peer: outer.Index, PeerIn: evidence.PeerHost}, inner)
	assert.True(t, at.Forwards)
	assert.Contains(t, in.Routes, evidence.Route{To: "default", Via: "10.0.0.1", Link: inner.Index})
	assert.Contains(t, in.Routes, evidence.Route{To: "10.0.0.0/24", Link: inner.Index})

	in, err = Look(own, third, false)
	require.NoError(t, err)
	assert.Equal(t, evidence.PeerElsewhere, in.Links[1].PeerIn)
}

// What the kernel makes by itself is not told, and everything else is.
func TestLookAtRoutes(t *testing.T) {
	needs(t, ProbeVeth())
	ns := fresh(t)
	quiet, err := Look(ns, ns, false)
	require.NoError(t, err)
	assert.Empty(t, quiet.OtherRoutes)
	assert.NotEmpty(t, quiet.Policies)
	var index int
	require.NoError(t, Within(ns, func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "one"
		require.NoError(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "other"}))
		for _, name := range []string{"lo", "one", "other"} {
			l, err := netlink.LinkByName(name)
			require.NoError(t, err)
			require.NoError(t, netlink.LinkSetUp(l))
			if name == "one" {
				index = l.Attrs().Index
				a, err := netlink.ParseAddr("10.0.0.1/24")
				require.NoError(t, err)
				require.NoError(t, netlink.AddrAdd(l, a))
			}
		}
		return nil
	}))
	up, err := Look(ns, ns, false)
	require.NoError(t, err)
	assert.Equal(t, []evidence.Route{{To: "10.0.0.0/24", Link: index}}, up.Routes)
	assert.Empty(t, up.OtherRoutes)
	assert.Equal(t, quiet.Policies, up.Policies)

	var want []evidence.Route
	require.NoError(t, Within(ns, func() error {
		add := func(to string, r netlink.Route, told evidence.Route) {
			dst, err := netlink.ParseIPNet(to)
			require.NoError(t, err)
			r.Dst = dst
			require.NoError(t, netlink.RouteAdd(&r), to)
			want = append(want, told)
		}
		add("10.1.0.0/16", netlink.Route{LinkIndex: index, Table: 100}, evidence.Route{To: "10.1.0.0/16", Link: index, Table: 100})
		add("10.2.0.0/16", netlink.Route{Type: unix.RTN_BLACKHOLE, Table: 1000, Priority: 5}, evidence.Route{To: "10.2.0.0/16", Kind: "blackhole", Table: 1000, Metric: 5})
		if _, err := os.Stat("/proc/net/if_inet6"); err == nil {
			add("fd00:9::/64", netlink.Route{LinkIndex: index}, evidence.Route{To: "fd00:9::/64", Link: index, Metric: 1024})
		}
		rule := netlink.NewRule()
		rule.Family, rule.Priority, rule.Table, rule.Mark = netlink.FAMILY_V4, 500, 100, 7
		return netlink.RuleAdd(rule)
	}))
	now, err := Look(ns, ns, false)
	require.NoError(t, err)
	assert.ElementsMatch(t, want, now.OtherRoutes)
	assert.Equal(t, up.Routes, now.Routes)
	assert.ElementsMatch(t, append(up.Policies, "ip 500: from all to all fwmark 0x7 lookup 100"), now.Policies)
}

// Threads that were elsewhere must not come back to the program.
func TestLookLeavesThreadsAlone(t *testing.T) {
	before, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	for range 20 {
		_, err := Look(fresh(t), fresh(t), false)
		require.NoError(t, err)
		now, err := os.Readlink("/proc/thread-self/ns/net")
		require.NoError(t, err)
		require.Equal(t, before, now)
	}
}

func TestCounted(t *testing.T) {
	assert.Equal(t, evidence.Counted{Sent: 7, Received: 3, Forwarded: 2},
		countedIn("Ip: Forwarding InReceives ForwDatagrams OutRequests More\nIp: 1 3 2 7\nIcmp: InMsgs\nIcmp: 9\n"))
	assert.Empty(t, countedIn("Ip:\n"))
	assert.Empty(t, countedIn("x"))
	n, err := Look(fresh(t), fresh(t), false)
	require.NoError(t, err)
	assert.Empty(t, n.Counted)
}
