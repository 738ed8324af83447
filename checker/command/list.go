package command

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"pidone/checker/course"
)

// list shows the exercises and how far the learner is.
func (a *app) list(args []string) int {
	if _, _, _, err := parse(flag.NewFlagSet("list", flag.ContinueOnError), args); err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	st, err := readState(a.root)
	if err != nil {
		return a.fail(err)
	}
	width := screenOf(a.out).width
	open, waits := c.Open(st.done(c))
	for _, e := range c.Exercises {
		score := "not checked yet"
		switch p := st.Exercises[e.ID]; {
		case p != nil && (p.Checked || p.Best > 0):
			score = strconv.Itoa(p.Best) + "/" + strconv.Itoa(e.Points())
			if p.Best >= e.Points() {
				score += " done"
			}
		case waits[e.ID] != "":
			score = "after " + waits[e.ID]
		}
		sep := " "
		if width < 80 {
			sep = "\n    "
		}
		fmt.Fprintf(a.out, "%s  %-24s %-16s%s%s\n", e.Number, e.Title, score, sep, e.Page)
	}
	arrow := " → "
	if !screenOf(a.out).unicode {
		arrow = " -> "
	}
	fmt.Fprintf(a.out, "\n%s\n", graph(c, arrow))
	if len(open) == 0 {
		fmt.Fprint(a.out, "\nAll done.\n")
		return passed
	}
	var next []string
	for _, e := range open {
		next = append(next, "make check STEP="+e.Number)
	}
	fmt.Fprintf(a.out, "\nnext: %s\n", strings.Join(next, ", or "))
	return passed
}

// graph draws which exercise comes after which: "02 → 03 → 04 → {05, 06, 07}".
func graph(c *course.Course, arrow string) string {
	var follow func(all []*course.Exercise) string
	follow = func(all []*course.Exercise) string {
		var parts []string
		for _, e := range all {
			part := e.Number
			if rest := follow(c.After(e.ID)); rest != "" {
				part += arrow + rest
			}
			parts = append(parts, part)
		}
		if len(parts) > 1 {
			return "{" + strings.Join(parts, ", ") + "}"
		}
		return strings.Join(parts, "")
	}
	return follow(c.After(""))
}
