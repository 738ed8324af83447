package trace

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pidone/checker/sandbox"
)

// BenchmarkRecord runs the solution of exercise 03 in a sandbox, in turn not
// recorded and recorded. The ratio of the medians is to be at most 1.5.
func BenchmarkRecord(b *testing.B) {
	host := openBench(b).host
	path := filepath.Join(b.TempDir(), "main")
	build := exec.Command("go", "build", "-o", path, "../../solutions/03-namespace-isolation")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	program, err := os.ReadFile(path)
	require.NoError(b, err)
	lines, err := table(path)
	require.NoError(b, err)
	resolve := (&bench{lines: lines}).resolve
	cmd := shared.command()
	cmd.Files = []sandbox.File{{Path: cmd.Path, Data: program, Mode: 0o755}}

	var plain, recorded []time.Duration
	for b.Loop() {
		start := time.Now()
		_, err := host.Run(context.Background(), cmd)
		require.NoError(b, err)
		middle := time.Now()
		run, err := Record(context.Background(), host, cmd, Options{Resolve: resolve})
		require.NoError(b, err)
		require.Empty(b, run.End.Broken)
		plain = append(plain, middle.Sub(start))
		recorded = append(recorded, time.Since(middle))
	}
	slices.Sort(plain)
	slices.Sort(recorded)
	p, r := plain[len(plain)/2], recorded[len(recorded)/2]
	b.ReportMetric(float64(p.Microseconds()), "plain-µs")
	b.ReportMetric(float64(r.Microseconds()), "recorded-µs")
	b.ReportMetric(float64(r)/float64(p), "ratio")
}
