package main

import (
	"net"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
)

func outsideByHand(pid int) error {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "host1"}, PeerName: "cont1", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(pair); err != nil {
		return err
	}
	return bringUp("host1", "10.0.0.1/24")
}

func insideByHand() error {
	for name, address := range map[string]string{"lo": "", "cont1": "10.0.0.2/24"} {
		if err := bringUp(name, address); err != nil {
			return err
		}
	}
	return netlink.RouteAdd(&netlink.Route{Gw: net.IPv4(10, 0, 0, 1)})
}

func bringUp(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if address != "" {
		a, err := netlink.ParseAddr(address)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, a); err != nil {
			return err
		}
	}
	return netlink.LinkSetUp(link)
}

func masqueradeByHand(on bool) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "box"}
	if !on {
		c.DelTable(table)
		return c.Flush()
	}
	chain := &nftables.Chain{
		Name: "post", Table: c.AddTable(table), Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	}
	c.AddRule(&nftables.Rule{Table: table, Chain: c.AddChain(chain), Exprs: []expr.Any{&expr.Masq{}}})
	return c.Flush()
}
