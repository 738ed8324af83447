package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// grove is a tree with a node of every kind.
func grove() []Tree {
	return []Tree{{Top: "/fs", Path: "box/rootfs", Nodes: []Node{
		{Path: "bin", Mode: unix.S_IFDIR | 0o755},
		{Path: "bin/tool", Mode: unix.S_IFREG | 0o755, Data: []byte("#!/bin/sh\n")},
		{Path: "bin/other", Mode: unix.S_IFREG, Same: "bin/tool"},
		{Path: "bin/sh", Mode: unix.S_IFLNK | 0o777, Link: "tool"},
		{Path: "tmp", Mode: unix.S_IFDIR | 0o1777},
		{Path: "owned", Mode: unix.S_IFREG | 0o640, UID: 33, GID: 4, Data: []byte("secret\n")},
	}}}
}

// inGrove runs a script of the shell beside the tree.
func inGrove(t *testing.T, h *Host, script string) *Result {
	t.Helper()
	res, err := h.Run(t.Context(), Command{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"},
		Dir: "/fs/box/rootfs", Empty: []string{"/fs"}, Trees: grove(),
	})
	require.NoError(t, err)
	require.Empty(t, string(res.Stderr.Data))
	return res
}

func TestTreesAreAsAskedFor(t *testing.T) {
	t.Parallel()
	h := open(t)
	res := inGrove(t, h, `umask 077; cat owned; readlink bin/sh; stat -c '%n %a %h' bin/tool tmp owned; stat -c '%u %g' owned bin/tool`)
	assert.Empty(t, res.Changes)
	owner := "33 4"
	if h.ids.count <= 33 {
		owner = "0 0"
	}
	assert.Equal(t, "secret\ntool\nbin/tool 755 2\ntmp 1777 2\nowned 640 1\n"+owner+"\n0 0\n", string(res.Stdout.Data))
}

func TestChangesOfTreesAreTold(t *testing.T) {
	t.Parallel()
	h := open(t)
	for script, want := range map[string]string{
		"touch owned; chmod 755 bin; mkdir a; rmdir a; mv bin/sh x; mv x bin/sh": "",
		"echo more >> owned":                      "/owned (changed)",
		"printf 'SECRET\n' > owned":               "/owned (changed)",
		"printf '#!/bin/SH\n' > bin/other":        "/bin/other (changed) /bin/tool (changed)",
		"chmod 600 owned":                         "/owned (changed)",
		"rm owned; mkdir owned":                   "/owned (changed)",
		"ln -sf /etc bin/sh":                      "/bin/sh (changed)",
		"mkdir -p old/deep/er":                    "/old (new)",
		"ln -s / tmp/out":                         "/tmp/out (new)",
		"rm -r bin":                               "/bin (gone)",
		"rm -r bin; mkfifo bin":                   "/bin (changed)",
		"rm -r bin; ln -s /bin bin":               "/bin (changed)",
		"cd /fs; mv box other":                    " (gone)",
		"cd /fs; mv box other; ln -s other box":   " (gone)",
		"cd /fs; mv box other; ln -s / box":       " (gone)",
		"cd /fs/box; mv rootfs x; ln -s x rootfs": " (gone)",
		"chmod 000 tmp":                           "/tmp (changed)",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range inGrove(t, h, script).Changes {
				got = append(got, strings.TrimPrefix(c, "/fs/box/rootfs"))
			}
			assert.Equal(t, want, strings.Join(got, " "))
		})
	}
	many := inGrove(t, h, "for i in 1 2 3 4 5 6 7 8 9 a b c d e f g h; do mkdir $i; done").Changes
	assert.Len(t, many, maxChanges)
}

func TestBadTrees(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]Node{
		`"../x" is no path`:       {Path: "../x", Mode: unix.S_IFREG},
		`"/x" is no path`:         {Path: "/x", Mode: unix.S_IFREG},
		`"a\x00" is no path`:      {Path: "a\x00", Mode: unix.S_IFREG},
		`"bin" is no path`:        {Path: "bin", Mode: unix.S_IFDIR},
		`"bin/sh/x" lies in no`:   {Path: "bin/sh/x", Mode: unix.S_IFREG},
		`"none/x" lies in no`:     {Path: "none/x", Mode: unix.S_IFREG},
		`"dev" is neither`:        {Path: "dev", Mode: unix.S_IFCHR},
		"y is another name of no": {Path: "y", Mode: unix.S_IFREG, Same: "bin"},
	} {
		trees := grove()
		trees[0].Nodes = append(trees[0].Nodes, n)
		assert.ErrorContains(t, checkTrees(trees), want)
	}
	assert.NoError(t, checkTrees(grove()))
	assert.Error(t, checkTrees([]Tree{{Top: "/fs", Path: "../etc"}}))
}
