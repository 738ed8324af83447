package images

import (
	"crypto/rand"
	"path"

	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

const (
	// Top is the folder of a sandbox in which images lie, each in IMAGE/rootfs.
	Top = "/fs"
	// Program is where the payload lies: on the sandbox's host as in the image,
	// so that a container without a root of its own can run it too.
	Program = "/opt/payload"
	// MarkFile is the file of an image that holds its mark.
	MarkFile = "etc/image-mark"
)

// Rootfs is the path of an image's root file system in a sandbox.
func Rootfs(image string) string { return path.Join(Top, image, "rootfs") }

// NewMark returns what tells a root file system of one run from all others.
func NewMark() string {
	return rand.Text()
}

// Box is the image of checks: the folders of a Linux system, a few files, the
// payload.
func Box(payload []byte) []sandbox.Node {
	nodes := folders("bin", "dev", "dev/pts", "dev/shm", "etc", "home", "lib", "mnt", "opt", "proc", "run", "sbin", "srv", "sys", "usr", "usr/bin", "usr/lib", "var", "var/log")
	nodes = append(nodes,
		sandbox.Node{Path: "root", Mode: unix.S_IFDIR | 0o700},
		sandbox.Node{Path: "tmp", Mode: unix.S_IFDIR | 0o1777},
		sandbox.Node{Path: Program[1:], Mode: unix.S_IFREG | 0o755, Data: payload},
		sandbox.Node{Path: "bin/payload", Mode: unix.S_IFREG | 0o755, Same: Program[1:]})
	return append(nodes, texts("box")...)
}

// Marked returns the nodes with a mark among them, in place of one they have.
func Marked(nodes []sandbox.Node, mark string) []sandbox.Node {
	var out []sandbox.Node
	folder := false
	for _, n := range nodes {
		if n.Path == "etc" && n.Mode&unix.S_IFMT == unix.S_IFDIR {
			folder = true
		}
		if n.Path != MarkFile {
			out = append(out, n)
		}
	}
	if !folder {
		out = append(out, folders("etc")...)
	}
	return append(out, sandbox.Node{Path: MarkFile, Mode: unix.S_IFREG | 0o444, Data: []byte(mark + "\n")})
}

func folders(names ...string) []sandbox.Node {
	var nodes []sandbox.Node
	for _, name := range names {
		nodes = append(nodes, sandbox.Node{Path: name, Mode: unix.S_IFDIR | 0o755})
	}
	return nodes
}

// texts are the small files that programs look for in /etc.
func texts(name string) []sandbox.Node {
	var nodes []sandbox.Node
	for _, f := range [...][2]string{
		{"passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
		{"group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
		{"hosts", "127.0.0.1 localhost\n::1 localhost\n"},
		{"resolv.conf", ""},
		{"os-release", "NAME=" + name + "\nID=" + name + "\nPRETTY_NAME=\"" + name + ", an image of the kit\"\n"},
	} {
		nodes = append(nodes, sandbox.Node{Path: "etc/" + f[0], Mode: unix.S_IFREG | 0o644, Data: []byte(f[1])})
	}
	return nodes
}
