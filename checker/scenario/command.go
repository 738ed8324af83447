package scenario

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// The command
//
// Where the submission is started as `run IMAGE COMMAND ARG...`, the command is
// one process of the container and the program that it became: a program that
// is not the submission's own, with the arguments that were asked for. Where
// COMMAND is the kit's payload the program must be that, byte by byte, wherever
// it lies. Of several such processes it is the first whose root directory is the
// image's, else the first. Its name, argument 0, may be another.
//
// Its root directory, working directory, open folders and mounts are what the
// kernel held when the process had just become the command. A root directory is
// the image's if the file is there that was put into this run's image alone: it
// may be the folder itself, a bind mount, an overlay or a copy of it.

// A running is one process, and one program that it became.
type running struct {
	by   *evidence.Process
	exec *evidence.Exec
}

// isPayload tells whether a command is the kit's payload.
func isPayload(command []string) bool {
	return len(command) > 0 && path.Base(command[0]) == "payload"
}

// findCommand returns the command, and a process of the container that became
// its program with other arguments. Either may be nil.
func findCommand(run *evidence.Run, in map[int]bool) (command, other *running) {
	asked := commandOf(run.Args)
	if len(asked) == 0 || run.Image == nil {
		return nil, nil
	}
	for _, p := range run.Processes {
		if !in[p.ID] {
			continue
		}
		for i := range p.Execs {
			e := &p.Execs[i]
			if e.Self || isPayload(asked) != e.Payload {
				continue
			}
			if len(e.Argv) == 0 || !slices.Equal(e.Argv[1:], asked[1:]) {
				if other == nil && (e.Payload || path.Base(e.Path) == path.Base(asked[0])) {
					other = &running{p, e}
				}
				continue
			}
			if command == nil || !command.inImage() && (&running{p, e}).inImage() {
				command = &running{p, e}
			}
		}
	}
	return command, other
}

// inImage tells whether its root directory was the image's.
func (r *running) inImage() bool { return r.exec.View != nil && r.exec.View.Image && !r.exec.View.Host }

// said returns what the payload said first in a process, or nil.
func (f *facts) said(p *evidence.Process) *evidence.Said {
	if all := f.everySaid(p); len(all) > 0 {
		return all[0]
	}
	return nil
}

// everySaid returns all that the payload said in a process.
func (f *facts) everySaid(p *evidence.Process) []*evidence.Said {
	var all []*evidence.Said
	for i := range f.wrote[p.ID] {
		for line := range strings.Lines(f.wrote[p.ID][i].data) {
			var s evidence.Said
			if strings.HasPrefix(line, `{"payload":`) && json.Unmarshal([]byte(line), &s) == nil && s.Word != "" {
				all = append(all, &s)
			}
		}
	}
	return all
}

// errorWord returns the word that the payload wrote to standard error, or "".
func (f *facts) errorWord(p *evidence.Process) string {
	_, rest, _ := strings.Cut(f.output(p), "payload: error word ")
	word, _, _ := strings.Cut(rest, "\n")
	return word
}

// ran returns the command, or its program with other arguments where it did not
// run as it was given: what the one could reach the other could as well.
func (f *facts) ran() *running {
	if f.command == nil {
		return f.otherCommand
	}
	return f.command
}
