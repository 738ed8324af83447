package scenario

import (
	"fmt"
	"path"
	"strings"

	"pidone/checker/evidence"
)

// volumeChecks are the sentences about folders of the host that a container has.
func volumeChecks() []sentence {
	return []sentence{
		{
			head: "command mounts", usage: "SOURCE at POINT [read-only]", check: true,
			about: "In the container, the folder SOURCE of the working directory is mounted at POINT, and nothing over it; so that it can be written to, or read-only: then it is nowhere else in the container where it can be written to and nobody asked for it.",
			parse: parseMounts,
		},
		{
			head: "host finds", usage: "FILE TEXT", check: true,
			about: "When all was over the FILE below the working directory held TEXT, and nothing else.",
			parse: func(args []string) (action, error) {
				if len(args) != 2 {
					return nil, fmt.Errorf("want a file and a text")
				}
				return func(s *scene) (*failure, error) { return hostFinds(s, args[0], args[1]) }, nil
			},
		},
		{
			head: "host has folder", usage: "NAME", check: true,
			about: "When all was over there was a folder of that name in the working directory.",
			parse: func(args []string) (action, error) {
				if len(args) != 1 {
					return nil, fmt.Errorf("want one name")
				}
				return func(s *scene) (*failure, error) { return hostHasFolder(s, args[0]) }, nil
			},
		},
	}
}

func parseMounts(args []string) (action, error) {
	readOnly := len(args) == 4 && args[3] == "read-only"
	if len(args) < 3 || args[1] != "at" || len(args) > 3 && !readOnly || !path.IsAbs(args[2]) {
		return nil, fmt.Errorf("want a source, at, and an absolute path")
	}
	return func(s *scene) (*failure, error) { return commandMounts(s, args[0], args[2], readOnly) }, nil
}

// onHost is the path of something in the working directory.
func (f *facts) onHost(name string) string { return path.Join(f.first.Born.Dir, name) }

// mountAt returns what the command sees mounted at a path, or nil: the last one
// there lies over the others.
func mountAt(v *evidence.View, point string) *evidence.Mount {
	var found *evidence.Mount
	for i := range v.Mounts {
		if v.Mounts[i].Point == point && !v.Mounts[i].Covered {
			found = &v.Mounts[i]
		}
	}
	return found
}

func commandMounts(s *scene, source, point string, readOnly bool) (*failure, error) {
	f := s.facts
	want := fmt.Sprintf("the host's folder %s at %s in the container", source, point)
	if readOnly {
		want += ", read-only"
	}
	if f.ran() == nil {
		return &failure{want, f.noCommand()}, nil
	}
	if err := f.seen(); err != nil {
		return nil, err
	}
	m := mountAt(f.ran().exec.View, point)
	switch {
	case m == nil:
		return &failure{want, f.notMounted(source, point)}, nil
	case m.Host != f.onHost(source):
		return &failure{want, f.otherMounted(m)}, nil
	case m.ReadOnly != readOnly:
		return &failure{want, f.otherMode(m)}, nil
	}
	if b, ok := f.writableLater(m); readOnly && ok {
		return &failure{want, b}, nil
	}
	if b, ok := f.writableElsewhere(m); readOnly && ok {
		return &failure{want, b}, nil
	}
	if b, ok := f.unseen(); readOnly && ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}

// found returns what lay in the working directory at the end, or nil.
func (f *facts) found(name string) *evidence.Found {
	for i, found := range f.run.Host.Found {
		if found.Path == f.onHost(name) {
			return &f.run.Host.Found[i]
		}
	}
	return nil
}

// written is the path at which the command was told to write a text that belongs
// in a file of the working directory.
func (f *facts) written(name, text string) string {
	args := commandOf(f.run.Args)
	for i, arg := range args {
		if i > 0 && arg == text && path.Base(args[i-1]) == path.Base(name) {
			return args[i-1]
		}
	}
	return "/" + name
}

func hostFinds(s *scene, name, text string) (*failure, error) {
	f := s.facts
	want := fmt.Sprintf("%s in %s on the host", quote(text), name)
	if f.ran() == nil {
		return &failure{want, f.noCommand()}, nil
	}
	if found := f.found(name); found != nil && found.Kind == "file" && string(found.Data) == text {
		return nil, nil
	}
	return &failure{want, f.notFound(name, f.written(name, text))}, nil
}

func hostHasFolder(s *scene, name string) (*failure, error) {
	f := s.facts
	found := f.found(name)
	if found != nil && found.Kind == "folder" {
		return nil, nil
	}
	b := because{
		cause: "no-folder",
		saw:   fmt.Sprintf("no %s in %s", name, f.onHost("")),
		try:   "make the folder if it is missing, in the parent, before the child is started",
	}
	if found != nil {
		b.saw = fmt.Sprintf("%s is a %s", f.onHost(name), strings.Replace(found.Kind, "other", "file of another kind", 1))
	}
	return &failure{fmt.Sprintf("a folder %s in the working directory", name), b}, nil
}
