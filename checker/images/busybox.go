package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// BusyBox is an image with a shell and some 250 tools, made of one static
// program: /bin/busybox, and a link to it for each name that it goes by.
func BusyBox(program []byte) ([]sandbox.Node, error) {
	names, err := applets(program)
	if err != nil {
		return nil, fmt.Errorf("make image of BusyBox: %w", err)
	}
	nodes := folders("bin", "dev", "dev/pts", "dev/shm", "etc", "home", "lib", "mnt", "opt", "proc", "run", "sbin", "srv", "sys", "usr", "usr/bin", "usr/sbin", "var", "var/log")
	nodes = append(nodes,
		sandbox.Node{Path: "root", Mode: unix.S_IFDIR | 0o700},
		sandbox.Node{Path: "tmp", Mode: unix.S_IFDIR | 0o1777},
		sandbox.Node{Path: "bin/busybox", Mode: unix.S_IFREG | 0o755, Data: program},
		sandbox.Node{Path: "etc/profile", Mode: unix.S_IFREG | 0o644, Data: []byte("export PS1='\\h:\\w# ' HOME=/root\ncd\n")})
	for _, name := range names {
		if name != "busybox" {
			nodes = append(nodes, sandbox.Node{Path: "bin/" + name, Mode: unix.S_IFLNK | 0o777, Link: "busybox"})
		}
	}
	return append(nodes, texts("busybox")...), nil
}

// applets finds the names that a BusyBox goes by in the program itself, which
// may be another architecture's: they stand there one behind the other, sorted,
// each with a NUL, and the first two are "[" and "[[".
func applets(program []byte) ([]string, error) {
	const first = "\x00[\x00[[\x00"
	for rest := program; ; {
		i := bytes.Index(rest, []byte(first))
		if i < 0 {
			return nil, errors.New("this program holds no names of tools: it is no BusyBox")
		}
		rest = rest[i+1:]
		var names []string
		for table := rest; ; {
			end := bytes.IndexByte(table, 0)
			if end <= 0 || !isApplet(table[:end]) || len(names) > 0 && names[len(names)-1] >= string(table[:end]) {
				break
			}
			names = append(names, string(table[:end]))
			table = table[end+1:]
		}
		const least = 50 // the two names alone stand elsewhere too
		if len(names) >= least && slices.Contains(names, "sh") {
			return names, nil
		}
	}
}

func isApplet(name []byte) bool {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '[' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return len(name) < 32
}

// WriteTar writes an image's files as a tar archive that FromTar reads.
func WriteTar(w io.Writer, nodes []sandbox.Node) error {
	out := tar.NewWriter(w)
	for _, n := range nodes {
		h := tar.Header{Name: n.Path, Mode: int64(n.Mode & 0o7777), Uid: n.UID, Gid: n.GID, Format: tar.FormatPAX}
		switch kind := n.Mode & unix.S_IFMT; {
		case n.Same != "":
			h.Typeflag, h.Linkname = tar.TypeLink, n.Same
		case kind == unix.S_IFDIR:
			h.Typeflag, h.Name = tar.TypeDir, n.Path+"/"
		case kind == unix.S_IFLNK:
			h.Typeflag, h.Linkname = tar.TypeSymlink, n.Link
		default:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(n.Data))
		}
		if err := out.WriteHeader(&h); err != nil {
			return fmt.Errorf("write archive: %s: %w", n.Path, err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := out.Write(n.Data); err != nil {
				return fmt.Errorf("write archive: %s: %w", n.Path, err)
			}
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}
