package trace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func TestTextsAreLimited(t *testing.T) {
	t.Parallel()
	r := bare(t)
	total := func(ev *evidence.Event) int {
		n := len(ev.Path) + len(ev.Source)
		for _, arg := range ev.Argv {
			n += len(arg)
		}
		return n
	}
	long := strings.Repeat("\u00e9", 5000)
	for range 2000 {
		ev := &evidence.Event{Path: long, Argv: []string{long}}
		r.trim(ev)
		require.Equal(t, 2*len(long), total(ev), "one that is known costs little")
	}
	require.Empty(t, r.run.End.Cut)
	kept := 0
	for i := range 2000 {
		ev := &evidence.Event{Path: fmt.Sprint(i, long), Source: "/proc", Argv: []string{"short", long, fmt.Sprint(long, i)}}
		r.trim(ev)
		require.Equal(t, "/proc", ev.Source)
		require.True(t, strings.HasPrefix(fmt.Sprint(i, long), ev.Path), "cut between characters")
		require.NotEmpty(t, ev.Path)
		kept += total(ev)
	}
	assert.Equal(t, []string{"text"}, r.run.End.Cut)
	assert.LessOrEqual(t, r.texts.used, maxText+2000*3*freeText)
	assert.Less(t, kept, 3*maxText)
}
