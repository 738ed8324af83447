package build

import (
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

// ModuleFolders returns where the kit's copies of modules lie, with those that
// they require.
func ModuleFolders(req Request, modules []string) ([]string, error) {
	k, err := readKit(req.Kit, req.Tools)
	if err != nil {
		return nil, err
	}
	return k.closure(modules)
}
