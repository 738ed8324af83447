//go:build vm

package command

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/debian"
	"pidone/checker/remote"
	"pidone/checker/vm"
)

// fakeGo stands for the go command in the VM, where the tests compile a program
// that was compiled before.
const fakeGo = `#!/bin/sh
while [ $# -gt 1 ]; do
	[ "$1" = -o ] && out=$2
	shift
done
exec cp "/usr/lib/pidone/test/${1##*/}" "$out"
`

// skipped are tests that say nothing there, by package.
func skipped(pkg string) string {
	all := map[string][]string{
		"sandbox": {
			// All tests again, as the machine itself does them: long under emulation.
			"TestOrdinaryUser", "TestRootWithoutCapabilities",
			// The kernel's command line names the kit, and programs are links to BusyBox.
			"TestEnvironmentIsClean", "TestWhatCannotBeRun/file_on_root", "TestNothingOfTheMachineCanBeRead",
			// They hold times, which emulation does not keep.
			"TestKilledChecker", "TestKilledJanitor", "TestNoCoreDump", "TestSleepingForEver", "TestKillReachesNobodyOutside",
			"TestNamespaceBombs", "TestMountBomb", "TestDiskBombs", "TestWhatARunHadOfTheMachine",
		},
		"trace": {"TestLines" /* reads the source */, "TestMountBomb", "TestFlood" /* times */},
	}
	return strings.Join(all[pkg], "|")
}

// TestVMPackages runs, in the VM and on each of its kernels, the tests of the
// packages that deal with the kernel: cgroup v2 with its controllers is there.
func TestVMPackages(t *testing.T) {
	a, _ := kit(t)
	dir := t.TempDir()
	files := []vm.File{{Path: "/usr/bin/go", Mode: 0o755, Data: []byte(fakeGo)}}
	for pkg, args := range map[string][]string{
		"sandbox.test": {"test", "-c", "./checker/sandbox"},
		"trace.test":   {"test", "-c", "./checker/trace"},
		"helper":       {"build", "-ldflags=-s -w", "./checker/sandbox/testdata/helper"},
		"tracee":       {"build", "./checker/trace/testdata/tracee"},
	} {
		last := len(args) - 1
		path := filepath.Join(dir, pkg)
		build := exec.Command("go", append(args[:last:last], "-o", path, args[last])...)
		build.Dir, build.Env = a.root, append(os.Environ(), "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, vm.File{Path: "/usr/lib/pidone/test/" + pkg, Mode: 0o755, Data: data})
	}
	for _, meta := range vm.Packages() {
		t.Run(meta, func(t *testing.T) {
			t.Parallel()
			k, err := findKernel(t.Context(), place{vm: "tcg", kernel: meta}, func(string) {})
			if errors.Is(err, debian.ErrUnknown) && meta != vm.Packages()[0] {
				t.Skipf("needs %s, which this suite does not have", meta)
			}
			require.NoError(t, err)
			m, err := vm.Boot(t.Context(), vm.Options{Kernel: k, Program: "/proc/self/exe", Files: files})
			require.NoError(t, err)
			defer m.Close()
			c := remote.NewClient(m.Port)
			for _, pkg := range []string{"sandbox", "trace"} {
				out, err := c.Exec(t.Context(), remote.Program{
					Path: "/usr/lib/pidone/test/" + pkg + ".test", Args: []string{"-test.v", "-test.timeout", "14m", "-test.skip", skipped(pkg)}, Dir: "/tmp",
				}, 15*time.Minute)
				require.NoError(t, err)
				for line := range strings.Lines(string(out.Text)) {
					// What is missing there is known: anything else would be a gap.
					if strings.Contains(line, "--- SKIP") {
						t.Log(strings.TrimSpace(line))
					}
				}
				assert.Zero(t, out.Status, "%s:\n%s", pkg, failures(string(out.Text)))
			}
		})
	}
}

// failures leaves out of a verbose test's output what passed.
func failures(text string) string {
	if !strings.Contains(text, "--- FAIL") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(trimmed, "=== "), strings.HasPrefix(trimmed, "--- PASS"):
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}
