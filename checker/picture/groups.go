package picture

import (
	"fmt"
	"path"
	"strings"

	"pidone/checker/evidence"
)

// maxGroupNotes is how many control groups are told of.
const maxGroupNotes = 4

// inGroup says in which control group a process was when it had executed a program,
// and what limits it and those above it had.
func (b *builder) inGroup(p *evidence.Process, exec int) []Note {
	for i := range b.run.Groups {
		look := &b.run.Groups[i]
		if look.Seq < exec || look.When != evidence.GroupsAtExec || look.Process != p.ID {
			continue
		}
		group := look.With(p.ID)
		if group == nil {
			return nil
		}
		text := "its control group is " + b.short(group.Path)
		if limits := limits(look, group.Path); limits != "" {
			text += ", with " + b.short(limits)
		}
		return []Note{{Text: text, Tone: Plain}}
	}
	return nil
}

// limits lists those of a group and the ones above it.
func limits(look *evidence.Groups, name string) string {
	var texts []string
	for strings.HasPrefix(name, "/") {
		if g := look.Of(name); g != nil {
			for _, file := range []string{"memory.max", "memory.high", "cpu.max", "pids.max"} {
				if value := g.Files[file]; value != "" && !strings.HasPrefix(value, "max") {
					texts = append(texts, file+" "+value)
				}
			}
		}
		if name == "/" {
			break
		}
		name = path.Dir(name)
	}
	return strings.Join(texts, ", ")
}

// groups says what the kernel counted of the groups that programs ended in, and
// which groups were left.
func (b *builder) groups() (notes []Note) {
	var end *evidence.Groups
	told := map[string]bool{}
	for i := range b.run.Groups {
		look := &b.run.Groups[i]
		switch look.When {
		case evidence.GroupsAtExit:
			g := look.With(look.Process)
			if g == nil || told[g.Path] || len(told) == maxGroupNotes {
				continue
			}
			var counts []string
			if n := counted(g, "memory.events", "oom_kill"); n != "" && n != "0" {
				counts = append(counts, "killed for memory: "+n)
			}
			if n := counted(g, "cpu.stat", "nr_throttled"); n != "" && n != "0" {
				counts = append(counts, fmt.Sprintf("throttled in %s of %s periods", n, counted(g, "cpu.stat", "nr_periods")))
			}
			if told[g.Path] = true; len(counts) > 0 {
				notes = append(notes, Note{Text: b.short(fmt.Sprintf("counted for the control group %s: %s", g.Path, strings.Join(counts, ", "))), Tone: Plain})
			}
		case evidence.GroupsAtEnd:
			end = look
		}
	}
	if end == nil {
		return notes
	}
	left := 0
	for _, g := range end.All {
		if b.run.Groups[0].Of(g.Path) != nil {
			continue
		}
		if left++; left <= maxGroupNotes {
			notes = append(notes, Note{Text: "left behind on the host: the control group " + b.short(g.Path), Tone: Bad})
		}
	}
	if left > maxGroupNotes {
		notes = append(notes, Note{Text: fmt.Sprintf("and %d more control groups", left-maxGroupNotes), Tone: Bad})
	}
	return notes
}

// counted returns a number from a file of a group, as the kernel wrote it.
func counted(g *evidence.Group, file, key string) string {
	for line := range strings.Lines(g.Files[file]) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == key {
			return value
		}
	}
	return ""
}
