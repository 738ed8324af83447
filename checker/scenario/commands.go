package scenario

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A sentence is one form of a scenario's commands. The table of all of them is
// the vocabulary; docs/scenarios.md is made from it.
type sentence struct {
	head  string // the fixed words it begins with: "child in-new"
	usage string // what may follow: "KIND..."
	about string // for the reference
	check bool   // it asserts; a failure is a finding
	neg   bool   // it is written with ! before it, always; others never are
	// parse turns the words after head into what is done when the line runs. Its
	// error says what is wrong with them.
	parse func(args []string) (action, error)
	// spec is there for sentences that start the submission, in place of parse.
	spec func(args []string) (RunSpec, error)
}

// An action does what a line says. It returns a failure if a check does not
// hold, and an error if that cannot be told.
type action func(*scene) (*failure, error)

// vocabulary returns every sentence that scenarios may use.
func vocabulary() []sentence {
	return append(settings(), checks()...)
}

// settings are the sentences that assert nothing.
func settings() []sentence {
	return []sentence{
		{
			head: "points", usage: "N",
			about: "The step is worth N points. Every scenario begins with this line.",
			parse: func(args []string) (action, error) {
				_, err := numberArg(args, 1, maxPoints)
				return pass, err
			},
		},
		{
			head: "needs steps", usage: "N...",
			about: "The scenario is skipped, saying so, until those steps of the exercise have passed.",
			parse: needs((*scene).require),
		},
		{
			head: "rest needs steps", usage: "N...",
			about: "The lines below are left out until those steps of the exercise have passed: they ask whether what these wanted has stayed so.",
			parse: needs((*scene).stopUntil),
		},
		{
			head: "container", usage: "[child exits N] [--] [ARG...]",
			about: "Start the submission with these arguments, or with those of ARGS in their place, and gather evidence until all its processes have ended or time is up. The lines below speak of that run. With `child exits N`, a process that had executed the submission's own program and is about to exit with 0 is made to exit with N.",
			spec:  runArgs,
		},
		{
			head: "container in", usage: "IMAGE COMMAND [ARG...]",
			about: "Start the submission as `run IMAGE COMMAND ARG...`, where the host shows an image at /fs/IMAGE/rootfs, and with a line of random letters on standard input. The image `box` is made for checks; its only program is the kit's payload, /opt/payload, which the host has at the same path. ARGS, in place of that, must be of the same form.",
			spec:  imageArgs,
		},
		{
			head: "container with", usage: "-v SRC:DST[:ro]... in IMAGE COMMAND [ARG...]",
			about: "Start the submission as `run -v SRC:DST[:ro]... IMAGE COMMAND ARG...`; the rest is as in `container in`.",
			spec:  optionArgs,
		},
		{
			head: "folder", usage: "NAME...",
			about: "In the runs of the lines below, folders of these names are in the working directory of the submission's first process when it starts, each with a file `seed` in it.",
			parse: parseFolder,
		},
		{
			head: "feature", usage: "NAME...",
			about: "The scenario is skipped, naming it, where the machine lacks one of these features; where it has them, so has the host of the runs of the lines below: " + strings.Join(Features(), ", ") + ". A program that misses one without such a line is run once more with it, if the machine has it.",
			parse: parseFeature,
		},
		{
			head: "alone", usage: "ARG...",
			about: "Where a line below finds no child in the run, it may look at another one: the submission, started with these arguments, as if it were the child. ARGS does not change them.",
			parse: parseAlone,
		},
	}
}

// maxPoints is the most that a step may be worth.
const maxPoints = 1000

func pass(*scene) (*failure, error) { return nil, nil }

// find returns the sentence that a line is, and its arguments.
func find(table []sentence, words []string) (*sentence, []string) {
	var best *sentence
	var rest []string
	for i := range table {
		head := strings.Fields(table[i].head)
		if len(words) >= len(head) && slices.Equal(words[:len(head)], head) && (best == nil || len(head) > len(strings.Fields(best.head))) {
			best, rest = &table[i], words[len(head):]
		}
	}
	return best, rest
}

// compile turns a line into its sentence and action. The error says what is
// wrong with the line, and how it is used.
func compile(table []sentence, l line) (*sentence, action, error) {
	s, args := find(table, l.words)
	if s == nil {
		return nil, nil, fmt.Errorf("line %d: %s: unknown; a line begins with one of: %s", l.number, l.text, strings.Join(heads(table), ", "))
	}
	if s.neg != l.neg {
		return nil, nil, fmt.Errorf("line %d: %s: usage: %s", l.number, l.text, s)
	}
	do, err := s.action(args)
	if err != nil {
		return nil, nil, fmt.Errorf("line %d: %s: %w; usage: %s", l.number, l.text, err, s)
	}
	return s, do, nil
}

// action returns what a line with these arguments does.
func (s *sentence) action(args []string) (action, error) {
	if s.spec == nil {
		return s.parse(args)
	}
	spec, err := s.spec(args)
	return func(s *scene) (*failure, error) { return nil, s.start(spec) }, err
}

// String is the usage line.
func (s *sentence) String() string {
	usage := strings.TrimSpace(s.head + " " + s.usage)
	if s.neg {
		return "! " + usage
	}
	return usage
}

func heads(table []sentence) []string {
	var all []string
	for i := range table {
		all = append(all, table[i].head)
	}
	return all
}

// commandNames returns the first words of all sentences: testscript's commands.
func commandNames(table []sentence) []string {
	var names []string
	for i := range table {
		if name := strings.Fields(table[i].head)[0]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func numberArg(args []string, least, most int) (int, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("want one number")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < least || n > most || strconv.Itoa(n) != args[0] {
		return 0, fmt.Errorf("%s is not a number from %d to %d", args[0], least, most)
	}
	return n, nil
}

func noArgs(args []string, do action) (action, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("%s is too much", args[0])
	}
	return do, nil
}

// wordArgs checks that the arguments are different ones of those allowed, at
// least one.
func wordArgs(args []string, allowed ...string) error {
	if len(args) == 0 {
		return fmt.Errorf("want one of %s", strings.Join(allowed, ", "))
	}
	for i, arg := range args {
		if !slices.Contains(allowed, arg) {
			return fmt.Errorf("%s is none of %s", arg, strings.Join(allowed, ", "))
		}
		if slices.Contains(args[:i], arg) {
			return fmt.Errorf("%s is there twice", arg)
		}
	}
	return nil
}

// needs reads numbers of steps, which the line hands to do.
func needs(do func(*scene, []int)) func(args []string) (action, error) {
	return func(args []string) (action, error) {
		var steps []int
		for _, arg := range args {
			n, err := numberArg([]string{arg}, 1, 99)
			if err != nil {
				return nil, err
			}
			steps = append(steps, n)
		}
		if len(steps) == 0 {
			return nil, fmt.Errorf("want a number of a step")
		}
		return func(s *scene) (*failure, error) {
			do(s, steps)
			return nil, nil
		}, nil
	}
}

// runArgs reads the arguments of a container line.
func runArgs(args []string) (RunSpec, error) {
	var spec RunSpec
	if len(args) >= 2 && args[0] == "child" && args[1] == "exits" {
		if len(args) < 3 {
			return spec, fmt.Errorf("want a number after child exits")
		}
		n, err := numberArg(args[2:3], 1, 255)
		if err != nil {
			return spec, err
		}
		spec.ChildExit, args = n, args[3:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) > 0 {
		spec.Args = slices.Clone(args)
	}
	for _, arg := range spec.Args {
		if strings.ContainsRune(arg, 0) {
			return spec, fmt.Errorf("an argument cannot hold a zero byte")
		}
	}
	return spec, nil
}

func parseAlone(args []string) (action, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want the child's arguments")
	}
	spec := RunSpec{Args: slices.Clone(args)}
	return func(s *scene) (*failure, error) {
		s.aloneSpec = &spec
		return nil, nil
	}, nil
}

// Features are what of a machine a scenario may ask for, beyond what every
// check needs.
func Features() []string { return []string{"cgroup2", "veth", "nat"} }

// Needs returns the features that the scenario at path asks for.
func Needs(path string) ([]string, error) {
	lines, err := readScript(path)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, l := range lines {
		if l.words[0] == "feature" {
			all = append(all, l.words[1:]...)
		}
	}
	return all, nil
}

func parseFeature(args []string) (action, error) {
	if err := wordArgs(args, Features()...); err != nil {
		return nil, err
	}
	features := slices.Clone(args)
	return func(s *scene) (*failure, error) { return nil, s.feature(features) }, nil
}

// imageArgs reads the arguments of a container in line.
func imageArgs(args []string) (RunSpec, error) {
	if len(args) < 2 {
		return RunSpec{}, fmt.Errorf("want an image and a command")
	}
	for _, arg := range args {
		if strings.ContainsRune(arg, 0) {
			return RunSpec{}, fmt.Errorf("an argument cannot hold a zero byte")
		}
	}
	return RunSpec{Args: append([]string{"run"}, args...), Image: args[0]}, nil
}

// optionArgs reads the arguments of a container with line.
func optionArgs(args []string) (RunSpec, error) {
	i := slices.Index(args, "in")
	if i < 2 || i%2 != 0 {
		return RunSpec{}, fmt.Errorf("want -v SRC:DST, and in")
	}
	spec, err := imageArgs(args[i+1:])
	if err != nil {
		return RunSpec{}, err
	}
	for n := 0; n < i; n += 2 {
		if args[n] != "-v" || !strings.Contains(args[n+1], ":") {
			return RunSpec{}, fmt.Errorf("%s %s is not -v SRC:DST", args[n], args[n+1])
		}
	}
	spec.Args = slices.Concat([]string{"run"}, args[:i], args[i+1:])
	return spec, nil
}

func parseFolder(args []string) (action, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want a name")
	}
	for i, name := range args {
		if !fs.ValidPath(name) || strings.Contains(name, "/") || slices.Contains(args[:i], name) {
			return nil, fmt.Errorf("%s is no name of a folder, or is there twice", name)
		}
	}
	folders := slices.Clone(args)
	return func(s *scene) (*failure, error) {
		s.folders = folders
		return nil, nil
	}, nil
}
