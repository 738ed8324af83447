package internet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/netutil"
)

// Bounds of the servers.
const (
	maxConnections = 32
	maxHeader      = 4 << 10 // bytes
	patience       = 10 * time.Second
)

// Domain is one of which every name leads to Server.
const Domain = "example.test."

// names are the other names that there are.
func names() map[string]string {
	return map[string]string{
		"example.com.": Server, "www.example.com.": Server,
		"one.one.one.one.": Server, "dns.google.": Other,
	}
}

// serve starts the servers. Their sockets belong to the namespace of this thread.
func (n *Internet) serve() error {
	web, err := net.Listen("tcp4", ":80")
	if err != nil {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	var open connections
	server := &http.Server{
		Handler:     http.HandlerFunc(answerHTTP),
		ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience, MaxHeaderBytes: maxHeader,
		ConnState: open.note,
	}
	n.start(func() { server.Serve(netutil.LimitListener(web, maxConnections)) }, func() {
		open.cut()
		server.Close()
	})
	packets, err := net.ListenPacket("udp4", ":53")
	if err != nil {
		return fmt.Errorf("serve DNS: %w", err)
	}
	n.startDNS(&dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(answerDNS), UDPSize: dns.MinMsgSize, ReadTimeout: patience, WriteTimeout: patience})
	streams, err := net.Listen("tcp4", ":53")
	if err != nil {
		return fmt.Errorf("serve DNS: %w", err)
	}
	n.startDNS(&dns.Server{
		Listener: netutil.LimitListener(streams, maxConnections), Handler: dns.HandlerFunc(answerDNS),
		ReadTimeout: patience, WriteTimeout: patience, MaxTCPQueries: 16,
	})
	return nil
}

// start runs a server; stop is what makes run return.
func (n *Internet) start(run, stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	n.undo = append(n.undo, func() {
		stop()
		<-done
	})
}

func (n *Internet) startDNS(s *dns.Server) {
	begun := make(chan struct{})
	s.NotifyStartedFunc = func() { close(begun) }
	n.start(func() { s.ActivateAndServe() }, func() {
		<-begun
		over, cancel := context.WithCancel(context.Background())
		cancel() // who is served at the end is not waited for
		s.ShutdownContext(over)
	})
}

// connections are those that are open.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]bool
}

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]bool{}
	}
	switch state {
	case http.StateNew:
		c.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// cut ends them without a farewell, for which nobody is there to wait.
func (c *connections) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		if l, ok := conn.(interface{ SetLinger(int) error }); ok {
			l.SetLinger(0)
		}
		conn.Close()
	}
}

// answerHTTP tells who asks what the internet sees of him.
func answerHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	path := r.URL.Path
	io.WriteString(w, fmt.Sprintf("Hello from the sandbox's internet.\nYour address is %s, and you asked for %s.\n", from, strings.ToValidUTF8(path[:min(len(path), 200)], "?")))
}

func answerDNS(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg)
	if len(query.Question) != 1 {
		w.WriteMsg(reply.SetRcode(query, dns.RcodeFormatError))
		return
	}
	q := query.Question[0]
	name := strings.ToLower(q.Name)
	address := names()[name]
	if dns.IsSubDomain(Domain, name) {
		address = Server
	}
	reply.SetReply(query)
	reply.Authoritative = true
	switch {
	case address == "":
		reply.Rcode = dns.RcodeNameError
	case q.Qtype == dns.TypeA && q.Qclass == dns.ClassINET:
		reply.Answer = []dns.RR{&dns.A{
			Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.ParseIP(address),
		}}
	}
	w.WriteMsg(reply)
}
