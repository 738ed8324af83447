package internet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// Bounds of what is noted.
const (
	maxPackets = 200 // different ones
	maxData    = 160 // bytes of each
	maxPacket  = 2 << 10
)

// tap notes what arrives at an interface.
type tap struct {
	fd   int
	wake int // an eventfd: end
	done chan struct{}

	mu      sync.Mutex
	packets []evidence.Packet
	cut     bool // there were more
}

// listen opens a tap of an interface of this thread's namespace. It sees IPv4
// packets that come in, and none that go out: packet(7).
func listen(link int) (*tap, error) {
	network := func(v uint16) uint16 { return v<<8 | v>>8 } // both architectures are little-endian
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	// Room for what comes while nobody reads.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20)
	err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: network(unix.ETH_P_IP), Ifindex: link})
	wake := -1
	if err == nil {
		wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	t := &tap{fd: fd, wake: wake, done: make(chan struct{})}
	go t.run()
	return t, nil
}

func (t *tap) run() {
	defer close(t.done)
	fds := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}, {Fd: int32(t.wake), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return
		}
		t.drain()
		if fds[1].Revents != 0 {
			return
		}
	}
}

// drain takes what is there.
func (t *tap) drain() {
	var buf [maxPacket]byte
	for {
		n, _, err := unix.Recvfrom(t.fd, buf[:], 0)
		switch err {
		case nil:
			if p, ok := parse(buf[:n]); ok {
				t.note(p)
			}
		case unix.EINTR, unix.ENETDOWN: // the latter once, when the host's end has gone
		default:
			return
		}
	}
}

func (t *tap) note(p evidence.Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	same := func(o evidence.Packet) bool {
		return o.Protocol == p.Protocol && o.From == p.From && o.To == p.To && o.Port == p.Port && o.TTL == p.TTL && bytes.Equal(o.Data, p.Data)
	}
	if i := slices.IndexFunc(t.packets, same); i >= 0 {
		t.packets[i].Count++
	} else if len(t.packets) < maxPackets {
		t.packets = append(t.packets, p)
	} else {
		t.cut = true
	}
}

// stop ends the tap when all that had arrived was noted.
func (t *tap) stop() {
	_, _ = unix.Write(t.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	<-t.done
	unix.Close(t.fd)
	unix.Close(t.wake)
}

// arrived returns what has been noted, and whether there was more.
func (t *tap) arrived() (packets []evidence.Packet, cut bool) {
	if t == nil {
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.packets), t.cut
}

// parse reads an IPv4 packet, ip(7). It is false for what is none.
func parse(b []byte) (evidence.Packet, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return evidence.Packet{}, false
	}
	header := int(b[0]&15) * 4
	if header < 20 || header > len(b) {
		return evidence.Packet{}, false
	}
	p := evidence.Packet{
		From: netip.AddrFrom4([4]byte(b[12:16])).String(), To: netip.AddrFrom4([4]byte(b[16:20])).String(),
		TTL: int(b[8]), Count: 1,
	}
	rest := b[header:]
	behind := 0
	switch b[9] {
	case unix.IPPROTO_ICMP:
		p.Protocol, behind = "icmp", 8
	case unix.IPPROTO_UDP:
		p.Protocol, behind = "udp", 8
	case unix.IPPROTO_TCP:
		p.Protocol, behind = "tcp", 20
		if len(rest) > 12 {
			behind = int(rest[12]>>4) * 4
		}
	default:
		p.Protocol = strconv.Itoa(int(b[9]))
	}
	if (b[9] == unix.IPPROTO_UDP || b[9] == unix.IPPROTO_TCP) && len(rest) >= 4 {
		p.Port = int(binary.BigEndian.Uint16(rest[2:]))
	}
	if rest = rest[min(behind, len(rest)):]; len(rest) > 0 {
		p.Data = bytes.Clone(rest[:min(len(rest), maxData)])
	}
	return p, true
}
