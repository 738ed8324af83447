package sandbox

import (
	"path/filepath"
	"strings"
)

// sweep removes groups of checkers that are gone and whose janitors are too. What
// became of those of other PID namespaces cannot be seen from this one.
func (g *groups) sweep() {
	own := strings.Split(g.name, "-")
	for _, dir := range g.dirs {
		left, _ := filepath.Glob(filepath.Join(dir, groupPrefix+"*"))
		for _, l := range left {
			f := strings.Split(filepath.Base(l), "-")
			if len(f) != 6 || f[3] != own[3] {
				continue
			}
			if stat, err := readFile(filepath.Join("/proc", f[1], "stat")); err != nil || startTime(stat) != f[2] {
				removeGroup(l) // fails while processes are in it, which then are not ours to end
			}
		}
	}
}
