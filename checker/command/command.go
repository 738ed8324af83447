// Package command holds the checker's subcommands, one file each: what a person
// types, and how the other packages are put together for it.
//
// It promises the exit status of the design: 0 pass, 1 fail, 2 error, bad usage
// or nothing run; that results go to standard output, and progress and
// diagnostics to standard error. It holds no rule about containers: those are
// in package scenario.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"pidone/checker/course"
	"pidone/checker/debian"
	"pidone/checker/export"
	"pidone/checker/once"
	"pidone/checker/sandbox"
	"pidone/checker/vm"
)

// The exit statuses.
const (
	passed = 0
	failed = 1
	broken = 2

	interrupted = 128 + int(unix.SIGINT) // as a shell has it
)

// app is what every subcommand works with.
type app struct {
	in, out, err *os.File
	root         string // the kit's folder
	ctx          context.Context
}

// subcommand is one word after "checker".
type subcommand struct {
	name  string
	args  string // for the usage line
	about string // empty: only the checker itself uses it, in the VM
	run   func(a *app, args []string) int
}

// usage is how it is called, and below that what it does.
func (c *subcommand) usage(width int, margin string) string {
	inner := margin + "    "
	call := wrap("checker "+c.name+" "+c.args, width-len(inner)-4, inner+"    ")
	return margin + call + "\n" + inner + wrap(c.about, width-len(inner), inner)
}

func subcommands() []subcommand {
	return []subcommand{
		{"check", "[EXERCISE[.STEP]|all] [--submission DIR] [--format text|json|" + strings.Join(export.Single(), "|") + "] " + placeUsage + " [-- ARGS...]", "check a submission", (*app).check},
		{"grade", "--step EXERCISE [--out DIR] [--jobs N] [--only NAME]... [--redo] [--shard 2/8] [--evidence] [--roster FILE.csv] [--format exercism,tap,github] " + placeUsage + " DIR", "grade a folder of submissions", (*app).grade},
		{"merge", "--out DIR [--format ...] SHARD...", "join what the shards of a class came to", (*app).merge},
		{"regrade", "[--format ...] DIR", "judge again what grade --evidence recorded, without running it", (*app).regrade},
		{"trace", "EXERCISE [--submission DIR] [--format text|json] " + placeUsage + " [-- ARGS...]", "run a submission and draw what the kernel saw", (*app).trace},
		{"run", "EXERCISE [--submission DIR] " + placeUsage + " [-- ARGS...]", "run a submission in the sandbox, on your terminal", (*app).run},
		{"gradescope", "EXERCISE [--out FILE]", "make the autograder of an exercise for Gradescope, a zip file", (*app).gradescope},
		{"hint", "EXERCISE.STEP [--all]", "show the next hint for a step", (*app).hint},
		{"list", "", "list the exercises and the score reached", (*app).list},
		{"solution", "EXERCISE", "show the reference solution", (*app).solution},
		{"reset", "EXERCISE", "start an exercise again; your file is kept beside it", (*app).reset},
		{"update", "[--check]", "generate the exercises from the solutions", (*app).update},
		{"doctor", "[--format text|json]", "tell what this machine can run", (*app).doctor},
		{"sandbox", once.Usage, "run any program of this machine in a sandbox", (*app).sandbox},
		{"vm", "shell|fetch [--vm kvm] [--kernel 6.12] [-- COMMAND... | PACKAGE.deb...]", "a shell in the VM with the kit in it; or the download of its kernel", (*app).vm},
		{vm.InitCommand, "", "", (*app).vmInit},
		{vm.ServeCommand, "", "", (*app).vmServe},
	}
}

// Main runs the subcommand that args name, and returns the exit status.
func Main(args []string, in, out, err *os.File) int {
	a := &app{in: in, out: out, err: err, ctx: context.Background()}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		a.usage()
		if len(args) == 0 {
			return broken
		}
		return passed
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			if asksForHelp(args[1:]) {
				fmt.Fprintln(a.out, c.usage(screenOf(a.out).width, ""))
				return passed
			}
			if c.name != "sandbox" { // see package once
				var stop context.CancelFunc
				a.ctx, stop = signal.NotifyContext(a.ctx, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
				defer stop()
			}
			return c.run(a, args[1:])
		}
	}
	var names []string
	for _, c := range subcommands() {
		if c.about != "" {
			names = append(names, c.name)
		}
	}
	return a.fail(fmt.Errorf("%q is no command; there are: %s", args[0], strings.Join(names, ", ")))
}

// asksForHelp tells whether -h or --help stands before "--".
func asksForHelp(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--":
			return false
		case "-h", "-help", "--help":
			return true
		}
	}
	return false
}

func (a *app) usage() {
	fmt.Fprint(a.out, "checker checks container programs by what the kernel saw of them.\n\n")
	for _, c := range subcommands() {
		if c.about != "" {
			fmt.Fprintln(a.out, c.usage(screenOf(a.out).width, "  "))
		}
	}
	fmt.Fprint(a.out, "\nExit status: 0 pass, 1 fail, 2 error, bad usage or nothing run.\n")
}

// fail says what went wrong, and what to do, and returns the exit status for it.
func (a *app) fail(err error) int {
	if errors.Is(err, context.Canceled) {
		a.tell("interrupted; nothing is left behind")
		return interrupted
	}
	a.tell("%v", err)
	var refused *sandbox.RefusedError
	if errors.As(err, &refused) && refused.Remedy != "" {
		fmt.Fprintf(a.err, "         try: %s\n", refused.Remedy)
	}
	var missing *debian.Error
	if errors.As(err, &missing) && missing.Remedy != "" {
		fmt.Fprintf(a.err, "         try: %s\n", missing.Remedy)
	}
	return broken
}

// tell writes a diagnostic. A terminal would break it within words; in a file lines
// are searched for.
func (a *app) tell(format string, args ...any) {
	text := "checker: " + fmt.Sprintf(format, args...)
	if s := screenOf(a.err); term.IsTerminal(int(a.err.Fd())) && !strings.Contains(text, "\n") && utf8.RuneCountInString(text) > s.width {
		text = wrap(text, s.width-9, strings.Repeat(" ", 9))
	}
	fmt.Fprintln(a.err, text)
}

// parse reads flags that may stand before or behind the positional arguments.
// What follows "--" is returned apart; dashes tells whether there was one.
func parse(fs *flag.FlagSet, args []string) (positional, rest []string, dashes bool, err error) {
	fs.SetOutput(io.Discard)
	for i, a := range args {
		if a == "--" {
			args, rest, dashes = args[:i], args[i+1:], true
			break
		}
	}
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return nil, nil, false, fmt.Errorf("%w; checker %s --help shows what there is", err, fs.Name())
		}
		args = fs.Args()
		if len(args) > 0 {
			positional, args = append(positional, args[0]), args[1:]
		}
	}
	return positional, rest, dashes, nil
}

// findRoot looks for the kit's folder: around the working directory, else
// around the checker's own file.
func findRoot() (string, error) {
	starts := []string{}
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			if isDir(filepath.Join(dir, "testdata", "scenarios")) && isDir(filepath.Join(dir, "docs")) {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", errors.New("find the kit: no folder here or above has docs/ and testdata/scenarios/; run this in a clone of the kit")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// load finds the kit, unless it is known, and reads its course.
func (a *app) load() (*course.Course, error) {
	if a.root == "" {
		root, err := findRoot()
		if err != nil {
			return nil, err
		}
		a.root = root
	}
	return course.Load(a.root)
}

// selected reads the one positional argument that names an exercise.
func selected(c *course.Course, positional []string) (*course.Exercise, *course.Step, error) {
	// make passes an empty word on where there is no STEP.
	positional = slices.DeleteFunc(positional, func(s string) bool { return s == "" })
	switch len(positional) {
	case 1:
		return c.Find(positional[0])
	case 0:
		var all []string
		for _, e := range c.Exercises {
			all = append(all, "STEP="+e.Number)
		}
		return nil, nil, fmt.Errorf("say which exercise: %s", strings.Join(all, " or "))
	}
	return nil, nil, fmt.Errorf("one exercise at a time, not %q", positional)
}

// screen is what is known of where results are shown.
type screen struct {
	colour  bool
	width   int
	unicode bool
}

// screenOf looks at a stream and at the environment: colour only on a terminal
// and unless NO_COLOR is set (no-color.org), Unicode where the locale has it.
func screenOf(f *os.File) screen {
	s := screen{width: 80}
	if term.IsTerminal(int(f.Fd())) {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			s.width = min(max(w, 40), 100)
		}
	}
	locale := os.Getenv("LC_ALL")
	if locale == "" {
		locale = os.Getenv("LC_CTYPE")
	}
	if locale == "" {
		locale = os.Getenv("LANG")
	}
	l := strings.ToLower(locale)
	s.unicode = l == "" || strings.Contains(l, "utf-8") || strings.Contains(l, "utf8")
	return s
}
