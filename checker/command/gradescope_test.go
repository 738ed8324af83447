package command

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpack puts the files of an archive into a folder, with their modes.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	r, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer r.Close()
	for _, f := range r.File {
		in, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		path := filepath.Join(dir, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, f.Mode()))
	}
}

// platform is a folder like Gradescope's /autograder.
type platform struct{ top string }

// command returns a script of the autograder, to be run as the platform does.
func (p platform) command(script string, env ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.top, script))
	cmd.Env = append(os.Environ(), append([]string{"AUTOGRADER=" + p.top}, env...)...)
	return cmd
}

// submit hands the files of a folder in, and returns the result.
func (p platform) submit(t *testing.T, cmd *exec.Cmd, dir string) (result map[string]any, stdout string) {
	t.Helper()
	in := filepath.Join(p.top, "submission")
	require.NoError(t, os.RemoveAll(in))
	require.NoError(t, os.CopyFS(in, os.DirFS(dir)))
	require.NoError(t, os.RemoveAll(filepath.Join(p.top, "results")))
	cmd.Dir = p.top
	out, err := cmd.Output()
	require.NoError(t, err, string(out))
	files, err := os.ReadDir(filepath.Join(p.top, "results"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(filepath.Join(p.top, "results", "results.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &result), string(data))
	return result, string(out)
}

// newPlatform makes the autograder of exercise 03 and puts it where Gradescope
// does.
func newPlatform(t *testing.T) platform {
	t.Helper()
	p := platform{t.TempDir()}
	archive := filepath.Join(t.TempDir(), "a.zip")
	out, diagnostics, code := runChecker(t, os.Getenv(rootVariable), nil, "gradescope", "03", "--out", archive)
	require.Zero(t, code, diagnostics)
	assert.Contains(t, out, "for an assignment of 100 points\n")
	source := filepath.Join(p.top, "source")
	unpack(t, archive, source)
	data, err := os.ReadFile(filepath.Join(source, "run_autograder"))
	require.NoError(t, err)
	writeProgram(t, filepath.Join(p.top, "run_autograder"), data)
	return p
}

// The autograder runs as it comes: it is set up, grades, says why where it may
// not make user namespaces, and where it is broken itself.
func TestGradescope(t *testing.T) {
	t.Parallel()
	root := os.Getenv(rootVariable)
	p := newPlatform(t)

	// An image without Go: what setup.sh downloads is this machine's own.
	goTool, err := exec.LookPath("go")
	require.NoError(t, err)
	stubs := t.TempDir()
	log := filepath.Join(stubs, "log")
	for name, script := range map[string]string{
		"go":      "exit 1",
		"apt-get": `echo "apt-get $*" >>` + log,
		"curl": fmt.Sprintf(`echo "curl $*" >>%[1]s; mkdir -p %[2]s/x/go/bin; printf '#!/bin/sh\nexec %[3]s "$@"\n' >%[2]s/x/go/bin/go
chmod 755 %[2]s/x/go/bin/go; exec tar -C %[2]s/x -cz go`, log, stubs, goTool),
	} {
		writeProgram(t, filepath.Join(stubs, name), []byte("#!/bin/sh\n"+script+"\n"))
	}
	// /usr/local/go/bin comes before PATH, as on the platform: there must be none.
	path := "PATH=" + stubs + ":/usr/bin:/bin"
	setup := p.command("source/setup.sh", path, "CGO_ENABLED=0")
	if strings.HasPrefix(goTool, "/usr/local/go/bin/") {
		script, err := os.ReadFile(setup.Path)
		require.NoError(t, err)
		writeProgram(t, setup.Path, bytes.ReplaceAll(script, []byte("/usr/local/go/bin:"), nil))
	}
	out, err := setup.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "score: 100/100, passed")
	asked, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Regexp(t, `^apt-get update\napt-get install .* ca-certificates curl\ncurl -fsSL https://go.dev/dl/go1\.\d+\.\d+\.linux-(amd64|arm64)\.tar\.gz\n$`, string(asked))

	result, stdout := p.submit(t, p.command("run_autograder"), filepath.Join(root, "solutions/03-namespace-isolation"))
	assert.InDelta(t, 100, result["score"], 0)
	result, stdout = p.submit(t, p.command("run_autograder"), filepath.Join(root, flagMissing))
	assert.InDelta(t, 50, result["score"], 0)
	assert.Empty(t, stdout)

	// No user namespaces: an error with the reason, no zero.
	run := refused(filepath.Join(p.top, "run_autograder"))
	run.Env = p.command("run_autograder").Env
	result, stdout = p.submit(t, run, filepath.Join(root, "solutions/03-namespace-isolation"))
	assert.NotContains(t, result, "score")
	assert.NotContains(t, result, "tests")
	assert.Contains(t, result["output"], "This could not be graded: make user namespace: ")
	assert.Contains(t, stdout, "checker: make user namespace: ", "instructors read it, whatever the platform makes of the file")

	// No checker: the same.
	require.NoError(t, os.RemoveAll(filepath.Join(p.top, "source/kit/bin")))
	result, stdout = p.submit(t, p.command("run_autograder"), filepath.Join(root, "solutions/03-namespace-isolation"))
	assert.NotContains(t, result, "score")
	assert.Contains(t, result["output"], "the checker ended with status 127 and no report")
}
