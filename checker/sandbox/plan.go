package sandbox

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A plan is what of a command is to be kept.
type plan struct {
	program *byte // where the data of the file at Command.Path begins
	files   []keptFile
	tops    []string // of Command.Empty, with their limits as options of tmpfs(5)
	large   []keptFile
}

// keptFile is a file, by what does not change as long as the data is there.
type keptFile struct {
	path string
	data *byte
	size int
	mode uint32
}

func (p *plan) equal(q *plan) bool {
	return p.program == q.program && slices.Equal(p.files, q.files) && slices.Equal(p.tops, q.tops) && slices.Equal(p.large, q.large)
}

// folders returns those of the plan's files, each once.
func (p *plan) folders() (all []string) {
	for _, f := range p.files {
		if dir := path.Dir(f.path); !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	return all
}

// planned returns what is to be kept of a command; nil: nothing.
func planned(cmd *Command) *plan {
	if !cmd.Keep {
		return nil
	}
	p := &plan{}
	for _, f := range cmd.Files {
		if len(f.Data) < minKept {
			continue
		}
		// It is kept with its folder, in which nothing else may be then.
		dir := path.Dir(f.Path)
		if slices.ContainsFunc(cmd.Files, func(o File) bool { return o.Path != f.Path && strings.HasPrefix(o.Path, dir+"/") }) {
			continue
		}
		if f.Path == cmd.Path {
			p.program = &f.Data[0]
		}
		p.files = append(p.files, keptFile{f.Path, &f.Data[0], len(f.Data), f.Mode})
	}
	if p.program == nil {
		return nil
	}
	for _, top := range cmd.Empty {
		size, inodes, trees := cmd.Limits.Disk, cmd.Limits.Inodes, 0
		for i := range cmd.Trees {
			t := &cmd.Trees[i]
			if t.Top != top {
				continue
			}
			trees++
			more, nodes := room(*t)
			size, inodes = size+more, inodes+nodes
			for j := range t.Nodes {
				if n := &t.Nodes[j]; n.large() {
					p.large = append(p.large, keptFile{path.Join(top, t.Path, n.Path), &n.Data[0], len(n.Data), n.Mode})
				}
			}
		}
		if trees > 0 {
			p.tops = append(p.tops, fmt.Sprintf("%s size=%d,nr_inodes=%d", top, size, inodes))
		}
	}
	return p
}

// large tells whether a node's file is kept.
func (n *Node) large() bool {
	return n.kind() == unix.S_IFREG && n.Same == "" && len(n.Data) >= minKept && n.UID == 0 && n.GID == 0
}
