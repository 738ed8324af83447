package picture

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"pidone/checker/evidence"
)

func TestNetworks(t *testing.T) {
	before := []evidence.Link{{Index: 1, Name: "lo", Up: true}, {Index: 2, Name: "eth0", Up: true}}
	p := &evidence.Process{Execs: []evidence.Exec{{Seq: 7, Networks: &evidence.Networks{
		Own: &evidence.Network{
			Links:  []evidence.Link{{Index: 1, Name: "lo"}, {Index: 2, Name: "eth0", Up: true, Addresses: []string{"10.0.0.2/24"}}},
			Routes: []evidence.Route{{To: "10.0.0.0/24"}, {To: "default", Via: "10.0.0.1"}},
		},
		Host: &evidence.Network{Links: append(before[:2:2], evidence.Link{Index: 3, Name: "br0", Up: true}), Rules: []string{"ip a b: masquerade"}},
	}}}}
	run := &evidence.Run{Processes: []*evidence.Process{p}, Host: evidence.Host{Internet: &evidence.Internet{
		HostAddress: "192.0.2.2", Before: evidence.Network{Links: before}, After: evidence.Network{Rules: []string{"ip a b: masquerade"}},
		Arrived: []evidence.Packet{
			{Protocol: "icmp", From: "192.0.2.2", To: "1.1.1.1"}, {Protocol: "icmp", From: "192.0.2.2", To: "1.1.1.1", TTL: 5},
			{Protocol: "tcp", From: "10.0.0.2", To: "1.1.1.1"},
		},
	}}}
	b := &builder{run: run, see: func(s string) string { return s }}
	assert.Equal(t, []Note{
		{Text: "its interfaces: lo (down), eth0 10.0.0.2/24"}, {Text: "its default route leads to 10.0.0.1"},
		{Text: "on the host by then: br0"}, {Text: "in the host's packet filter by then: ip a b: masquerade"},
	}, b.inNetwork(p, 7))
	assert.Empty(t, b.inNetwork(p, 8))
	assert.Equal(t, []Note{
		{Text: "arrived on the internet, at 1.1.1.1: icmp from 192.0.2.2"},
		{Text: "arrived on the internet, at 1.1.1.1: tcp from 10.0.0.2", Tone: Bad},
		{Text: "left behind in the host's packet filter: ip a b: masquerade", Tone: Bad},
	}, b.internet())
	run.Host.Internet = nil
	assert.Empty(t, b.inNetwork(p, 7))
	assert.Empty(t, b.internet())

	data := []byte("\x14\x00\x00\x00")
	lines, _ := b.written(&item{events: []*evidence.Event{{Target: &evidence.Target{Kind: "socket"}, Data: data, Size: 20}}})
	assert.Equal(t, []string{"20 bytes that are no text"}, lines)
	lines, _ = b.written(&item{events: []*evidence.Event{{Target: &evidence.Target{Kind: "stdout"}, Data: data, Size: 20}}})
	assert.Equal(t, []string{string(data)}, lines)
}
