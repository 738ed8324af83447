package build

import (
	"path"
	"slices"
	"strings"
)

// maxLooked is how many names are looked at for a program, and maxLookedAt how many bytes
// of Go files.
const (
	maxLooked   = 20_000
	maxLookedAt = 16 << 20
)

// findMain looks for the folder of package main below a root that has no Go file of its
// own, as in a module with cmd/app: c.main is that, if there is just one. Of several it
// complains.
func (c *collector) findMain() {
	if c.inTree || c.main != "." {
		return
	}
	var found []string
	looked, bytes := 0, 0
	for todo := []string{"."}; len(todo) > 0 && looked < maxLooked && bytes < maxLookedAt; todo = todo[1:] {
		dir := todo[0]
		names, err := c.tree.List(dir, c.entries)
		if err != nil {
			continue // what cannot be read holds nothing that could be built
		}
		slices.Sort(names)
		looked += len(names)
		read := map[string][]byte{}
		for _, name := range names {
			full := path.Join(dir, name)
			switch kind, err := c.tree.Kind(full); {
			case err != nil || name[0] == '.' || name[0] == '_':
			case kind == KindFile && path.Ext(name) == ".go" && isSource(name):
				if dir == "." {
					return
				}
				if data, err := c.tree.Read(full, maxSource); err == nil {
					read[name] = data
					bytes += len(data)
				}
			case kind == KindFolder && name != "vendor" && name != "testdata" && strings.Count(full, "/") < maxDepth:
				todo = append(todo, full)
			}
		}
		if len(read) > 0 {
			if pkg, _ := c.context(read).ImportDir(".", 0); pkg != nil && pkg.Name == "main" && len(pkg.GoFiles) > 0 {
				found = append(found, dir)
			}
		}
	}
	switch {
	case len(found) == 1:
		c.main = found[0]
	case len(found) > 1:
		const most = 5
		more := ""
		if len(found) > most {
			found, more = found[:most], ", ..."
		}
		c.complain(Message{Text: "there are no Go files in the submission's folder, and several programs below it: " + strings.Join(found, ", ") + more})
	}
}
