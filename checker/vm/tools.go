package vm

import (
	"debug/elf"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Tools returns the programs for networks that are installed on this machine,
// with the libraries that they need, as files of the VM: what a submission can
// start on this machine it can start there. A program that is not there, or of which
// something is missing, is left out.
func Tools() []File {
	c := toolbox{files: map[string]File{}}
	for _, name := range []string{
		"ip", "bridge", "nft", "iptables", "iptables-nft", "iptables-legacy",
	} {
		for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
			c.take(filepath.Join(dir, name))
		}
	}
	var all []File
	for _, path := range c.order {
		all = append(all, c.files[path])
	}
	return all
}

// toolbox is a set of files that is complete in itself.
type toolbox struct {
	files map[string]File
	order []string
}

func (c *toolbox) put(f File) {
	if _, there := c.files[f.Path]; !there {
		c.files[f.Path] = f
		c.order = append(c.order, f.Path)
	}
}

// merged is a file's place in the VM, where /bin, /lib and so on are links.
func merged(path string) string {
	for _, dir := range []string{"/bin/", "/sbin/", "/lib/", "/lib64/"} {
		if strings.HasPrefix(path, dir) {
			return "/usr" + path
		}
	}
	return path
}

// take adds a program, a link to it where it is called by another name, its
// libraries and, of iptables, its extensions.
func (c *toolbox) take(path string) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return
	}
	needed, err := closure(real)
	if err != nil {
		return // such as a script
	}
	if strings.HasPrefix(filepath.Base(real), "xtables") {
		extensions, _ := filepath.Glob("/usr/lib*/*/xtables/*.so")
		more, _ := filepath.Glob("/usr/lib*/xtables/*.so")
		for _, so := range append(extensions, more...) {
			if its, err := closure(so); err == nil {
				maps.Copy(needed, its)
			}
		}
	}
	for _, to := range slices.Sorted(maps.Keys(needed)) {
		c.put(File{Path: merged(to), Mode: 0o755, From: needed[to]})
	}
	if at := merged(real); at != path {
		c.put(File{Path: path, Link: at})
	}
}

// closure returns a program, its interpreter and all libraries that these need:
// where they are looked for, and the files that they are.
func closure(program string) (map[string]string, error) {
	found := map[string]string{program: program}
	for todo := []string{program}; len(todo) > 0; todo = todo[1:] {
		f, err := elf.Open(todo[0])
		if err != nil {
			return nil, err
		}
		libraries, err := f.ImportedLibraries()
		for _, p := range f.Progs {
			if p.Type != elf.PT_INTERP {
				continue
			}
			if data := make([]byte, p.Filesz); p.Filesz < 4096 {
				if _, err := p.ReadAt(data, 0); err == nil {
					libraries = append(libraries, strings.TrimRight(string(data), "\x00"))
				}
			}
		}
		f.Close()
		if err != nil {
			return nil, err
		}
		for _, name := range libraries {
			path, err := library(name)
			if err != nil {
				return nil, err
			}
			real, err := filepath.EvalSymlinks(path)
			if err != nil {
				return nil, err
			}
			if _, known := found[path]; !known {
				found[path] = real
				todo = append(todo, real)
			}
		}
	}
	return found, nil
}

// library returns the path of a library, looked for where systems have them.
func library(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range []string{"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", &os.PathError{Op: "find library", Path: name, Err: os.ErrNotExist}
}
