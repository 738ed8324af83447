package internet

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/network"
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

// connected returns an internet and the network namespace of a host that it is
// joined to.
func connected(t *testing.T, opts Options) (*Internet, int) {
	t.Helper()
	if f := network.ProbeVeth(); f.Answer == sandbox.No {
		t.Skipf("needs veth: %s", f.Why)
	}
	// Its init. The parent-death signal comes when the thread ends.
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	host := exec.Command("/bin/sleep", "600")
	host.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	require.NoError(t, host.Start())
	t.Cleanup(func() {
		host.Process.Kill()
		host.Wait()
	})
	n := New(opts)
	require.NoError(t, n.connect(host.Process.Pid))
	t.Cleanup(n.Close)
	ns, err := unix.Open("/proc/"+strconv.Itoa(host.Process.Pid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(ns) })
	return n, ns
}

// get fetches a URL from the host.
func get(t *testing.T, ns int, url string) string {
	t.Helper()
	var conn net.Conn
	require.NoError(t, network.Within(ns, func() (err error) {
		conn, err = net.DialTimeout("tcp4", Server+":80", 30*time.Second)
		return err
	}))
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) { return conn, nil },
	}, Timeout: 30 * time.Second}
	res, err := client.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

func ask(t *testing.T, ns int, name string) *dns.Msg {
	t.Helper()
	var conn net.Conn
	require.NoError(t, network.Within(ns, func() (err error) {
		conn, err = net.Dial("udp4", Server+":53")
		return err
	}))
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := &dns.Conn{Conn: conn}
	require.NoError(t, c.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)))
	reply, err := c.ReadMsg()
	require.NoError(t, err)
	return reply
}

func arrived(n *Internet, protocol, word string) *evidence.Packet {
	packets := n.Seen().Arrived
	i := slices.IndexFunc(packets, func(p evidence.Packet) bool {
		return p.Protocol == protocol && bytes.Contains(p.Data, []byte(word))
	})
	if i < 0 {
		return nil
	}
	return &packets[i]
}

func TestServers(t *testing.T) {
	n, ns := connected(t, Options{})
	assert.Contains(t, get(t, ns, "http://"+Server+"/wordofhttp"), "Your address is "+HostAddress+", and you asked for /wordofhttp")
	reply := ask(t, ns, "wordofdns.example.test.")
	require.Len(t, reply.Answer, 1)
	assert.Equal(t, Server, reply.Answer[0].(*dns.A).A.String())
	assert.Equal(t, dns.RcodeNameError, ask(t, ns, "nobody.invalid.").Rcode)
	n.Close()
	require.NotNil(t, arrived(n, "tcp", "wordofhttp"))
	p := arrived(n, "udp", "wordofdns")
	require.NotNil(t, p)
	assert.Equal(t, evidence.Packet{Protocol: "udp", From: HostAddress, To: Server, Port: 53, TTL: 64, Data: p.Data, Count: 1}, *p)
}

// From the namespace nothing leads anywhere but to its other end.
func TestNothingElseIsThere(t *testing.T) {
	before, err := os.ReadFile("/proc/net/dev")
	require.NoError(t, err)
	_, ns := connected(t, Options{})
	look, err := network.Look(ns, ns, false)
	require.NoError(t, err)
	require.Len(t, look.Links, 2)
	eth0 := look.Links[1]
	assert.Equal(t, Interface, eth0.Name)
	assert.Equal(t, []string{HostAddress + "/24"}, eth0.Addresses)
	assert.Equal(t, evidence.PeerElsewhere, eth0.PeerIn)
	assert.False(t, look.Forwards)
	assert.Contains(t, look.Routes, evidence.Route{To: "default", Via: Gateway, Link: eth0.Index})
	after, err := os.ReadFile("/proc/net/dev")
	require.NoError(t, err)
	assert.Equal(t, bytes.Count(before, []byte("\n")), bytes.Count(after, []byte("\n")), "an interface in the machine's own network")
}

// When it is closed its namespace goes, and with that the host's interface.
func TestClose(t *testing.T) {
	n, ns := connected(t, Options{})
	get(t, ns, "http://"+Server+"/")
	// One that stays open, and one in the middle of a request.
	require.NoError(t, network.Within(ns, func() error {
		for range 2 {
			c, err := net.Dial("tcp4", Server+":80")
			if err != nil {
				return err
			}
			t.Cleanup(func() { c.Close() })
			io.WriteString(c, "GET / HT")
		}
		return nil
	}))
	n.Close()
	gone := func() bool {
		look, err := network.Look(ns, ns, false)
		return err == nil && len(look.Links) == 1
	}
	assert.Eventually(t, gone, 30*time.Second, 10*time.Millisecond)
}

// What is sent to it in bulk is counted, not kept.
func TestFlood(t *testing.T) {
	n, ns := connected(t, Options{})
	require.NoError(t, network.Within(ns, func() error {
		c, err := net.Dial("udp4", Other+":9")
		if err != nil {
			return err
		}
		defer c.Close()
		for i := range 5000 {
			c.Write(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 700))
		}
		return nil
	}))
	n.Close()
	assert.LessOrEqual(t, len(n.Seen().Arrived), maxPackets)
	assert.Equal(t, len(n.Seen().Arrived) == maxPackets, n.Seen().Cut)
	for _, p := range n.Seen().Arrived {
		assert.LessOrEqual(t, len(p.Data), maxData)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x1c\x00\x00\x40\x00\x40\x01\x00\x00\xc0\x00\x02\x02\x01\x01\x01\x01\x08\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parse(b); ok {
			assert.LessOrEqual(t, len(p.Data), maxData)
		}
	})
}

// In a plain one nothing comes back to a container's address.
func TestPlain(t *testing.T) {
	for _, plain := range []bool{false, true} {
		n, ns := connected(t, Options{Plain: plain})
		require.NoError(t, network.Within(ns, func() error {
			lo, err := netlink.LinkByName("lo")
			require.NoError(t, err)
			a, err := netlink.ParseAddr("10.0.0.2/32")
			require.NoError(t, err)
			require.NoError(t, netlink.AddrAdd(lo, a))
			require.NoError(t, netlink.LinkSetUp(lo))
			d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2)}}
			conn, err := d.Dial("udp4", Server+":53")
			if err != nil {
				return err
			}
			defer conn.Close()
			c := &dns.Conn{Conn: conn}
			require.NoError(t, c.WriteMsg(new(dns.Msg).SetQuestion("inside.example.test.", dns.TypeA)))
			// On a busy machine the kernel takes its time to hand it over.
			require.Eventually(t, func() bool { return arrived(n, "udp", "inside") != nil }, 30*time.Second, time.Millisecond)
			conn.SetDeadline(time.Now().Add(map[bool]time.Duration{true: 200 * time.Millisecond, false: 30 * time.Second}[plain]))
			_, err = c.ReadMsg()
			assert.Equal(t, plain, err != nil)
			return nil
		}))
		n.Close()
		p := arrived(n, "udp", "inside")
		require.NotNil(t, p)
		assert.Equal(t, "10.0.0.2", p.From)
	}
}
