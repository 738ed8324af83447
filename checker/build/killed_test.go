package build

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// killedEnv makes the test binary a checker that warms a build cache in the
// folder that it names, and is killed meanwhile.
const killedEnv = "PIDONE_TEST_KILLED"

func beKilled(dir string) int {
	tc, err := FindToolchain(context.Background(), "../..")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	tc.Cache = filepath.Join(dir, "cache")
	fmt.Println("warming")
	fmt.Println(Warm(context.Background(), Request{Kit: "../..", Tools: tc}, []string{"fmt"}))
	return 0
}

// A checker that is killed while it warms the build cache leaves neither a
// folder nor a process.
func TestWarmLeavesNothingWhenKilled(t *testing.T) {
	t.Parallel()
	host(t) // for its skip: without privileges there is no such promise
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond, 900 * time.Millisecond} {
		dir := t.TempDir()
		temp := filepath.Join(dir, "temp")
		require.NoError(t, os.Mkdir(temp, 0o755))
		mark := fmt.Sprintf("%s=%s", killedEnv, dir)
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), mark, "TMPDIR="+temp)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "warming\n", line)
		time.Sleep(after)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		assert.Empty(t, left, "after %v", after)
		assert.Eventually(t, func() bool { return len(compiling(filepath.Join(dir, "cache"))) == 0 }, 20*time.Second, 5*time.Millisecond,
			"after %v: %v", after, compiling(filepath.Join(dir, "cache")))
	}
}

// compiling lists the processes that have a build cache in their environment.
func compiling(cache string) []string {
	var found []string
	names, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(data), "GOCACHE="+cache+"\x00") {
			found = append(found, name)
		}
	}
	return found
}
