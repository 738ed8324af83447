package network

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// Features that exercises about networks need. Scenarios name them.
const (
	// Veth is pairs of virtual interfaces.
	Veth = "veth"
	// NAT is a packet filter that can put one address in another's place.
	NAT = "nat"
)

// Probe tries them, each in a network namespace that is thrown away. It needs
// what sandbox.Open needs.
func Probe() []sandbox.Feature {
	return []sandbox.Feature{ProbeVeth(), ProbeNAT()}
}

const remedy = "check it in the VM, which has it: VM=1"

// ProbeVeth makes a pair of interfaces.
func ProbeVeth() sandbox.Feature {
	return answer(Veth, WithinNew(func() error {
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "one"
		if err := h.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "other"}); err != nil {
			return fmt.Errorf("make a veth pair: %w", err)
		}
		return nil
	}), remedy+"; or sudo modprobe veth")
}

// ProbeNAT makes a rule that masquerades.
func ProbeNAT() sandbox.Feature {
	return answer(NAT, WithinNew(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "probe"})
		chain := c.AddChain(&nftables.Chain{
			Name: "probe", Table: table, Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
		})
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Masq{}}})
		if err := c.Flush(); err != nil {
			return fmt.Errorf("make a rule of nf_tables that masquerades: %w", err)
		}
		return nil
	}), remedy+"; or sudo modprobe -a nft_chain_nat nft_masq")
}

// answer is No for errors that mean that the kernel lacks something or forbids it.
func answer(name string, err error, remedy string) sandbox.Feature {
	f := sandbox.Feature{Name: name, Answer: sandbox.Yes, Optional: true}
	if err == nil {
		return f
	}
	f.Answer, f.Why, f.Remedy = sandbox.CouldNotTell, err.Error(), remedy
	for _, no := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSYS, unix.ENOENT, unix.ENODEV, unix.EOPNOTSUPP, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, no) {
			f.Answer = sandbox.No
		}
	}
	return f
}
