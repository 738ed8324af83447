package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"pidone/checker/evidence"
	"pidone/checker/pace"
)

// How long an answer is waited for. It is in pieces, so that a machine which stands
// still for a while uses up one of them, and asks again.
const (
	piece  = 100 * time.Millisecond
	pieces = 15
	again  = 5 // pieces
	tries  = 2
	each   = 1500 * time.Millisecond // a try of what cannot be cut up
)

// A sender sends packets that can be told from all others: by a word in them, and
// by the TTL that they begin with, which is between those that systems use.
type sender struct {
	said *evidence.Said
	net  *evidence.SaidNetwork
	pace *pace.Watch
}

func newSender(args []string) *sender {
	s := &sender{said: look(args), net: &evidence.SaidNetwork{Word: word(), TTL: 80 + rand.N(40)}}
	s.said.Network = s.net
	s.pace = pace.Start()
	return s
}

// dialer opens connections with the sender's TTL.
func (s *sender) dialer() *net.Dialer {
	return &net.Dialer{Timeout: each, Control: func(_, _ string, c syscall.RawConn) (err error) {
		if failed := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TTL, s.net.TTL)
		}); failed != nil {
			return failed
		}
		return err
	}}
}

// tell says what came of it.
func (s *sender) tell(what string, err error) error {
	s.net.Late = max(0, s.pace.Late()).Microseconds()
	if err != nil {
		s.said.Errors[what] = err.Error()
	} else {
		s.net.Answered = append(s.net.Answered, what)
	}
	return errors.Join(tell(s.said), err)
}

// try does something until it succeeds, a few times.
func try(f func() error) (err error) {
	for range tries {
		if err = f(); err == nil {
			break
		}
	}
	return err
}

// ping asks for an echo, icmp(7).
func ping(args []string) error {
	address, err := one(args)
	if err != nil {
		return err
	}
	s := newSender(args)
	return s.tell("ping "+address, s.ping(address))
}

func (s *sender) ping(address string) error {
	d := s.dialer()
	d.Timeout = 0 // nothing is waited for here
	c, err := d.Dial("ip4:icmp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	echo := append([]byte{8, 0, 0, 0, 0, 1, 0, 1}, s.net.Word...)
	binary.BigEndian.PutUint16(echo[2:], checksum(echo))
	for n := range pieces {
		if n%again == 0 {
			if _, err := c.Write(echo); err != nil {
				return err
			}
		}
		c.SetReadDeadline(time.Now().Add(piece))
		for {
			var buf [512]byte
			n, _, failed := c.(*net.IPConn).ReadFromIP(buf[:]) // without the IP header
			if err = failed; err != nil {
				break
			}
			if bytes.Contains(buf[:n], []byte(s.net.Word)) && buf[0] == 0 { // an echo's reply
				return nil
			}
		}
	}
	return err
}

// checksum is the Internet's, of an even or odd number of bytes.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		word := [2]byte{}
		copy(word[:], b[i:])
		sum += uint32(binary.BigEndian.Uint16(word[:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// fetch asks a server for a page, and is content with one that names the word.
func fetch(args []string) error {
	address, err := one(args)
	if err != nil {
		return err
	}
	s := newSender(args)
	return s.tell("fetch "+address, try(func() error { return s.fetch(address) }))
}

func (s *sender) fetch(address string) error {
	c, err := s.dialer().Dial("tcp4", net.JoinHostPort(address, "80"))
	if err != nil {
		return err
	}
	// Nothing of it must be left when this process is gone.
	defer c.Close()
	c.(*net.TCPConn).SetLinger(0)
	c.SetDeadline(time.Now().Add(each))
	if _, err := fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", s.net.Word, address); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(c, 4096))
	if err == nil && !bytes.Contains(text, []byte(s.net.Word)) {
		err = fmt.Errorf("an answer to something else: %.40q", text)
	}
	return err
}

// resolve asks for the address of a name, as every program does, by what
// /etc/resolv.conf says. A * in the name is the word.
func resolve(args []string) error {
	name, err := one(args)
	if err != nil {
		return err
	}
	s := newSender(args)
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return s.dialer().DialContext(ctx, network, address)
	}}
	err = try(func() error {
		ctx, stop := context.WithTimeout(context.Background(), each)
		defer stop()
		addresses, err := r.LookupNetIP(ctx, "ip4", strings.ReplaceAll(name, "*", s.net.Word)+".")
		if err == nil && len(addresses) == 0 {
			err = fmt.Errorf("no address")
		}
		return err
	})
	return s.tell("resolve "+name, err)
}
