package command

import (
	"flag"
	"fmt"
	"strings"
)

// hint shows one more hint for a step each time it is asked.
func (a *app) hint(args []string) int {
	fs := flag.NewFlagSet("hint", flag.ContinueOnError)
	all := fs.Bool("all", false, "show all hints of the step")
	positional, _, _, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	e, step, err := selected(c, positional)
	if err != nil {
		return a.fail(err)
	}
	if step == nil {
		return a.fail(fmt.Errorf("say which step: make hint STEP=%s.1 to STEP=%s.%d", e.Number, e.Number, len(e.Steps)))
	}
	st, err := readState(a.root)
	if err != nil {
		return a.fail(err)
	}
	p := st.exercise(e.ID)
	first, last := 0, len(step.Hints)
	if !*all {
		first = min(p.Hints[step.Number], len(step.Hints)-1)
		last = first + 1
	}
	for i := first; i < last; i++ {
		fmt.Fprintf(a.out, "%s.%d %s: hint %d of %d\n\n%s\n\n", e.Number, step.Number, step.Title, i+1, len(step.Hints),
			wrapMarkdown(strings.TrimSpace(step.Hints[i]), screenOf(a.out).width))
	}
	name := fmt.Sprintf("%s.%d", e.Number, step.Number)
	if last < len(step.Hints) {
		fmt.Fprintf(a.out, "One more: make hint STEP=%s\n", name)
	} else {
		fmt.Fprintf(a.out, "That was the last hint. The page has more:\n  %s#%s\n", e.Page, step.Anchor)
	}
	if p.Hints[step.Number] >= last {
		return passed
	}
	p.Hints[step.Number] = last
	if err := st.write(a.root); err != nil {
		// The hint was shown; only that is lost that it was.
		a.tell("%v", err)
	}
	return passed
}
