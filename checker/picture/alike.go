package picture

import (
	"fmt"
	"strings"
	"unicode"
)

// maxAlike is how many processes are drawn that one process made in a row and
// that did the same, if there are at least two more of them.
const maxAlike = 3

// fold leaves out of rows processes that did the same as those before them, with
// the calls that made them, and says how many.
func fold(rows []Row) []Row {
	var out []Row
	for len(rows) > 0 {
		u := unit(rows)
		if u == 0 {
			out, rows = append(out, rows[0]), rows[1:]
			continue
		}
		first, n := shape(rows[:u]), 1
		for unit(rows[n*u:]) == u && shape(rows[n*u:(n+1)*u]) == first {
			n++
		}
		kept := n
		if n >= maxAlike+2 {
			kept = maxAlike
		}
		out = append(out, rows[:kept*u]...)
		if kept < n {
			like := rows[kept*u-1].Frame.Process.Name
			out = append(out, Row{Note: &Note{Text: fmt.Sprintf("%d more like %s", n-kept, like), Tone: Faint, Count: true}})
		}
		rows = rows[n*u:]
	}
	return out
}

// unit tells how many of the first rows are a process and the call that made it;
// 0: none.
func unit(rows []Row) int {
	switch {
	case len(rows) > 0 && rows[0].Frame != nil:
		return 1
	case len(rows) > 1 && rows[0].Call != nil && rows[1].Frame != nil:
		return 2
	}
	return 0
}

// shape is the same for rows that say the same, but for the numbers in the
// kernel's answers and in what was written, which are pids most often.
func shape(rows []Row) string {
	var b strings.Builder
	add := func(texts ...string) {
		for _, t := range texts {
			b.WriteString(t)
			b.WriteByte('\n')
		}
	}
	for _, r := range rows {
		switch {
		case r.Call != nil:
			add(r.Call.Name, r.Call.Asked, numberless(r.Call.Answer), string(r.Call.Tone), r.Call.At)
			for _, l := range r.Call.Written {
				add(numberless(l))
			}
			for _, n := range r.Call.Sees {
				add(n.Text)
			}
		case r.Note != nil:
			add(r.Note.Text)
		default:
			f := r.Frame
			add(f.Title, f.Process.Program, f.Process.Hostname, f.Process.Renamed, shape(f.Rows))
		}
	}
	return b.String()
}

func numberless(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}
