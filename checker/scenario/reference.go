package scenario

import (
	_ "embed"
	"fmt"
	"strings"
)

// childSource, commandSource and printedSource hold the rules about the child,
// about the command and about what was printed, as comments: the reference shows those very words.
var (
	//go:embed child.go
	childSource string
	//go:embed command.go
	commandSource string
	//go:embed printed.go
	printedSource string
)

// Reference returns docs/scenarios.md: the language of scenarios, made from
// the command table, and the rules and causes by which they judge.
func Reference() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }

	p("<!-- Generated from checker/scenario by `make update`; a test fails when the two differ. -->\n\n")
	p("# Scenarios\n\n")
	p("A scenario is the specification of one step: one `.txtar` file in `testdata/scenarios/EXERCISE/`, named\n")
	p("`STEP-what.txtar`. [testscript](https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript) runs it over the\n")
	p("evidence of a run, what the kernel showed; each line is one sentence of the lists below. A check that fails becomes a\n")
	p("finding and the lines after it still run. `#` begins a comment, single quotes keep words together. testscript's own\n")
	p("commands, conditions, variables and files are refused.\n\n")
	p("```\n# Step 2: the child lives in PID and UTS namespaces of its own.\npoints 30\n\ncontainer\nchild exists\nchild in-new pid uts\nchild pid 1\n```\n")
	p("\n## Lines that set the scene\n\n")
	for _, s := range settings() {
		p("- `%s`\\\n  %s\n", s.String(), s.about)
	}
	p("\n## Checks\n\n")
	for _, s := range checks() {
		p("- `%s`\\\n  %s\n", s.String(), s.about)
	}
	p("\n## %s\n", rule(childSource, "The child"))
	p("\n## %s\n", rule(commandSource, "The command"))
	p("\n## %s\n", rule(printedSource, "What a process printed"))
	p("\n## Causes\n\nWhy checks fail, first causes first: of several findings in a step the earlier in this list is told first, and further\nchecks that failed from the same cause are counted, not repeated.\n\n")
	p("| cause | |\n|---|---|\n")
	for _, c := range Causes() {
		p("| `%s` | %s |\n", c.ID, c.About)
	}
	return b.String()
}

// rule returns the comment in a source file that begins with a title.
func rule(source, title string) string {
	_, text, _ := strings.Cut(source, "\n// "+title+"\n")
	var b strings.Builder
	b.WriteString(title + "\n")
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "//")
		if !ok {
			break
		}
		b.WriteString(strings.TrimPrefix(comment, " "))
	}
	return strings.TrimRight(b.String(), "\n")
}
