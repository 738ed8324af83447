package scenario

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// network07 reads a recording of exercise 07, changed by change.
func network07(t *testing.T, name string, change func(*evidence.Run)) *Recording {
	t.Helper()
	r, err := ReadRecording(filepath.Join("../../testdata/evidence", ex07, name+".json"))
	require.NoError(t, err)
	for _, run := range r.Runs {
		change(run.Run)
	}
	return r
}

// judge07 judges one step of a recording.
func judge07(t *testing.T, r *Recording, step int, lacks func(string) (string, error)) Outcome {
	t.Helper()
	o, err := Judge(context.Background(), Script{
		Path: files(t, ex07)[step-1], Exercise: ex07, Step: step, WorkDir: t.TempDir(), Lacks: lacks,
		Passed: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true},
	}, r.Run)
	require.NoError(t, err)
	return o
}

func causes07(o Outcome) []string {
	var causes []string
	for _, f := range o.Findings {
		causes = append(causes, f.Cause)
	}
	return causes
}

// Where the machine lacks NAT, nothing is held against a program that asks for it
// and fails; one that does not ask is judged as far as that goes.
func TestProgramsThatWantWhatTheMachineLacks(t *testing.T) {
	noNAT := func(name string) (string, error) {
		if name == "nat" {
			return "no such rule", nil
		}
		return "", nil
	}
	same := func(*evidence.Run) {}
	o := judge07(t, network07(t, "addresses-swapped", same), 2, noNAT)
	assert.Equal(t, "this machine lacks nat: no such rule", o.Skipped)
	assert.Empty(t, o.Findings)
	assert.NoError(t, o.Err)

	without := network07(t, "addresses-swapped", func(run *evidence.Run) {
		for _, e := range run.Events {
			if e.Call == "socket" {
				e.Text = ""
			}
		}
	})
	assert.Equal(t, []string{"address-swapped"}, causes07(judge07(t, without, 2, noNAT)))
	assert.Empty(t, judge07(t, network07(t, "solution", same), 2, noNAT).Skipped, "it passed all the same")
	assert.NotEmpty(t, judge07(t, network07(t, "solution", same), 4, noNAT).Skipped)
}

// What arrives counts only if it is the command's own, forwarded by the kernel.
func TestWhatArrives(t *testing.T) {
	packets := func(change func(*evidence.Packet)) *Recording {
		return network07(t, "solution", func(run *evidence.Run) {
			for i := range run.Host.Internet.Arrived {
				change(&run.Host.Internet.Arrived[i])
			}
		})
	}
	for cause, change := range map[string]func(*evidence.Packet){
		"sent-by-another": func(p *evidence.Packet) { p.TTL = 64 },
		"nat-missing":     func(p *evidence.Packet) { p.From = "10.0.0.2" },
	} {
		assert.Equal(t, []string{cause}, causes07(judge07(t, packets(change), 4, nil)), cause)
	}
	assert.Equal(t, []string{"nat-other"}, causes07(judge07(t, packets(func(p *evidence.Packet) { p.From = "192.0.2.77" }), 4, nil)))
	// Its own kernel has forwarded nothing of it, the question alone, or all.
	for count, want := range map[int64][]string{0: {"sent-by-another"}, 1: {"sent-by-another"}, 3: {"sent-by-another"}, 4: nil} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
			for _, p := range run.Processes {
				if p.Networks != nil {
					p.Networks.Host.Counted = evidence.Counted{Sent: 1, Forwarded: count}
				}
			}
		}), 4, nil)
		assert.Equal(t, want, causes07(o), count)
	}
	// What the payload says of itself decides nothing where it was not sent.
	o := judge07(t, network07(t, "solution", func(run *evidence.Run) { run.Host.Internet.Arrived = nil }), 5, nil)
	assert.NoError(t, o.Err)
	assert.Equal(t, []string{"nothing-arrived"}, causes07(o))
	assert.Contains(t, o.Findings[0].Why, "something that is not the internet answered")
}

// Where what was sent is lost that is the program's doing, and the host's interfaces
// and routes may tell how. But a machine that was slow may have lost it, unless it
// cannot have come through.
func TestWhatIsLost(t *testing.T) {
	const eth0 = 1 // of the links
	host := func(change func(*evidence.Network)) func(*evidence.Run) {
		return func(run *evidence.Run) {
			for _, p := range run.Processes {
				for _, e := range p.Execs {
					if e.Networks != nil {
						change(e.Networks.Host)
					}
				}
			}
		}
	}
	routes := func(more ...evidence.Route) func(*evidence.Run) {
		return host(func(n *evidence.Network) { n.Routes = append(n.Routes, more...) })
	}
	for name, c := range map[string]struct {
		change func(*evidence.Run)
		why    string
		sure   bool
	}{
		"nothing":    {func(*evidence.Run) {}, "", false},
		"down":       {host(func(n *evidence.Network) { n.Links[eth0].Up = false }), "was down", true},
		"gone":       {host(func(n *evidence.Network) { n.Links = slices.Delete(n.Links, eth0, eth0+1) }), "was gone", true},
		"renamed":    {host(func(n *evidence.Network) { n.Links[eth0].Name = "x" }), "had another name", false},
		"port":       {host(func(n *evidence.Network) { n.Links[eth0].Master = n.Links[0].Index }), "was a port of", false},
		"own":        {host(func(n *evidence.Network) { n.Links[0].Addresses = append(n.Links[0].Addresses, "1.1.1.1/32") }), "the host itself had", true},
		"no way":     {host(func(n *evidence.Network) { n.Routes = n.Routes[1:] }), "way to 1.1.1.1 was none", true},
		"blackhole":  {routes(evidence.Route{To: "1.1.1.0/24", Kind: "blackhole"}), "(blackhole)", true},
		"other way":  {routes(evidence.Route{To: "1.1.1.1/32", Link: 99}), "way to 1.1.1.1 was", false},
		"worse way":  {routes(evidence.Route{To: "default", Link: 99, Metric: 9}), "", false},
		"back":       {routes(evidence.Route{To: "10.0.0.2/32", Link: 99}), "way to the container was", true},
		"two back":   {routes(evidence.Route{To: "10.0.0.0/24", Link: 99}), "way to the container was", false},
		"policy":     {host(func(n *evidence.Network) { n.Policies = []string{"ip 10: x"} }), "a policy", false},
		"drop":       {host(func(n *evidence.Network) { n.Rules = append(n.Rules, "ip x forward: policy drop") }), "", true},
		"table 7":    {host(func(n *evidence.Network) { n.Routes, n.Policies = n.Routes[1:], []string{"ip 10: x"} }), "way to 1.1.1.1 was none", false},
		"no address": {host(func(n *evidence.Network) { n.Links[eth0].Addresses = nil }), "", false},
	} {
		for _, forwarded := range []bool{false, true} {
			for _, late := range []int64{0, 1_000_000} {
				o := judge07(t, network07(t, "no-forwarding", func(run *evidence.Run) {
					host(func(n *evidence.Network) { n.Forwards = true })(run)
					in := run.Host.Internet
					require.Equal(t, "eth0", in.Before.Links[eth0].Name)
					in.Late = late
					c.change(run)
					f, err := study(run)
					require.NoError(t, err)
					if f.ran() == nil {
						return
					}
					if sent, _ := f.sent("ping"); sent != nil && forwarded {
						in.Arrived = []evidence.Packet{{From: in.HostAddress, TTL: sent.TTL - 1, Data: []byte(sent.Word)}}
					}
				}), 4, nil)
				if late > 0 && !c.sure {
					assert.ErrorContains(t, o.Err, "the machine was slow", name)
					continue
				}
				require.NoError(t, o.Err, name)
				require.NotEmpty(t, o.Findings, name)
				assert.Equal(t, map[bool]string{false: "nothing-arrived", true: "answer-lost"}[forwarded], o.Findings[0].Cause, name)
				assert.Contains(t, o.Findings[0].Why, c.why, name)
				assert.Equal(t, c.why == "", o.Findings[0].Why == "", name)
			}
		}
	}
	counted := judge07(t, network07(t, "no-forwarding", func(run *evidence.Run) {
		host(func(n *evidence.Network) { n.Forwards = true })(run)
		for _, p := range run.Processes {
			if p.Networks != nil {
				p.Networks.Own.Counted = evidence.Counted{Sent: 3}
				p.Networks.Host.Counted = evidence.Counted{Received: 2}
			}
		}
	}), 4, nil)
	require.NotEmpty(t, counted.Findings)
	assert.Contains(t, counted.Findings[0].Saw, "; meanwhile the container sent 3 packets and received 0, and the host received 2")
	cut := judge07(t, network07(t, "no-forwarding", func(run *evidence.Run) {
		host(func(n *evidence.Network) { n.Forwards = true })(run)
		run.Host.Internet.Cut = true
	}), 4, nil)
	assert.ErrorContains(t, cut.Err, "more arrived")
}

// A pair of which the other end is in a container goes with that, unless a mount
// holds the namespace.
func TestWhatIsLeftOfANetwork(t *testing.T) {
	add := func(l evidence.Link, mounts ...string) []string {
		return causes07(judge07(t, network07(t, "solution", func(run *evidence.Run) {
			run.Host.Internet.After.Links = append(run.Host.Internet.After.Links, l)
			run.Host.MountsLeft = mounts
			run.Host.NetworksLeft = slices.DeleteFunc(slices.Clone(mounts), func(m string) bool { return !strings.HasPrefix(m, "/run/netns/") })
		}), 6, nil))
	}
	veth := evidence.Link{Index: 77, Name: "x", Kind: "veth", Peer: 2, PeerIn: evidence.PeerElsewhere}
	assert.Empty(t, add(veth))
	assert.Equal(t, []string{"leftover-mount", "leftover-link"}, add(veth, "/run/netns/x"))
	assert.Equal(t, []string{"leftover-mount"}, add(veth, "/mnt"))
	veth.PeerIn = evidence.PeerHere
	assert.Equal(t, []string{"leftover-link"}, add(veth))
	assert.Equal(t, []string{"leftover-link"}, add(evidence.Link{Index: 77, Name: "x", Kind: "bridge"}))
	for cause, change := range map[string]func(*evidence.Network){
		"host-network-changed": func(n *evidence.Network) { n.Links[1].Addresses = append(n.Links[1].Addresses, "10.0.0.9/24") },
		"leftover-route":       func(n *evidence.Network) { n.Routes = append(n.Routes, evidence.Route{To: "10.9.0.0/16", Link: 2}) },
		"leftover-policy":      func(n *evidence.Network) { n.Policies = append(n.Policies, "ip 500: from all to all lookup 100") },
		"leftover-rule":        func(n *evidence.Network) { n.Rules = []string{"iptables-legacy nat: a rule"} },
	} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) { change(&run.Host.Internet.After) }), 6, nil)
		assert.Equal(t, []string{cause}, causes07(o), cause)
	}
}

// A second route to the same is one more, and so is one that another table has. What
// leads out of an interface that goes by itself goes with that.
func TestWhichRoutesAreLeft(t *testing.T) {
	veth := evidence.Link{Index: 77, Name: "x", Kind: "veth", Peer: 2, PeerIn: evidence.PeerElsewhere}
	for cause, change := range map[string]func(*evidence.Network){
		"leftover-route": func(n *evidence.Network) {
			again := n.Routes[0]
			n.Routes = append(n.Routes, again)
		},
		"leftover-route in a table": func(n *evidence.Network) {
			n.OtherRoutes = append(n.OtherRoutes, evidence.Route{To: "default", Via: "10.0.0.2", Link: 2, Table: 100})
		},
		"host-network-changed": func(n *evidence.Network) { n.Routes = n.Routes[1:] },
		"": func(n *evidence.Network) {
			n.Links = append(n.Links, veth)
			n.OtherRoutes = append(n.OtherRoutes, evidence.Route{To: "default", Link: veth.Index, Table: 100}, evidence.Route{To: "fd00::/64", Link: veth.Index})
		},
	} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) { change(&run.Host.Internet.After) }), 6, nil)
		want, _, _ := strings.Cut(cause, " ")
		assert.Equal(t, want, strings.Join(causes07(o), " "), cause)
	}
}

// What others have in the packet filter is to be there in the end, once as before.
func TestRulesOfOthers(t *testing.T) {
	const theirs = "inet machine input: accept"
	for cause, after := range map[string][]string{
		"":                     {theirs},
		"host-network-changed": nil,
		"leftover-rule":        {theirs, theirs},
	} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
			run.Host.Internet.Before.Rules, run.Host.Internet.After.Rules = []string{theirs}, after
		}), 6, nil)
		assert.Equal(t, cause, strings.Join(causes07(o), " "))
	}
	const nats = "ip nat POSTROUTING: return"
	for line, because := range map[string]bool{
		"iptables -t nat -F": true, "iptables -t nat --flush POSTROUTING -w": true, "iptables -F": false,
		"iptables -t nat -F BOX": false, "iptables -t nat -D POSTROUTING 1": false, "ip6tables -t nat -F": false,
	} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
			run.Host.Internet.Before.Rules, run.Host.Internet.After.Rules = []string{nats}, nil
			words := strings.Fields(line)
			last := run.Events[len(run.Events)-1].Seq
			run.Events = append(run.Events, &evidence.Event{Seq: last + 1, Done: last + 2, Call: "execve", Path: "/usr/sbin/" + words[0], Argv: words})
		}), 6, nil)
		require.NoError(t, o.Err, line)
		require.NotEmpty(t, o.Findings, line)
		assert.Equal(t, because, strings.Contains(o.Findings[0].Why, line), "%s: %s", line, o.Findings[0].Why)
	}
}

// No evidence about networks, however broken, makes it panic; what lacks is an
// error and no finding.
func TestBrokenNetworks(t *testing.T) {
	none := network07(t, "solution", func(run *evidence.Run) {
		run.Host.Internet = nil
		for _, p := range run.Processes {
			p.Networks = nil
			for i := range p.Execs {
				p.Execs[i].Networks = nil
			}
		}
	})
	for step := 2; step <= 5; step++ {
		o := judge07(t, none, step, nil)
		assert.Error(t, o.Err)
		assert.Empty(t, o.Findings)
	}
	hollow := network07(t, "no-nat", func(run *evidence.Run) {
		for _, p := range run.Processes {
			p.Networks = &evidence.Networks{}
			for i := range p.Execs {
				if p.Execs[i].Networks != nil {
					p.Execs[i].Networks = &evidence.Networks{Own: &evidence.Network{}, Host: &evidence.Network{}}
				}
			}
		}
	})
	for step := 1; step <= 6; step++ {
		judge07(t, hollow, step, nil)
	}
}

// The host's end may get its address too late, as the container's.
func TestAnAddressOfTheHostThatComesLater(t *testing.T) {
	o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
		for _, p := range run.Processes {
			for _, e := range p.Execs {
				if e.Networks == nil {
					continue
				}
				for i, l := range e.Networks.Host.Links {
					if slices.Contains(l.Addresses, "10.0.0.1/24") {
						e.Networks.Host.Links[i].Addresses = nil
					}
				}
			}
		}
	}), 2, nil)
	require.Equal(t, []string{"network-late"}, causes07(o))
	assert.Equal(t, "no 10.0.0.1/24 on the host when the command was executed, and when it ended it was there", o.Findings[0].Saw)
}

// An address that is there, on another interface, does not come late.
func TestTheContainersAddressOnAnotherInterface(t *testing.T) {
	onBridge := func(n *evidence.Network) {
		if l := holder(n, "10.0.0.2/24"); l != nil {
			l.Addresses = nil
			n.Links = append(n.Links, evidence.Link{Index: 77, Name: "br0", Kind: "bridge", Up: true, Addresses: []string{"10.0.0.2/24"}})
		}
	}
	o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
		for _, p := range run.Processes {
			if p.Networks != nil && p.Networks.Own != nil {
				onBridge(p.Networks.Own)
			}
			for _, e := range p.Execs {
				if e.Networks != nil {
					onBridge(e.Networks.Own)
				}
			}
		}
	}), 2, nil)
	require.Equal(t, []string{"address-missing"}, causes07(o))
	assert.Equal(t, `it is on the bridge "br0", which is no end of the pair`, o.Findings[0].Why)
}

func TestThePolicyOfAChainOfTheHost(t *testing.T) {
	for rule, try := range map[string]string{
		"ip filter INPUT: policy drop": "give the chain the policy back that it had: it is not yours",
		"inet mine out: policy drop":   "delete the rule, or its whole table if that is yours, when the container has ended",
		"ip nat FORWARD: masquerade":   "delete the rule, or its whole table if that is yours, when the container has ended",
	} {
		o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
			in := run.Host.Internet
			in.Before.Rules = append(slices.Clone(in.Before.Rules), "ip filter INPUT: return")
			in.After.Rules = append(slices.Clone(in.Before.Rules), rule)
		}), 6, nil)
		require.NotEmpty(t, o.Findings, rule)
		assert.Equal(t, try, o.Findings[0].Try, rule)
	}
}

// The recordings hold what a learner is told: in plain words, on one line.
func TestNetworkFindingsAreReadable(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/evidence/" + ex07 + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, json.Valid(data))
		r := network07(t, strings.TrimSuffix(filepath.Base(path), ".json"), func(*evidence.Run) {})
		for step := range files(t, ex07) {
			for _, f := range judge07(t, r, step+1, nil).Findings {
				for _, text := range []string{f.Saw, f.Why, f.Try, f.Want} {
					assert.NotContains(t, text, "\n", path)
					assert.NotContains(t, text, `\x`, path)
				}
			}
		}
	}
}
