package build

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A Stock knows where in the user's build cache the compiled packages of Go's
// own library and of the kit's modules lie. It is for many submissions: each
// Request that has it may be compiled without the go command (see direct.go).
// Goroutines may share it.
type Stock struct {
	req Request // Kit and Tools

	mu    sync.RWMutex
	packs map[string]pack // by import path, with all that the packages import themselves
}

// A pack is a compiled package.
type pack struct {
	file    string   // relative to the build cache
	module  string   // of the kit's that it belongs to; "": it is Go's own
	imports []string // as its source has them, unless it is Go's own
}

// NewStock returns an empty Stock for the kit and the toolchain of a Request.
func NewStock(req Request) *Stock {
	return &Stock{req: Request{Kit: req.Kit, Tools: req.Tools}, packs: map[string]pack{}}
}

// Add does for packages what Warm does, and remembers them.
func (s *Stock) Add(ctx context.Context, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	// Every program has the runtime in it, whether it is imported or not.
	found, err := exports(ctx, s.req, append([]string{"runtime"}, packages...))
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.packs, found)
	return err
}

// has tells whether all packages are known.
func (s *Stock) has(packages []string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	unknown := func(path string) bool { return s.packs[path].file == "" }
	return !unknown("runtime") && !slices.ContainsFunc(packages, unknown)
}

// config returns the lines that tell compiler and linker where packages are,
// with cache as the build cache's folder; false unless it has all of imports.
func (s *Stock) config(imports []string, cache string) (string, bool) {
	if !s.has(imports) {
		return "", false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(s.packs)) {
		fmt.Fprintf(&b, "packagefile %s=%s\n", path, filepath.Join(cache, s.packs[path].file))
	}
	return b.String(), true
}

// modules returns the paths of the kit's modules that packages come from, and all
// that they import, sorted.
func (s *Stock) modules(imports []string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	modules, seen := map[string]bool{}, map[string]bool{}
	for todo := slices.Clone(imports); len(todo) > 0; todo = todo[1:] {
		// What Go's own packages import is Go's own.
		if p := s.packs[todo[0]]; p.module != "" && !seen[todo[0]] {
			seen[todo[0]], modules[p.module] = true, true
			todo = append(todo, p.imports...)
		}
	}
	return slices.Sorted(maps.Keys(modules))
}

// Warm compiles packages of Go's own library and of the kit's modules into the
// user's build cache, so that the next submission that imports them need not
// wait for that: a sandbox throws away what it has compiled. Nothing of a
// submission takes part in it. It does nothing for a cache that is another
// user's.
func Warm(ctx context.Context, req Request, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	_, err := exports(ctx, req, packages)
	return err
}

// exports compiles packages into the user's build cache, with all that they
// import, and returns them. With an error it returns those that it has.
func exports(ctx context.Context, req Request, packages []string) (map[string]pack, error) {
	cache := req.Tools.Cache
	if cache == "" || !ownedByUs(cache) {
		return nil, nil
	}
	k, err := readKit(req.Kit, req.Tools)
	if err != nil {
		return nil, err
	}
	src := &Source{Module: Module{Path: "warm", Go: strings.TrimPrefix(req.Tools.Version, "go")}}
	var modules []string
	for _, p := range packages {
		if mod, ok := k.moduleOf(p); ok {
			modules = append(modules, mod)
		}
	}
	if src.Modules, err = k.closure(modules); err != nil {
		return nil, err
	}
	job := Plan(req, src)
	job.args = slices.Concat([]string{"list", "-e", "-export", "-deps", "-json=ImportPath,Export,Imports,Module", "--"}, packages)
	job.Limits.Output = 4 << 20
	res, err := Plain(ctx, job)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("warm the build cache: %w", err)
	}
	if res.Code != 0 {
		return nil, fmt.Errorf("warm the build cache: go list: exit status %d: %s", res.Code, cutText(string(res.Messages)))
	}
	found := map[string]pack{}
	for in := json.NewDecoder(strings.NewReader(string(res.Messages))); in.More(); {
		var p struct {
			ImportPath, Export string
			Imports            []string
			Module             *struct{ Path string }
		}
		if err := in.Decode(&p); err != nil {
			return nil, fmt.Errorf("warm the build cache: go list: %w", err)
		}
		if rel, err := filepath.Rel(cache, p.Export); err == nil && filepath.IsLocal(rel) {
			compiled := pack{file: rel}
			if p.Module != nil {
				compiled.module, compiled.imports = p.Module.Path, p.Imports
			}
			found[p.ImportPath] = compiled
		}
	}
	for _, path := range packages {
		if found[path].file == "" && path != "unsafe" {
			return found, fmt.Errorf("warm the build cache: %s cannot be compiled", path)
		}
	}
	return found, nil
}
