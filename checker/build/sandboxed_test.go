package build

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sandboxed(t *testing.T, dir string) Request {
	t.Helper()
	req := request(t, dir)
	req.Exec = Sandboxed(host(t))
	return req
}

// inTree describes every file of a folder.
func inTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		seen[name] = fmt.Sprintf("%v %v %x", info.ModTime(), info.Mode(), sha256.Sum256(data))
		return err
	}))
	return seen
}

// A toolchain that was talked into something is what a shell script shows here.
// It reaches neither the cache, nor the toolchain, nor the kit, nor the network,
// and what it leaves in its own cache the next one does not see.
func TestSandboxedToolchainReachesNothing(t *testing.T) {
	t.Parallel()
	require.NoError(t, os.Setenv("PIDONE_SECRET", "x")) // no other test minds
	root, kit := t.TempDir(), t.TempDir()
	script := `#!/bin/sh
PATH=/usr/bin:/bin
echo "the command" >&2
ls "$GOCACHE" | grep poison && echo "main.go:1:1: the cache was poisoned"
for f in "$GOCACHE/poison" "$GOROOT/poison" "$GOROOT/bin/go" ` + kit + `/poison /usr/poison /poison; do
	(echo poison >"$f") 2>/dev/null && echo "main.go:1:1: wrote $f"
done
cat ` + kit + `/secret /etc/shadow /root/.bashrc 2>/dev/null | grep . >/dev/null && echo "main.go:1:1: read a file of the machine"
test "$(ls /proc | grep -c '^[0-9]')" -lt 10 || echo "main.go:1:1: sees processes"
test "$(tail -n +3 /proc/net/dev | grep -vc 'lo:')" -eq 0 || echo "main.go:1:1: sees interfaces"
env | grep -E 'PIDONE|HOME' && echo "main.go:1:1: sees the environment"
exit 1
`
	write(t, kit, "secret", "secret")
	write(t, root, "bin/go", script)
	require.NoError(t, os.Chmod(filepath.Join(root, "bin/go"), 0o755))
	cache := folderOf(t, "00/x", "kept")
	before := [3]map[string]string{inTree(t, root), inTree(t, kit), inTree(t, cache)}
	req := sandboxed(t, folderOf(t, "main.go", hello))
	src, msgs, err := Collect(req)
	require.NoError(t, err)
	require.Empty(t, msgs)
	req.Tools = &Toolchain{Root: root, Version: req.Tools.Version, Cache: cache, ModCache: req.Tools.ModCache}
	for range 2 {
		res, err := req.Exec(context.Background(), Plan(req, src))
		require.NoError(t, err)
		assert.Equal(t, "main.go:1:1: wrote /cache/poison\nthe command\n", string(res.Messages))
		assert.Equal(t, 1, res.Code)
	}
	assert.Equal(t, before, [3]map[string]string{inTree(t, root), inTree(t, kit), inTree(t, cache)})
}

// Source that costs the compiler minutes or gigabytes ends at the limits, in a
// message that says so, whatever the compiler makes of it.
func TestSandboxedStopsBombs(t *testing.T) {
	t.Parallel()
	generic := "package main\n\nfunc main() {}\n\ntype T0[A any] struct{ a, b A }\n"
	for i := 1; i < 40; i++ {
		generic += fmt.Sprintf("type T%d[A any] struct{ x T%d[[2]A]; y T%d[map[int]A] }\n", i, i-1, i-1)
	}
	const stopped = `^compiling took more (than 256 MiB of memory|disk space than there is for it) and was stopped$`
	tests := []struct{ name, src, want string }{
		{"generics", generic + "var x T39[int]\n", "^compiling took more than 1s and was stopped$"},
		{"array with contents", "package main\n\nvar x = [1 << 28]int{1<<28 - 1: 1}\n\nfunc main() { println(x[0]) }\n", stopped},
		{"parentheses", "package main\n\nvar x = " + strings.Repeat("(", 900_000) + "1" + strings.Repeat(")", 900_000) + "\n\nfunc main() {}\n", stopped},
		{"messages", "package main\n\nfunc main() {\n" + strings.Repeat("\t"+strings.Repeat("x", 1000)+"()\n", 1500) + "}\n", `main.go:4:2: undefined: xxx`},
	}
	h, stock := host(t), stocked(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := request(t, folderOf(t, "main.go", tt.src))
			req.Exec = Sandboxed(h)
			req.Limits = Limits{Memory: 256 << 20}
			if tt.name == "generics" {
				req.Limits = Limits{Time: time.Second}
			}
			res, err := Build(context.Background(), req)
			require.NoError(t, err)
			require.False(t, res.OK)
			req.Stock = stock
			same, err := Build(context.Background(), req)
			require.NoError(t, err)
			assert.Equal(t, res.Errors, same.Errors, "without the go command")
			assert.Regexp(t, tt.want, joined(res.Errors))
			assert.LessOrEqual(t, len(res.Errors), maxMessages+1)
		})
	}
}
