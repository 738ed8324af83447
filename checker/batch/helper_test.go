package batch

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
	"pidone/checker/scenario"
)

// class is a class of made-up submissions.
type class struct {
	mu     sync.Mutex
	keys   map[string]string // by name; the name itself if it is not there
	opened map[string]int
	graded map[string]int
	now    int // how many are being graded
	most   int // how many were at once
	// grade, if not nil, is called while one is graded, the nth time.
	grade func(ctx context.Context, name string, n int, turn *Turn, a *Attempt) error
}

func newClass() *class {
	return &class{keys: map[string]string{}, opened: map[string]int{}, graded: map[string]int{}}
}

type member struct {
	*class
	name string
}

func (c *class) open(_ context.Context, name string) (Submission, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[name]++
	return &member{c, name}, nil
}

func (m *member) Key() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.keys[m.name]; ok {
		return k
	}
	return m.name
}

func (m *member) Close() {}

func attempt(name, key string, verdict grade.Verdict) *Attempt {
	return &Attempt{Record: &grade.Record{
		Key: key, Started: time.Now().UTC().Truncate(time.Millisecond), Sources: []grade.Source{},
		Entry: grade.Entry{Name: name, Check: grade.Check{Exercise: "x", Verdict: verdict, MaxScore: 100, Steps: []grade.StepResult{}, Build: grade.Build{Errors: []grade.Message{}}}},
	}}
}

func (m *member) Broken(why string) *Attempt {
	a := attempt(m.name, m.Key(), grade.Error)
	a.Record.Entry.Submission = why
	return a
}

func (m *member) Grade(ctx context.Context, turn *Turn) (*Attempt, error) {
	m.mu.Lock()
	m.graded[m.name]++
	n := m.graded[m.name]
	m.now++
	m.most = max(m.most, m.now)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.now--
		m.mu.Unlock()
	}()
	a := attempt(m.name, m.Key(), grade.Pass)
	a.Evidence = &Evidence{Started: a.Record.Started, Recording: scenario.Recording{Exercise: "x"}}
	if m.grade != nil {
		if err := m.class.grade(ctx, m.name, n, turn, a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func people(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("person-%03d", i))
	}
	return names
}
