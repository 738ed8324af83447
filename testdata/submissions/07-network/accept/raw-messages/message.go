package main

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// message is a netlink message, or an attribute of one, that grows.
type message []byte

var e = binary.NativeEndian

func (m *message) add(kind uint16, value []byte) {
	*m = e.AppendUint16(*m, uint16(4+len(value)))
	*m = e.AppendUint16(*m, kind)
	*m = append(*m, value...)
	for len(*m)%4 != 0 {
		*m = append(*m, 0)
	}
}

func (m *message) text(kind uint16, s string)   { m.add(kind, append([]byte(s), 0)) }
func (m *message) number(kind uint16, v uint32) { m.add(kind, e.AppendUint32(nil, v)) }
func (m *message) big(kind uint16, v uint32)    { m.add(kind, binary.BigEndian.AppendUint32(nil, v)) }
func (m *message) nest(kind uint16, fill func(*message)) {
	var inner message
	fill(&inner)
	m.add(kind|unix.NLA_F_NESTED, inner)
}

// socket is one of netlink.
type socket struct{ fd, seq int }

func open(protocol int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, err
	}
	return &socket{fd: fd}, nil
}

func (s *socket) close() { unix.Close(s.fd) }

func (s *socket) header(kind, flags int, body []byte) []byte {
	s.seq++
	var b []byte
	b = e.AppendUint32(b, uint32(16+len(body)))
	b = e.AppendUint16(b, uint16(kind))
	b = e.AppendUint16(b, uint16(flags|unix.NLM_F_REQUEST))
	b = e.AppendUint32(b, uint32(s.seq))
	b = e.AppendUint32(b, 0)
	return append(b, body...)
}

// send sends what is complete and waits for n acknowledgements.
func (s *socket) send(b []byte, n int) error {
	if err := unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for n > 0 {
		var buf [8192]byte
		size, _, err := unix.Recvfrom(s.fd, buf[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for rest := buf[:size]; len(rest) >= 20; {
			length := int(e.Uint32(rest))
			if e.Uint16(rest[4:]) == unix.NLMSG_ERROR {
				if code := int32(e.Uint32(rest[16:])); code != 0 {
					return fmt.Errorf("netlink message %d: %w", e.Uint32(rest[8:]), unix.Errno(-code))
				}
				n--
			}
			rest = rest[min(len(rest), (length+3)&^3):]
		}
	}
	return nil
}

func (s *socket) do(kind, flags int, body []byte) error {
	return s.send(s.header(kind, flags|unix.NLM_F_ACK, body), 1)
}

// pair makes a veth pair of which the other end is in a process's namespace.
func (s *socket) pair(name, peer string, pid int) error {
	m := make(message, unix.SizeofIfInfomsg)
	m.text(unix.IFLA_IFNAME, name)
	m.nest(unix.IFLA_LINKINFO, func(m *message) {
		m.text(unix.IFLA_INFO_KIND, "veth")
		m.nest(unix.IFLA_INFO_DATA, func(m *message) {
			other := make(message, unix.SizeofIfInfomsg)
			other.text(unix.IFLA_IFNAME, peer)
			other.number(unix.IFLA_NET_NS_PID, uint32(pid))
			m.add(1, other) // VETH_INFO_PEER
		})
	})
	return s.do(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, m)
}

func (s *socket) setUp(name string, address [4]byte) error {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	if address[0] != 0 {
		m := make(message, unix.SizeofIfAddrmsg)
		m[0], m[1] = unix.AF_INET, 24
		e.PutUint32(m[4:], uint32(link.Index))
		m.add(unix.IFA_LOCAL, address[:])
		m.add(unix.IFA_ADDRESS, address[:])
		if err := s.do(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, m); err != nil {
			return fmt.Errorf("address of %s: %w", name, err)
		}
	}
	m := make(message, unix.SizeofIfInfomsg)
	e.PutUint32(m[4:], uint32(link.Index))
	e.PutUint32(m[8:], unix.IFF_UP)
	e.PutUint32(m[12:], unix.IFF_UP)
	return s.do(unix.RTM_NEWLINK, 0, m)
}

func (s *socket) gateway(address [4]byte) error {
	m := make(message, unix.SizeofRtMsg)
	m[0], m[4], m[5], m[6], m[7] = unix.AF_INET, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST
	m.add(unix.RTA_GATEWAY, address[:])
	return s.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE, m)
}

// filter makes a table with a rule that masquerades all, or deletes it.
func filter(on bool) error {
	s, err := open(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer s.close()
	head := func(family byte, id uint16) message { return binary.BigEndian.AppendUint16([]byte{family, 0}, id) }
	const subsystem = unix.NFNL_SUBSYS_NFTABLES << 8
	batch := s.header(unix.NFNL_MSG_BATCH_BEGIN, 0, head(0, unix.NFNL_SUBSYS_NFTABLES))
	count := 0
	put := func(kind int, flags int, fill func(*message)) {
		m := head(unix.NFPROTO_IPV4, 0)
		fill(&m)
		batch = append(batch, s.header(subsystem|kind, flags|unix.NLM_F_ACK, m)...)
		count++
	}
	if on {
		put(unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, func(m *message) { m.text(unix.NFTA_TABLE_NAME, "raw-messages") })
		put(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, func(m *message) {
			m.text(unix.NFTA_CHAIN_TABLE, "raw-messages")
			m.text(unix.NFTA_CHAIN_NAME, "post")
			m.text(unix.NFTA_CHAIN_TYPE, "nat")
			m.nest(unix.NFTA_CHAIN_HOOK, func(m *message) {
				m.big(unix.NFTA_HOOK_HOOKNUM, unix.NF_INET_POST_ROUTING)
				m.big(unix.NFTA_HOOK_PRIORITY, 100)
			})
		})
		put(unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND, func(m *message) {
			m.text(unix.NFTA_RULE_TABLE, "raw-messages")
			m.text(unix.NFTA_RULE_CHAIN, "post")
			m.nest(unix.NFTA_RULE_EXPRESSIONS, func(m *message) {
				m.nest(unix.NFTA_LIST_ELEM, func(m *message) { m.text(unix.NFTA_EXPR_NAME, "masq") })
			})
		})
	} else {
		put(unix.NFT_MSG_DELTABLE, 0, func(m *message) { m.text(unix.NFTA_TABLE_NAME, "raw-messages") })
	}
	batch = append(batch, s.header(unix.NFNL_MSG_BATCH_END, 0, head(0, unix.NFNL_SUBSYS_NFTABLES))...)
	return s.send(batch, count)
}
