package command

import (
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
	"go.yaml.in/yaml/v3"
)

// documents parses all YAML documents of a file in docs/at-scale, and refuses
// keys that stand twice.
func documents(t *testing.T, name string) (all []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv(rootVariable), "docs/at-scale", name))
	require.NoError(t, err)
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc map[string]any
		err := d.Decode(&doc)
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, doc)
	}
}

// at returns what lies in a document where the path leads.
func at[T any](t *testing.T, doc any, path ...any) T {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			doc = doc.(map[string]any)[p]
		case int:
			doc = doc.([]any)[p]
		}
	}
	v, ok := doc.(T)
	require.True(t, ok, "%v is %T", path, doc)
	return v
}

// scaleKit is a folder that has what the files of docs/at-scale want of a kit.
func scaleKit(t *testing.T) string {
	t.Helper()
	program, err := checkerProgram()
	require.NoError(t, err)
	kit := copyKit(t)
	root := os.Getenv(rootVariable)
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(kit, name), data, 0o644))
	}
	require.NoError(t, os.Mkdir(filepath.Join(kit, "bin"), 0o755))
	require.NoError(t, os.Symlink(program, filepath.Join(kit, "bin/checker")))
	return kit
}

// fewSubmissions is a class of three.
func fewSubmissions(t *testing.T, dir string) {
	t.Helper()
	root := os.Getenv(rootVariable)
	for student, from := range map[string]string{
		"ada":   solution03,
		"bob":   "testdata/submissions/" + exercise03 + "/reject/no-child",
		"carol": "exercises/" + exercise03,
	} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, student), os.DirFS(filepath.Join(root, from))))
	}
}

// shell runs a script.
func shell(t *testing.T, dir, script string, env ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	stdout, stderr, code := finish(t, cmd, dir, env)
	return stdout + stderr, code
}

func TestKubernetesFile(t *testing.T) {
	docs := documents(t, "kubernetes.yaml")
	require.Len(t, docs, 2)
	for _, d := range docs {
		assert.Equal(t, "batch/v1", d["apiVersion"])
		assert.Equal(t, "Job", d["kind"])
	}
	assert.Equal(t, "Indexed", at[string](t, docs[0], "spec", "completionMode"))
	n := at[int](t, docs[0], "spec", "completions")
	env := map[string]string{}
	pod := at[map[string]any](t, docs[0], "spec", "template", "spec", "containers", 0)
	for i := range at[[]any](t, pod, "env") {
		env[at[string](t, pod, "env", i, "name")] = at[string](t, pod, "env", i, "value")
	}
	assert.Equal(t, fmt.Sprint(n), env["SHARDS"])

	// What the pods run, run here.
	kit, class := scaleKit(t), t.TempDir()
	fewSubmissions(t, filepath.Join(class, "submissions"))
	out := filepath.Join(class, "report")
	vars := []string{"STEP=03", "SHARDS=2", "SUBMISSIONS=" + filepath.Join(class, "submissions"), "OUT=" + out}
	for i := range 2 {
		said, code := shell(t, kit, at[string](t, pod, "args", 0), append(vars, fmt.Sprint("JOB_COMPLETION_INDEX=", i))...)
		require.Equal(t, 0, code, said)
	}
	said, code := shell(t, kit, at[string](t, docs[1], "spec", "template", "spec", "containers", 0, "args", 0), vars...)
	require.Equal(t, 0, code, said)
	_, got := resultsFile(t, out)
	assert.Len(t, got, 3)
	assert.Equal(t, "pass 100", got["ada"])

	// A pod whose class is not there fails.
	_, code = shell(t, kit, at[string](t, pod, "args", 0), "STEP=03", "SHARDS=2", "SUBMISSIONS=/nowhere", "OUT="+t.TempDir(), "JOB_COMPLETION_INDEX=0")
	assert.Equal(t, broken, code)
}

func TestGitHubActionsFile(t *testing.T) {
	docs := documents(t, "github-actions.yml")
	require.Len(t, docs, 1)
	jobs := at[map[string]any](t, docs[0], "jobs")
	require.Len(t, jobs, 2)
	script := func(job, step string) string {
		for _, s := range at[[]any](t, jobs, job, "steps") {
			if s := s.(map[string]any); s["name"] == step {
				return at[string](t, s, "run")
			}
		}
		t.Fatalf("job %s has no step %q", job, step)
		return ""
	}
	for name := range jobs {
		for _, s := range at[[]any](t, jobs, name, "steps") {
			run, _ := s.(map[string]any)["run"].(string)
			assert.NotContains(t, run, "${{", "what a workflow is given goes into a script by its environment alone")
		}
	}
	shards := at[[]any](t, jobs, "grade", "strategy", "matrix", "shard")
	for i := range shards {
		assert.Equal(t, i+1, shards[i])
	}
	kit := scaleKit(t)
	fewSubmissions(t, filepath.Join(kit, "class"))
	for i := 1; i <= 2; i++ {
		said, code := shell(t, kit, "set -e\n"+script("grade", "grade a share"), "STEP=03", "SHARDS=2", fmt.Sprint("SHARD=", i))
		require.Equal(t, 0, code, said)
		// As upload-artifact and download-artifact do; hidden files are left out.
		require.NoError(t, os.CopyFS(filepath.Join(kit, "shards", fmt.Sprint("shard-", i)), os.DirFS(filepath.Join(kit, fmt.Sprint("shard-", i)))))
		require.NoError(t, os.Remove(filepath.Join(kit, "shards", fmt.Sprint("shard-", i), ".lock")))
	}
	summary := filepath.Join(kit, "summary")
	said, code := shell(t, kit, "set -e\n"+script("merge", "join"), "GITHUB_STEP_SUMMARY="+summary)
	require.Equal(t, 0, code, said)
	_, got := resultsFile(t, filepath.Join(kit, "report"))
	assert.Len(t, got, 3)
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Contains(t, string(text), "3 submissions")
}

// TestSlurmFile runs what a task of the array runs, as Slurm would; make slurm
// has a real one do it.
func TestSlurmFile(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is missing")
	}
	root, kit := os.Getenv(rootVariable), scaleKit(t)
	fewSubmissions(t, filepath.Join(kit, "class"))
	cmd := exec.Command("bash", filepath.Join(root, "docs/at-scale/slurm.sh"), "class", "report", "03")
	out, diagnostics, code := finish(t, cmd, kit, []string{
		"SLURM_SUBMIT_DIR=" + kit, "SLURM_CPUS_PER_TASK=2", "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_COUNT=1",
	})
	require.Equal(t, 0, code, out+diagnostics)
	_, got := resultsFile(t, filepath.Join(kit, "report/shard-1"))
	assert.Len(t, got, 3)
	var m struct{ Names []string }
	data, err := os.ReadFile(filepath.Join(kit, "report/shard-1/class.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &m))
	assert.Equal(t, "ada bob carol", strings.Join(m.Names, " "))

	_, diagnostics, code = finish(t, exec.Command("bash", filepath.Join(root, "docs/at-scale/slurm.sh")), kit, nil)
	assert.NotEqual(t, 0, code)
	assert.Contains(t, diagnostics, "say which folder")
}
