package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Judge runs a scenario over the evidence that run yields. The returned error
// says that the scenario itself is at fault or could not be run; an error of
// the runner, or evidence that says nothing, is Outcome.Err.
func Judge(ctx context.Context, script Script, run Runner) (Outcome, error) {
	s, err := NewSession(ctx, script, run)
	if err != nil {
		return Outcome{}, err
	}
	params := s.Params()
	if params.WorkdirRoot == "" {
		dir, err := os.MkdirTemp("", "scenario-")
		if err != nil {
			return Outcome{}, fmt.Errorf("judge %s: %w", script.Path, err)
		}
		defer os.RemoveAll(dir)
		params.WorkdirRoot = dir
	}
	t := &reporter{}
	t.Run("", func(testscript.T) { testscript.RunT(t, params) })
	if t.broken != nil {
		return Outcome{}, fmt.Errorf("judge %s: %w", script.Path, t.broken)
	}
	if err := s.complete(); err != nil {
		return Outcome{}, fmt.Errorf("judge %s: %w: %s", script.Path, err, strings.TrimSpace(t.log.String()))
	}
	return s.Outcome(), nil
}

// A Session is one scenario on its way through testscript. Judge drives one;
// under go test, testscript.Run does with the session's Params.
type Session struct {
	scene    scene
	lines    []compiled
	next     int // which of lines testscript will run next
	findings []Finding
	failed   []int // lines
}

// compiled is a line that is ready to run.
type compiled struct {
	line
	check bool
	do    action
}

// NewSession reads the scenario and checks every line of it. Nothing is run.
func NewSession(ctx context.Context, script Script, run Runner) (*Session, error) {
	lines, err := compileFile(script.Path)
	if err != nil {
		return nil, err
	}
	return &Session{scene: scene{ctx: ctx, script: &script, run: run}, lines: lines}, nil
}

// compileFile reads a scenario and compiles its lines.
func compileFile(path string) ([]compiled, error) {
	lines, err := readScript(path)
	if err != nil {
		return nil, err
	}
	table := vocabulary()
	var all []compiled
	for i, l := range lines {
		s, do, err := compile(table, l)
		if err != nil {
			return nil, fmt.Errorf("read scenario %s: %w", path, err)
		}
		if (s.head == "points") != (i == 0) {
			return nil, fmt.Errorf("read scenario %s: line %d: points belong on the first line, and only there", path, l.number)
		}
		all = append(all, compiled{l, s.check, do})
	}
	if !slices.ContainsFunc(all, func(c compiled) bool { return c.check }) {
		return nil, fmt.Errorf("read scenario %s: it checks nothing", path)
	}
	return all, nil
}

// Lint returns an error if the scenario at path has anything but sentences of
// our own in it, each as its usage says. testscript's own commands, which can
// run and delete things on this machine, are no such sentences.
func Lint(path string) error {
	_, err := compileFile(path)
	return err
}

// Points returns what the scenario at path says its step is worth.
func Points(path string) (int, error) {
	lines, err := compileFile(path)
	if err != nil {
		return 0, err
	}
	return numberArg(lines[0].words[1:], 1, maxPoints)
}

// Params returns what testscript needs to run the session's scenario.
func (s *Session) Params() testscript.Params {
	cmds := map[string]func(*testscript.TestScript, bool, []string){}
	for _, name := range commandNames(vocabulary()) {
		cmds[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if !s.step(neg, append([]string{name}, args...)) {
				ts.Fatalf("the check failed")
			}
		}
	}
	return testscript.Params{
		Files:           []string{s.scene.script.Path},
		Cmds:            cmds,
		WorkdirRoot:     s.scene.script.WorkDir,
		ContinueOnError: true,
	}
}

// step runs the next line, which testscript says is words. It returns false if
// that is a check and failed.
//
// testscript gives a command no line number. But a scenario that passed
// compileFile has neither conditions nor commands that are not ours, so
// testscript runs its lines one by one, and the next is always the next.
func (s *Session) step(neg bool, words []string) bool {
	if s.scene.over() {
		s.next++
		return true
	}
	if s.next >= len(s.lines) || s.lines[s.next].neg != neg || !slices.Equal(s.lines[s.next].words, words) {
		s.scene.err = fmt.Errorf("testscript runs %q, which is not the scenario's next line", words)
		return true
	}
	l := s.lines[s.next]
	s.next++
	fail, err := (*failure)(nil), error(nil)
	if l.check {
		fail, err = s.scene.check(l.do)
	} else {
		_, err = l.do(&s.scene)
	}
	if err != nil {
		s.scene.err = err
		return true
	}
	if fail == nil {
		return true
	}
	s.failed = append(s.failed, l.number)
	s.findings = append(s.findings, s.scene.script.finding(filepath.Base(s.scene.script.Path), l.line, fail))
	return false
}

// complete returns an error if testscript did not run every line.
func (s *Session) complete() error {
	if s.next != len(s.lines) {
		return fmt.Errorf("testscript ran %d of %d lines", s.next, len(s.lines))
	}
	return nil
}

// Outcome returns what the lines that were run came to.
func (s *Session) Outcome() Outcome {
	o := Outcome{Skipped: s.scene.skipped, Unmet: s.scene.unmet, Err: s.scene.err}
	for _, l := range s.lines {
		if l.check {
			o.Checks++
		}
	}
	if o.Err == nil && o.Skipped == "" {
		o.Failed, o.Findings = s.failed, fold(s.findings)
	}
	return o
}

// reporter is a testscript.T that keeps what it is told.
type reporter struct {
	log    strings.Builder
	broken error
}

// errStop is the value with which the T unwinds, as testing.T does with
// runtime.Goexit.
type errStop struct{}

func (t *reporter) Skip(args ...any) { panic(errStop{}) }
func (t *reporter) Fatal(args ...any) {
	t.broken = errors.New(strings.TrimSpace(fmt.Sprintln(args...)))
	panic(errStop{})
}
func (t *reporter) FailNow()        { panic(errStop{}) }
func (t *reporter) Parallel()       {}
func (t *reporter) Log(args ...any) { fmt.Fprintln(&t.log, args...) }
func (t *reporter) Verbose() bool   { return false }

// Run runs f as a test of its own. A panic that is not ours says that we broke.
func (t *reporter) Run(_ string, f func(testscript.T)) {
	defer func() {
		switch e := recover(); e {
		case nil, errStop{}:
		default:
			t.broken = fmt.Errorf("panic: %v", e)
		}
	}()
	f(t)
}
