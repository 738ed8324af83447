package command

import (
	"flag"
	"fmt"
	"strconv"
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
	next := ""
	for _, e := range c.Exercises {
		score := "not checked yet"
		if p := st.Exercises[e.ID]; p != nil && (p.Best > 0 || p.Last > 0) {
			score = strconv.Itoa(p.Best) + "/" + strconv.Itoa(e.Points())
			if p.Best >= e.Points() {
				score += " done"
			}
		}
		if p := st.Exercises[e.ID]; next == "" && (p == nil || p.Best < e.Points()) {
			next = e.Number
		}
		fmt.Fprintf(a.out, "%s  %-24s %-16s %s\n", e.Number, e.Title, score, e.Page)
	}
	if next != "" {
		fmt.Fprintf(a.out, "\nnext: make check STEP=%s\n", next)
	} else {
		fmt.Fprint(a.out, "\nAll done.\n")
	}
	return passed
}
