package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"path"
	"slices"

	"pidone/checker/build"
)

// submission is what Open returns for a program.
func (l *loader) submission(p program) *Submission {
	pkg := "."
	if p.folder != p.root {
		pkg, _ = under(p.folder, p.root)
	}
	tree := build.Sub(&l.tree, p.root)
	sum := sha256.New()
	fmt.Fprintf(sum, "pidone submission 1\n%q\n", pkg)
	l.hash(sum, tree, ".", l.embeds(p.root))
	return &Submission{Tree: tree, Package: pkg, Folder: p.root, Hash: hex.EncodeToString(sum.Sum(nil))}
}

// hash adds all that can take part in a program, in the order of names.
func (l *loader) hash(sum hash.Hash, tree build.Tree, folder string, all bool) {
	names, err := tree.List(folder, 1<<30)
	if err != nil {
		return
	}
	slices.Sort(names)
	for _, base := range names {
		name := path.Join(folder, base)
		kind, _ := tree.Kind(name)
		switch {
		case kind == build.KindFolder:
			l.hash(sum, tree, name, all)
			continue
		case !all && !build.TakesPart(name):
			continue
		}
		data, err := tree.Read(name, l.limits.File)
		fmt.Fprintf(sum, "%q %q %v %d\n", name, kind, err, len(data))
		sum.Write(data)
	}
}
