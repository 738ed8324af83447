package build

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// coldPackages returns what Warm should compile, given the packages that the
// go command said it compiled.
func coldPackages(compiled []string, src *Source) []string {
	own := func(p string) bool { return p == src.Module.Path || strings.HasPrefix(p, src.Module.Path+"/") }
	if !slices.ContainsFunc(compiled, func(p string) bool { return !own(p) }) {
		return nil
	}
	return src.Imports
}

// Warm compiles packages of Go's own library and of the kit's modules into the
// user's build cache, so that the next submission that imports them need not
// wait for that: a sandbox throws away what it has compiled. Nothing of a
// submission takes part in it. It does nothing for a cache that is another
// user's.
func Warm(ctx context.Context, req Request, packages []string) error {
	if len(packages) == 0 || req.Tools.Cache == "" || !ownedByUs(req.Tools.Cache) {
		return nil
	}
	k, err := readKit(req.Kit, req.Tools.ModCache)
	if err != nil {
		return err
	}
	src := &Source{Module: Module{Path: "warm", Go: strings.TrimPrefix(req.Tools.Version, "go")}}
	text := "package main\n\n"
	var modules []string
	for _, p := range packages {
		text += fmt.Sprintf("import _ %q\n", p)
		if mod, ok := k.moduleOf(p); ok {
			modules = append(modules, mod)
		}
	}
	src.Files = []File{{"main.go", []byte(text + "\nfunc main() {}\n")}}
	if src.Modules, err = k.closure(modules); err != nil {
		return err
	}
	res, err := Plain(ctx, Plan(req, src))
	if err != nil {
		return fmt.Errorf("warm the build cache: %w", err)
	}
	if res.Code != 0 {
		return fmt.Errorf("warm the build cache: go build: exit status %d: %s", res.Code, cutText(string(res.Messages)))
	}
	return nil
}

func ownedByUs(dir string) bool {
	fi, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return true
	}
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
