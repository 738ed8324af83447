package build

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stocked returns a Stock of what the tests' submissions import.
func stocked(t *testing.T) *Stock {
	t.Helper()
	s := NewStock(request(t, ""))
	assert.EqualError(t, s.Add(context.Background(), []string{"no/such", "os/exec"}), "warm the build cache: no/such cannot be compiled")
	assert.True(t, s.has([]string{"os/exec"}), "one that cannot be compiled is in nobody's way")
	require.NoError(t, s.Add(context.Background(), []string{"fmt", "os", "os/exec", "syscall", "runtime/debug", "embed", "golang.org/x/sys/unix", "github.com/vishvananda/netlink/nl"}))
	return s
}

// With a Stock, a program is the same to the byte, and so is every message.
func TestDirectIsTheSame(t *testing.T) {
	t.Parallel()
	programs := map[string][]string{
		"hello":            {"main.go", hello},
		"several files":    {"main.go", "package main\n\nfunc main() { f() }\n", "f.go", "package main\n\nimport \"os\"\n\nfunc f() { os.Exit(3) }\n", "f_test.go", "package main\n"},
		"nothing imported": {"main.go", "package main\n\nfunc main() { println(1) }\n"},
		"its own build information": {"go.mod", "module example.com/box\n\ngo 1.26\n", "main.go",
			"package main\n\nimport \"runtime/debug\"\n\nfunc main() { i, _ := debug.ReadBuildInfo(); println(i.String()) }\n"},
		"file language":   {"main.go", "//go:build go1.21\n\n" + hello},
		"line directives": {"main.go", "package main\n\n//line x.go:7\nfunc main() { panic(1) }\n"},
		"linkname":        {"main.go", "package main\n\nimport _ \"unsafe\"\n\n//go:linkname now runtime.nanotime\nfunc now() int64\n\nfunc main() { println(now()) }\n"},
		"module of old":   {"go.mod", "module m\n\ngo 1.20\n", "main.go", hello},
		"GODEBUG":         {"main.go", "//go:debug panicnil=1\npackage main\n\nfunc main() { panic(nil) }\n"},
		"embeds":          {"main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed x\nvar x string\n\nfunc main() { print(x) }\n", "x", "y"},
		"embeds nothing":  {"main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed x\nvar x string\n\nfunc main() { print(x) }\n"},
		"x/sys":           {"main.go", "package main\n\nimport \"golang.org/x/sys/unix\"\n\nfunc main() { println(unix.Getpid()) }\n"},
		"its module's information": {"main.go",
			"package main\n\nimport (\n\t\"runtime/debug\"\n\n\t\"github.com/vishvananda/netlink/nl\"\n)\n\nfunc main() { i, _ := debug.ReadBuildInfo(); println(i.String(), nl.FAMILY_V4) }\n"},
		"own package":         {"main.go", "package main\n\nimport _ \"submission/a\"\n\nfunc main() {}\n", "a/a.go", "package a\n"},
		"not in stock":        {"main.go", "package main\n\nimport \"bufio\"\n\nfunc main() { _ = bufio.MaxScanTokenSize }\n"},
		"does not compile":    {"main.go", "package main\n\nimport \"os\"\n\nfunc main() { x() }\n"},
		"syntax":              {"main.go", "package main\n\nfunc main() {\n"},
		"no main function":    {"main.go", "package main\n"},
		"too large a symbol":  {"main.go", "package main\n\nvar x [1 << 40]byte\n\nfunc main() { x[0] = 1 }\n"},
		"names in other case": {"main.go", hello, "Main.go", "package main\n"},
	}
	// What the direct way does not take; everything else it has to.
	indirect := map[string]bool{"module of old": true, "GODEBUG": true, "embeds": true, "embeds nothing": true,
		"own package": true, "not in stock": true, "names in other case": true}
	stock, h := stocked(t), host(t)
	for name, files := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request(t, folderOf(t, files...))
			req.Allowed = []string{"github.com/vishvananda/netlink"}
			req.Exec = Sandboxed(h)
			want, err := Build(context.Background(), req)
			require.NoError(t, err)
			req.Stock = stock
			src, msgs, err := Collect(req)
			require.NoError(t, err)
			require.Empty(t, msgs)
			job := Plan(req, src)
			assert.Equal(t, indirect[name], job.direct == nil)
			job.Tools = brokenGo(t, job.Tools)
			job.Visible = append(job.Visible, job.Tools.Root)
			res, err := req.Exec(context.Background(), job)
			require.NoError(t, err)
			assert.Equal(t, want.OK && !indirect[name], res.Code == 0, "compiled without the go command")

			got, err := Build(context.Background(), req)
			require.NoError(t, err)
			assert.Equal(t, want.Errors, got.Errors)
			assert.Equal(t, want.OK, got.OK)
			assert.True(t, string(want.Program) == string(got.Program), "the programs differ")
			if name == "not in stock" {
				assert.Equal(t, []string{"bufio"}, got.Cold)
			} else {
				assert.Empty(t, got.Cold)
			}
		})
	}
}

// brokenGo is a toolchain that has no go command.
func brokenGo(t *testing.T, tc *Toolchain) *Toolchain {
	t.Helper()
	broken := *tc
	broken.Root = t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(tc.Root, "pkg"), filepath.Join(broken.Root, "pkg")))
	write(t, broken.Root, "bin/go", "#!/bin/false\n")
	require.NoError(t, os.Chmod(filepath.Join(broken.Root, "bin/go"), 0o755))
	return &broken
}

// Files of the stock that are gone cost time, no more.
func TestStockThatIsGone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for path := range s.packs {
		s.packs[path] = pack{file: "00/gone"}
	}
	req := sandboxed(t, folderOf(t, "main.go", hello))
	req.Stock = s
	assert.Equal(t, "hello\n", runProgram(t, built(t, req).Program))
}
