package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// inContainer changes what the command had in its network namespace when it began.
func inContainer(change func(*evidence.Network)) func(*evidence.Run) {
	return func(run *evidence.Run) {
		for _, p := range run.Processes {
			for _, e := range p.Execs {
				if e.Networks != nil {
					change(e.Networks.Own)
				}
			}
		}
	}
}

// Of several default routes the kernel takes the one with the lowest metric.
func TestTheDefaultRouteThatCounts(t *testing.T) {
	for _, c := range []struct {
		first, second int
		causes        []string
	}{
		{0, 500, nil},
		{500, 0, []string{"route-other"}},
		{500, 500, nil},
	} {
		o := judge07(t, network07(t, "solution", inContainer(func(n *evidence.Network) {
			for i, r := range n.Routes {
				if r.To == "default" {
					n.Routes[i].Metric = c.first
					n.Routes = append(n.Routes, evidence.Route{To: "default", Via: "10.0.0.9", Link: r.Link, Metric: c.second})
				}
			}
		})), 3, nil)
		assert.Equal(t, c.causes, causes07(o), c)
		if c.causes != nil {
			assert.Equal(t, "there is one by way of 10.0.0.1, too, with metric 500: the kernel takes the lowest, and here that is 0", o.Findings[0].Why)
		}
	}
}

func TestTheContainersOwnWay(t *testing.T) {
	o := judge07(t, network07(t, "solution", func(run *evidence.Run) {
		run.Host.Internet.Arrived = nil
		inContainer(func(n *evidence.Network) {
			n.Routes = append(n.Routes, evidence.Route{To: "1.0.0.0/8", Kind: "blackhole"})
		})(run)
	}), 4, nil)
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "nothing of it arrived on the internet: the container's way to 1.1.1.1 was the route to 1.0.0.0/8 (blackhole)", o.Findings[0].Saw)
}

func TestARuleThatIsTakenAwayTooEarly(t *testing.T) {
	o := judge07(t, network07(t, "no-nat", func(run *evidence.Run) { run.Processes[0].Exit.Seq = 1 }), 4, nil)
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "the host's packet filter has no rule for it, and the first process had ended before the command", o.Findings[0].Why)
}
