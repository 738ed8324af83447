package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// A RunSpec says how a scenario wants the submission to be started.
type RunSpec struct {
	Args      []string `json:"args,omitempty"`       // of the first process, without the program's own name
	ChildExit int      `json:"child_exit,omitempty"` // evidence.Inject; 0: nothing is injected
	// Image is the image that the host shows, which Args name; empty: none. Where
	// there is one, the first process gets a line of random letters on standard
	// input.
	Image string `json:"image,omitempty"`
	// Folders are in the first process's working directory when it starts, each
	// with a file "seed" in it.
	Folders []string `json:"folders,omitempty"`
	// Features are those of the host that the scenario asks for.
	Features []string `json:"features,omitempty"`
}

// Command returns the program that the submission is asked to run in the image,
// with its arguments: Args are "run", the image, the command. It is nil where
// they are not.
func (s RunSpec) Command() []string { return commandOf(s.Args) }

// with returns the spec with other arguments, unless they are nil.
func (s RunSpec) with(args []string) (RunSpec, error) {
	if args == nil {
		return s, nil
	}
	if s.Args = args; s.Image == "" {
		return s, nil
	}
	if s.Command() == nil {
		return s, fmt.Errorf("start the submission with %q: this exercise wants ARGS such as 'run box /opt/payload say hello'", args)
	}
	_, s.Image, _ = imageAndCommand(args)
	return s, nil
}

// FirstRun returns how the scenario at path starts the submission first; with
// args in place of its own arguments, unless they are nil.
func FirstRun(path string, args []string) (RunSpec, error) {
	specs, err := Runs(path, args)
	if err != nil {
		return RunSpec{}, err
	}
	if len(specs) == 0 {
		return RunSpec{}, fmt.Errorf("read scenario %s: it starts nothing", path)
	}
	return specs[0], nil
}

// Runs returns all the runs that the scenario at path asks for, in its order, and
// then those that it may ask for; with args in place of their own arguments, unless
// they are nil.
func Runs(path string, args []string) ([]RunSpec, error) {
	lines, err := readScript(path)
	if err != nil {
		return nil, err
	}
	var folders, features []string
	var specs, maybe []RunSpec
	for _, l := range lines {
		switch l.words[0] {
		case "folder":
			folders = l.words[1:]
		case "feature":
			features = append(features, l.words[1:]...)
		case "alone":
			maybe = append(maybe, RunSpec{Args: l.words[1:]})
		}
		s, rest := find(settings(), l.words)
		if s == nil || s.spec == nil {
			continue
		}
		spec, err := s.spec(rest)
		if err != nil {
			return nil, fmt.Errorf("read scenario %s: line %d: %w", path, l.number, err)
		}
		spec.Folders, spec.Features = folders, features
		if spec, err = spec.with(args); err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return append(specs, maybe...), nil
}

func commandOf(args []string) []string {
	_, _, command := imageAndCommand(args)
	return command
}

// imageAndCommand reads arguments of the form "run [-v SRC:DST[:ro]]... IMAGE
// COMMAND [ARG...]"; command is nil for others.
func imageAndCommand(args []string) (volumes []string, image string, command []string) {
	if len(args) == 0 || args[0] != "run" {
		return nil, "", nil
	}
	rest := args[1:]
	for len(rest) > 1 && rest[0] == "-v" {
		volumes, rest = append(volumes, rest[1]), rest[2:]
	}
	if len(rest) < 2 {
		return nil, "", nil
	}
	return volumes, rest[0], rest[1:]
}

// Key is equal for equal specs and for no others. What runs submissions keeps
// their evidence under it, so that scenarios share runs.
func (s RunSpec) Key() string {
	var key strings.Builder
	key.WriteString(strconv.Itoa(s.ChildExit))
	if s.Image != "" {
		key.WriteString(" in " + strconv.Quote(s.Image))
	}
	for _, folder := range s.Folders {
		key.WriteString(" with " + strconv.Quote(folder))
	}
	for _, feature := range s.Features {
		key.WriteString(" on " + strconv.Quote(feature))
	}
	for _, arg := range s.Args {
		key.WriteString(" " + strconv.Quote(arg))
	}
	return key.String()
}

// A Runner runs the submission once, or finds the evidence of having done so.
// Its error means that there is no evidence; it is never the submission's
// fault.
type Runner func(ctx context.Context, spec RunSpec) (*evidence.Run, error)
