package vm

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// wanted are the modules that the exercises and the machine itself use. What a
// kernel has built in is no module there.
func wanted() []string {
	return []string{
		"virtio_pci", "virtio_console", // the port
		"overlay",
		"veth", "bridge", "br_netfilter", "dummy", "macvlan",
		"nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_ct", "nft_compat", "nft_reject_inet", "nft_redir", // nft
		"xfrm_user",                                                                                             // IPsec's family of netlink, which Go's package for netlink opens along with others
		"iptable_nat", "iptable_filter", "xt_MASQUERADE", "xt_nat", "xt_conntrack", "xt_comment", "xt_addrtype", // iptables
		"xt_mark", "ipt_REJECT", // what bigger programs have it do besides
	}
}

// moduleName returns what the kernel calls the module in a file, or "" if it
// is none.
func moduleName(file string) string {
	name, xz := strings.CutSuffix(path.Base(file), ".xz")
	name, ok := strings.CutSuffix(name, ".ko")
	if !ok && !xz {
		return ""
	}
	return strings.ReplaceAll(name, "-", "_")
}

// unpackModule returns a module's ELF file.
func unpackModule(file string, data []byte) ([]byte, error) {
	if !strings.HasSuffix(file, ".xz") {
		return data, nil
	}
	r, err := xz.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path.Base(file), err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path.Base(file), err)
	}
	return out, nil
}

// dependencies reads which modules a module needs, from its section .modinfo.
func dependencies(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for _, entry := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), nil
		}
	}
	return nil, nil
}

// loadOrder returns the wanted modules of those that get returns, with all that
// they need before them. get returns nil for what is no module of the kernel:
// it is built in, or this kernel does not have it.
func loadOrder(names []string, get func(name string) ([]byte, error)) (order []string, err error) {
	var visit func(name string, path []string) error
	visit = func(name string, path []string) error {
		if slices.Contains(order, name) {
			return nil
		}
		if slices.Contains(path, name) {
			return fmt.Errorf("order modules: %s needs itself", name)
		}
		data, err := get(name)
		if err != nil || data == nil {
			return err
		}
		needs, err := dependencies(data)
		if err != nil {
			return fmt.Errorf("read module %s: %w", name, err)
		}
		for _, n := range needs {
			if err := visit(n, append(path, name)); err != nil {
				return err
			}
		}
		order = append(order, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name, nil); err != nil {
			return nil, err
		}
	}
	return order, nil
}
