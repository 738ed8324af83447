package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The older ip_tables, of which iptables-legacy(8) is the tool, are asked by
// getsockopt(2) on a raw socket, and told by setsockopt(2):
// linux/netfilter_ipv4/ip_tables.h. ip6_tables are their like.
const (
	getInfo   = 64 // IPT_SO_GET_INFO
	replace   = 64 // IPT_SO_SET_REPLACE
	tableName = 32 // bytes, XT_TABLE_MAXNAMELEN
	infoSize  = tableName + 4 + 5*4 + 5*4 + 4 + 4
	infoHooks = tableName
	infoCount = tableName + 4 + 5*4 + 5*4
)

// oldKind is ip_tables or ip6_tables.
type oldKind struct {
	tool, list    string
	family, level int
}

func oldKinds() []oldKind {
	return []oldKind{
		{"iptables-legacy", "ip_tables_names", unix.AF_INET, unix.SOL_IP},
		{"ip6tables-legacy", "ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6},
	}
}

// tables returns which tables there are. The list is the machine's root's to read:
// in a namespace made together with its user namespace no other root can. Then they
// are those that AddRules has made and, with all, those that there could be; to ask
// for one that is not there makes it.
func (k oldKind) tables(added, all bool) ([]string, error) {
	names, err := os.ReadFile("/proc/thread-self/net/" + k.list)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission) && all:
		return []string{"filter", "nat", "mangle", "raw", "security"}, nil
	case errors.Is(err, fs.ErrPermission) && added && k.family == unix.AF_INET:
		return []string{"filter", "nat"}, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return slices.Sorted(strings.FieldsSeq(string(names))), nil
}

// oldRules lists in which tables of ip_tables and ip6_tables there are rules.
func oldRules(added, every bool) ([]string, error) {
	var all []string
	for _, k := range oldKinds() {
		names, err := k.tables(added, every)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			info, err := k.ask(name)
			if lacksOld(err) {
				continue // this kernel has none of that name
			}
			if err != nil {
				return nil, fmt.Errorf("look at table %s: %w", name, err)
			}
			for range min(info.rules(), maxRules) {
				all = append(all, k.tool+" "+name+": a rule")
			}
		}
	}
	return all, nil
}

// lacksOld tells whether an error says that the kernel has no such table.
func lacksOld(err error) bool {
	for _, no := range []error{unix.ENOENT, unix.EINVAL, unix.ENOPROTOOPT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// oldInfo is a struct ipt_getinfo.
type oldInfo [infoSize]byte

func (i *oldInfo) at(offset int) uint32 { return binary.NativeEndian.Uint32(i[offset:]) }

// rules is how many rules a table has besides the policies of its built-in chains
// and the end of all.
func (i *oldInfo) rules() int {
	return int(i.at(infoCount)) - bits.OnesCount32(i.at(infoHooks)) - 1
}

func (k oldKind) ask(table string) (*oldInfo, error) {
	if len(table) >= tableName {
		return nil, unix.ENAMETOOLONG
	}
	fd, err := unix.Socket(k.family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	info := &oldInfo{}
	copy(info[:], table)
	size := uint32(len(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(k.level), getInfo,
		uintptr(unsafe.Pointer(info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return nil, errno
	}
	return info, nil
}

// Sizes of what a table of ip_tables is made of, linux/netfilter/x_tables.h.
const (
	entrySize    = 112 // struct ipt_entry
	entryTarget  = 88  // where it says how far away its target is, and its end
	targetHead   = 32  // struct xt_entry_target: size, name, revision
	standardSize = entrySize + 40
	errorSize    = entrySize + 64
	acceptIt     = -2 // a verdict: -NF_ACCEPT - 1
)

// addOldRule adds a rule to the built-in chain at a hook of a table of ip_tables,
// which accepts what comes from an address. The table has no rule yet; one that has
// is left alone, and so is a kernel without ip_tables.
func addOldRule(table string, hook int, from net.IP) error {
	k := oldKinds()[0]
	info, err := k.ask(table)
	if lacksOld(err) || err == nil && info.rules() != 0 {
		return nil
	}
	if err != nil {
		return err
	}
	entry := func(from net.IP, size int) []byte {
		e := make([]byte, size)
		if from != nil {
			copy(e, from.To4())
			copy(e[8:], []byte{255, 255, 255, 255})
		}
		binary.NativeEndian.PutUint16(e[entryTarget:], entrySize)
		binary.NativeEndian.PutUint16(e[entryTarget+2:], uint16(size))
		binary.NativeEndian.PutUint16(e[entrySize:], uint16(size-entrySize))
		return e
	}
	accept := func(from net.IP) []byte {
		e, verdict := entry(from, standardSize), int32(acceptIt)
		binary.NativeEndian.PutUint32(e[entrySize+targetHead:], uint32(verdict))
		return e
	}
	var entries []byte
	var starts, policies [5]uint32
	count := uint32(0)
	add := func(e []byte) {
		entries = append(entries, e...)
		count++
	}
	for h := range starts {
		if info.at(infoHooks)&(1<<h) == 0 {
			continue
		}
		starts[h] = uint32(len(entries))
		if h == hook {
			add(accept(from))
		}
		policies[h] = uint32(len(entries))
		add(accept(nil))
	}
	end := entry(nil, errorSize)
	copy(end[entrySize+2:], "ERROR")
	copy(end[entrySize+targetHead:], "ERROR")
	add(end)

	// A struct ipt_replace. What the old entries have counted is written to counters.
	counters := make([]byte, 16*info.at(infoCount))
	head := append(make([]byte, 0, 96+len(entries)), info[:tableName]...)
	number := func(v uint32) { head = binary.NativeEndian.AppendUint32(head, v) }
	number(info.at(infoHooks))
	number(count)
	number(uint32(len(entries)))
	for _, v := range slices.Concat(starts[:], policies[:]) {
		number(v)
	}
	number(info.at(infoCount))
	head = binary.NativeEndian.AppendUint64(head, uint64(uintptr(unsafe.Pointer(&counters[0]))))
	fd, err := unix.Socket(k.family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.SetsockoptString(fd, k.level, replace, string(append(head, entries...)))
	runtime.KeepAlive(counters)
	if lacksOld(err) {
		return nil
	}
	return err
}
