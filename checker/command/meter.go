package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"pidone/checker/batch"
	"pidone/checker/grade"
)

// meter says how far grading many is: with a bar on a terminal, with a line for
// each submission elsewhere.
type meter struct {
	app    *app
	total  int
	have   int // results
	made   int // of these, by this call
	counts map[grade.Verdict]int
	start  time.Time                // of the first of these
	bar    *progressbar.ProgressBar // nil: lines
	narrow bool                     // the terminal has no room for the sums
	still  func()                   // ends that the bar counts its seconds; nil: lines
}

func (a *app) newMeter(total int) *meter {
	m := &meter{app: a, total: total, counts: map[grade.Verdict]int{}}
	if term.IsTerminal(int(a.err.Fd())) {
		s := screenOf(a.err)
		m.narrow = s.width < 70
		m.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(a.err), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(min(max(s.width-66, 4), 30)),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionUseANSICodes(true))
		_ = m.bar.RenderBlank()
		m.still = everySecond(func() { _ = m.bar.RenderBlank() })
	}
	return m
}

// done is told of every submission that is through.
func (m *meter) done(d batch.Done) {
	if d.Verdict != "" {
		m.have++
		m.counts[d.Verdict]++
		if !d.Reused {
			m.made++
		}
	}
	if m.bar != nil {
		_ = m.bar.Add(1)
		if !m.narrow {
			m.bar.Describe(m.sums())
		}
		return
	}
	if d.Reused || d.Verdict == "" {
		return
	}
	left := ""
	// The first has waited for what is prepared once, and tells little.
	if m.made == 1 {
		m.start = time.Now()
	} else if rest := m.total - m.have; rest > 0 {
		left = fmt.Sprintf("; %v left", (time.Since(m.start) / time.Duration(m.made-1) * time.Duration(rest)).Round(time.Second))
	}
	fmt.Fprintf(m.app.err, "%*d/%d %s: %s %d/%d (%s%s)\n", len(fmt.Sprint(m.total)), m.have, m.total,
		printable(d.Name), d.Verdict, d.Score, d.Max, m.sums(), left)
}

// note says why it takes time: short on a bar, else in a line.
func (m *meter) note(short, line string) {
	if m.bar == nil {
		fmt.Fprintln(m.app.err, line)
	} else if !m.narrow {
		m.bar.Describe(short)
	}
}

// warming says that the compiler is not ready yet.
func (m *meter) warming() {
	m.note("first Go's library", "compiling Go's own library first, once on a machine ...")
}

// again is told that so many are graded a second time.
func (m *meter) again(n int) {
	m.note("once more, alone", fmt.Sprintf("once more, one at a time, what errored or ran out of time beside others: %d", n))
}

// sums says how many came to what.
func (m *meter) sums() string {
	var words []string
	for _, v := range []grade.Verdict{grade.Pass, grade.Fail, grade.Skip, grade.Error} {
		if m.counts[v] > 0 || v == grade.Pass || v == grade.Fail {
			words = append(words, fmt.Sprintf("%d %s", m.counts[v], v))
		}
	}
	return strings.Join(words, ", ")
}

// kept says what there is when grading was stopped, and how to go on.
func (m *meter) kept(req *gradeRequest) string {
	how := "the same command"
	if req.redo {
		how = "the same command without --redo"
	}
	return fmt.Sprintf("%d of %d results are kept in %s: %s goes on from there", m.have, m.total, req.out, how)
}

// close takes the bar away.
func (m *meter) close() {
	if m.bar != nil {
		m.still()
		_ = m.bar.Clear()
		_ = m.bar.Exit()
	}
}
