package trace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func TestWritesInEveryWay(t *testing.T) {
	t.Parallel()
	run := record(t, "outputs")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	const out = "dup;writev;pwritev2;sendfile;abcdefgh-splice;tee;pipe-splice;vmsplice;"
	assert.Equal(t, out, string(run.Stdout.Data))
	assert.Equal(t, out, written(run, 0, "stdout"))
	assert.Equal(t, "stderr;", written(run, 0, "stderr"))
	assert.Equal(t, "sendto;sendmsg;sendmmsg;twice;", written(run, 0, "socket"))
	assert.Equal(t, "null;", written(run, 0, "null"))
	assert.Empty(t, written(run, 0, "closed"))

	by := map[string]string{}
	for _, ev := range run.Events {
		if ev.Target != nil && ev.Target.Kind == "stdout" {
			by[ev.Call] += string(ev.Data)
			assert.False(t, ev.Cut)
			assert.Equal(t, int64(len(ev.Data)), ev.Result)
			assert.NotNil(t, ev.After)
		}
	}
	assert.Equal(t, map[string]string{
		"write": "dup;", "writev": "writev;", "pwritev2": "pwritev2;", "sendfile": "sendfile;abcdefgh",
		"splice": "-splice;pipe-splice;", "tee": "tee;", "vmsplice": "vmsplice;",
	}, by)

	var partial *evidence.Event
	for _, ev := range events(run, "write") {
		if strings.HasPrefix(string(ev.Data), "partial;") {
			partial = ev
		}
	}
	require.NotNil(t, partial)
	assert.Equal(t, int64(8000), partial.Size)
	assert.Equal(t, int64(4096), partial.Result)
	assert.Len(t, partial.Data, 4096)

	file := events(run, "write")
	for _, ev := range file {
		if ev.Target.Kind == "closed" {
			assert.Equal(t, "EBADF", ev.Errno)
			assert.Nil(t, ev.Data)
		}
	}
}

func TestPipeToTheParent(t *testing.T) {
	t.Parallel()
	run := record(t, "relay")
	child := others(run)[0]
	said := fmt.Sprintf("I am 1 on %s\n", run.Host.Hostname)
	assert.Equal(t, said, written(run, child.ID, "pipe"))
	assert.Equal(t, "it said: "+said, written(run, 0, "stdout"))
	assert.Equal(t, [3]string{"stdin", "pipe", "stderr"}, stdio(child))
	assert.Equal(t, [3]string{"stdin", "stdout", "stderr"}, stdio(run.First()))
}

func stdio(p *evidence.Process) (kinds [3]string) {
	for i, target := range p.Execs[0].Stdio {
		kinds[i] = target.Kind
	}
	return kinds
}

// TestInterruptedWrite: the kernel makes an interrupted call again. That is one
// event.
func TestInterruptedWrite(t *testing.T) {
	t.Parallel()
	run := record(t, "interrupt")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	var waited []*evidence.Event
	for _, ev := range events(run, "write") {
		if string(ev.Data) == "waited" || ev.Errno != "" {
			waited = append(waited, ev)
		}
	}
	require.Len(t, waited, 1)
	assert.Equal(t, int64(6), waited[0].Result)
}
