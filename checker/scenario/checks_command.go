package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// commandChecks are the sentences about the command that a container was made
// for, see command.go.
func commandChecks() []sentence {
	return []sentence{
		{
			head: "command runs", check: true,
			about: "The command was executed in the container, with its arguments as they were given.",
			parse: func(args []string) (action, error) { return noArgs(args, commandRuns) },
		},
		{
			head: "command wired", usage: "stdin|stdout|stderr...", check: true,
			about: "The command read from standard input what the submission was given there; what it wrote to standard output and standard error came out of the submission's own. Of a command that is not the payload: those streams were neither /dev/null nor closed.",
			parse: func(args []string) (action, error) {
				if err := wordArgs(args, "stdin", "stdout", "stderr"); err != nil {
					return nil, err
				}
				streams := slices.Clone(args)
				return func(s *scene) (*failure, error) { return commandWired(s, streams) }, nil
			},
		},
		{
			head: "command in-new", usage: "KIND...", check: true,
			about: "The command, or the child if nobody ran the command, is in namespaces of these kinds that are not the host's: " + strings.Join(kinds(), ", ") + ".",
			parse: func(args []string) (action, error) {
				if err := wordArgs(args, kinds()...); err != nil {
					return nil, err
				}
				kinds := slices.Clone(args)
				return func(s *scene) (*failure, error) { return commandInNew(s, kinds) }, nil
			},
		},
		{
			head: "command root image", check: true,
			about: "The command's root directory is the image's.",
			parse: func(args []string) (action, error) { return noArgs(args, commandRoot) },
		},
		{
			head: "command reaches host", check: true, neg: true,
			about: "No file of the host can be opened by the command, and no namespace of the host entered: neither its working directory nor an open folder lies outside of its root directory, no open file is a namespace of the host that the command is not in itself, a process in one (pidfd), or a netlink, packet or IP socket made in one, nor a file of a control group, nothing of the host is mounted below it, when it is executed or when it ends, nor a layer of an overlay there (but /dev without /dev/shm, /sys, and single files that tell names, such as /etc/resolv.conf), no control group is mounted writable there but below those that limit it, no proc of the host's PID namespace is mounted there, and its /proc shows no process with another root, with its working directory outside of that, or with such a folder or namespace open.",
			parse: func(args []string) (action, error) { return noArgs(args, commandReaches) },
		},
		{
			head: "command sees own proc", check: true,
			about: "A proc file system of the command's own PID namespace is at its /proc.",
			parse: func(args []string) (action, error) { return noArgs(args, commandProc) },
		},
		{
			head: "first exits as command", check: true,
			about: "The first process ended with the command's exit status.",
			parse: func(args []string) (action, error) { return noArgs(args, firstAsCommand) },
		},
		{
			head: "host mounts unchanged", check: true,
			about: "At no time was anything mounted on the host that had not been there, or unmounted, or made private: not by the submission's processes there, and not by what a container's mount namespace passed on.",
			parse: func(args []string) (action, error) { return noArgs(args, hostMounts) },
		},
		{
			head: "host root unchanged", check: true,
			about: "No process outside of the container changed its root directory as long as it was in the host's mount namespace.",
			parse: func(args []string) (action, error) { return noArgs(args, hostRoot) },
		},
		{
			head: "image unchanged", check: true,
			about: "When all was over the image's files were as they had been.",
			parse: func(args []string) (action, error) { return noArgs(args, imageUnchanged) },
		},
	}
}

func commandRuns(s *scene) (*failure, error) {
	f := s.facts
	if _, loop := f.loop(); f.command != nil && !loop {
		return nil, nil
	}
	return &failure{"the command, run in the container as it was given", f.noCommand()}, nil
}

// streamWord is what people call a standard stream.
func streamWord(stream string) string {
	return map[string]string{"stdin": "standard input", "stdout": "standard output", "stderr": "standard error"}[stream]
}

func commandWired(s *scene, streams []string) (*failure, error) {
	f := s.facts
	var words []string
	for _, stream := range streams {
		words = append(words, streamWord(stream))
	}
	want := "the command with the program's own " + list(words)
	if f.command == nil {
		return &failure{want, f.noCommand()}, nil
	}
	for _, stream := range streams {
		if b, ok := f.notCarried(stream); ok {
			return &failure{want, b}, nil
		}
	}
	return nil, nil
}

func commandInNew(s *scene, kinds []string) (*failure, error) {
	f := s.facts
	if f.ran() == nil {
		fail, err := childInNew(s, kinds)
		isOld := func(kind string) bool { return !f.isNew(f.ranOutside().by, kind) }
		if b, outside := f.commandOutside(); fail == nil && err == nil && outside && slices.ContainsFunc(kinds, isOld) {
			return &failure{"the command in the container", b}, nil
		}
		return fail, err
	}
	if f.ran().by == f.child {
		return f.commandNotIn(s, kinds)
	}
	for _, kind := range kinds {
		if err := f.knows(f.ran().by, kind); err != nil {
			return nil, err
		}
		if !f.isNew(f.ran().by, kind) {
			return f.commandNotIn(s, kinds)
		}
	}
	return nil, nil
}

// commandNotIn is childInNew, but for who went into a namespace of the host's.
func (f *facts) commandNotIn(s *scene, kinds []string) (*failure, error) {
	fail, err := childInNew(s, kinds)
	if fail != nil && slices.Equal(kinds, []string{"net"}) && !f.isNew(f.ran().by, "net") {
		fail.because = f.inHostNetwork()
	}
	return fail, err
}

// seen returns what the command could reach. The error says that it is not known.
func (f *facts) seen() error {
	if f.ran().exec.View == nil {
		return fmt.Errorf("judge evidence: what the command could reach was not recorded")
	}
	for _, m := range slices.Concat(f.ran().exec.View.Mounts, f.ran().by.Mounts) {
		if slices.Contains(m.Layers, "") {
			return fmt.Errorf("judge evidence: it is not known which folders the overlay at %s shows", word(m.Point))
		}
	}
	return nil
}

func commandRoot(s *scene) (*failure, error) {
	f := s.facts
	const want = "the image's root file system as the command's root directory"
	if f.ran() == nil {
		return &failure{want, f.noCommand()}, nil
	}
	if err := f.seen(); err != nil {
		return nil, err
	}
	if f.ran().inImage() {
		return nil, nil
	}
	return &failure{want, f.notInImage()}, nil
}

func commandReaches(s *scene) (*failure, error) {
	f := s.facts
	const want = "no file and no namespace of the host within the command's reach"
	if f.ran() == nil {
		return &failure{want, f.noCommand()}, nil
	}
	if err := f.seen(); err != nil {
		return nil, err
	}
	if b, ok := f.reaches(); ok {
		return &failure{want, b}, nil
	}
	if b, ok := f.unseen(); ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}

func commandProc(s *scene) (*failure, error) {
	f := s.facts
	const want = "the container's own processes in /proc"
	if f.ran() == nil {
		return &failure{want, f.noCommand()}, nil
	}
	if err := f.seen(); err != nil {
		return nil, err
	}
	if err := f.knows(f.ran().by, "pid"); err != nil {
		return nil, err
	}
	own := state(f.ran().by).Namespaces["pid"]
	if v := f.ran().exec.View; v.Proc && v.ProcPIDs == own && f.isNew(f.ran().by, "pid") {
		return nil, nil
	}
	return &failure{want, f.wrongProc(own)}, nil
}

func firstAsCommand(s *scene) (*failure, error) {
	f := s.facts
	const want = "the first process to exit with the command's exit code"
	if f.command == nil {
		return &failure{want, f.noCommand()}, nil
	}
	is, first := f.command.by.Exit, f.first.Exit
	if f.ended(f.command.by) && f.ended(f.first) && is.Signal == "" && first.Signal == "" && is.Code == first.Code {
		return nil, nil
	}
	return &failure{want, f.otherExit()}, nil
}

func hostMounts(s *scene) (*failure, error) {
	f := s.facts
	const want = "the host's mounts left as they were"
	if b, ok := f.mountedOnHost(); ok {
		return &failure{want, b}, nil
	}
	if b, ok := f.unrecorded(); ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}

func hostRoot(s *scene) (*failure, error) {
	f := s.facts
	if b, ok := f.rootedOnHost(); ok {
		return &failure{"the host's processes with the host's root directory", b}, nil
	}
	return nil, nil
}

func imageUnchanged(s *scene) (*failure, error) {
	f := s.facts
	if f.run.Image == nil {
		return nil, fmt.Errorf("judge evidence: the run has no image")
	}
	if len(f.run.Image.Changed) == 0 {
		return nil, nil
	}
	return &failure{"the image as it was", f.cutOff(f.imageChanged())}, nil
}
