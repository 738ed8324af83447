package skeleton

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"

	"pidone/checker/pattern"
)

// pruneImports takes out of a skeleton the imports that its solution uses and
// it does not. One of which that cannot be told, because its package's name is
// not the end of its path, stays.
func pruneImports(name string, solution, skeleton []byte) ([]byte, error) {
	whole, err := parser.ParseFile(token.NewFileSet(), name, solution, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse solution: %w", err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, skeleton, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse skeleton of %s: %w", name, err)
	}
	before, now := qualifiers(whole), qualifiers(file)

	type span struct{ from, to int }
	var cuts []span
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.IMPORT {
			continue
		}
		gone := 0
		for _, spec := range group.Specs {
			imported := spec.(*ast.ImportSpec)
			used := importName(imported)
			if now[used] || !before[used] {
				continue
			}
			gone++
			cuts = append(cuts, span{fset.Position(imported.Pos()).Offset, fset.Position(imported.End()).Offset})
		}
		if gone == len(group.Specs) {
			cuts = append(cuts[:len(cuts)-gone], span{fset.Position(group.Pos()).Offset, fset.Position(group.End()).Offset})
		}
	}

	var pruned []byte
	next := 0
	for _, cut := range cuts {
		pruned = append(pruned, skeleton[next:cut.from]...)
		next = cut.to
		// The rest of the line goes with it, so that no hole is left between the others.
		if end := blankRest().Find(skeleton[next:]); end != nil {
			next += len(end)
		}
	}
	return append(pruned, skeleton[next:]...), nil
}

var blankRest = pattern.Lazy(`^[ \t\r]*;?[ \t\r]*(//[^\n]*)?\n`)

// qualifiers lists the names that stand before a dot in a file.
func qualifiers(file *ast.File) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if base, ok := selector.X.(*ast.Ident); ok {
				names[base.Name] = true
			}
		}
		return true
	})
	return names
}

var majorVersion = pattern.Lazy(`^v[0-9]+$`)

// importName returns the name that a file uses for an import.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	whole, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	last := path.Base(whole)
	if majorVersion().MatchString(last) {
		last = path.Base(path.Dir(whole))
	}
	return last
}
