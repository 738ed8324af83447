package command

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/export"
	"pidone/checker/grade"
)

// flagMissing is a submission whose step 2 fails, and nothing else.
const flagMissing = "testdata/submissions/03-namespace-isolation/reject/flag-missing-pid"

// A platform gets its report of one submission, and the exit status stays.
func TestCheckForPlatforms(t *testing.T) {
	t.Parallel()
	root := os.Getenv(rootVariable)
	for _, format := range export.Single() {
		out, diagnostics, code := runChecker(t, root, nil, "check", "03", "--submission", flagMissing, "--format", format)
		assert.Equal(t, grade.ExitFail, code, "%s: %s", format, diagnostics)
		assert.Contains(t, out, "add CLONE_NEWPID to the flags", format)
		switch format {
		case "junit":
			require.NoError(t, xml.Unmarshal([]byte(out), &struct{}{}))
		case "tap":
			assert.True(t, strings.HasPrefix(out, "TAP version 14\n"))
		case "github":
			assert.Contains(t, out, "::error file="+flagMissing+"/main.go,line=29,title=03.2 ")
		default:
			assert.True(t, json.Valid([]byte(out)), format)
		}
	}
	out, _, code := runChecker(t, root, nil, "check", "03.1", "--submission", flagMissing, "--format", "classroom")
	assert.Equal(t, grade.ExitPass, code)
	assert.Contains(t, out, `"max_score": 20,`)

	// What was handed in may hold the program anywhere, and nothing at all.
	dir := t.TempDir()
	out, _, code = runChecker(t, root, nil, "check", "03", "--submission", dir, "--format", "gradescope")
	assert.Equal(t, grade.ExitFail, code)
	assert.Contains(t, out, `"score": 0`)
	deep := filepath.Join(dir, "attempt 2", "src")
	require.NoError(t, os.CopyFS(deep, os.DirFS(filepath.Join(root, flagMissing))))
	out, _, code = runChecker(t, root, nil, "check", "03", "--submission", dir, "--format", "gradescope")
	assert.Equal(t, grade.ExitFail, code)
	assert.Contains(t, out, `"score": 50`)
}

// refused returns a command in a user namespace that may have none inside: what
// a platform's container is like.
func refused(program string, args ...string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", append([]string{"-c", `echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"`, "sh", program}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}

// Where there are no user namespaces nobody gets a zero: the verdict is error,
// and the reason is told.
func TestNoUserNamespaces(t *testing.T) {
	t.Parallel()
	root := os.Getenv(rootVariable)
	program, err := checkerProgram()
	require.NoError(t, err)
	for _, format := range append(export.Single(), "json") {
		out, diagnostics, code := finish(t, refused(program, "check", "03", "--submission", "solutions/03-namespace-isolation", "--format", format), root, nil)
		assert.Equal(t, grade.ExitError, code, format)
		assert.Contains(t, diagnostics, "make user namespace")
		assert.Contains(t, out, "make user namespace: ", format)
		switch format {
		case "gradescope":
			assert.NotRegexp(t, `(?m)^  "(score|tests)"`, out)
		case "json":
			var c grade.Check
			require.NoError(t, json.Unmarshal([]byte(out), &c))
			assert.Equal(t, grade.Error, c.Verdict)
			assert.Len(t, c.Steps, 4)
		case "junit":
			assert.Contains(t, out, `errors="4"`)
		}
	}
	out, _, code := finish(t, refused(program, "check", "03.2", "--submission", "solutions/03-namespace-isolation", "--format", "json"), root, nil)
	assert.Equal(t, grade.ExitError, code)
	assert.Equal(t, 1, strings.Count(out, `"step"`), out)
}
