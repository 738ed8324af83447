package command

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// workflow is what docs/classroom.yml holds.
type workflow struct {
	Name        string            `yaml:"name"`
	On          []string          `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		RunsOn  string            `yaml:"runs-on"`
		Minutes int               `yaml:"timeout-minutes"`
		Env     map[string]string `yaml:"env"`
		Steps   []workflowStep    `yaml:"steps"`
	} `yaml:"jobs"`
}

type workflowStep struct {
	Name string            `yaml:"name"`
	ID   string            `yaml:"id"`
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
	With map[string]string `yaml:"with"`
}

// readWorkflow returns the steps of the one job, by name, and its environment.
func readWorkflow(t *testing.T) (map[string]workflowStep, []string) {
	t.Helper()
	file, err := os.Open(filepath.Join(os.Getenv(rootVariable), "docs/classroom.yml"))
	require.NoError(t, err)
	defer file.Close()
	var w workflow
	d := yaml.NewDecoder(file)
	d.KnownFields(true)
	require.NoError(t, d.Decode(&w))
	assert.Equal(t, "Autograding Tests", w.Name, "the only one that Classroom takes a score from")
	require.Len(t, w.Jobs, 1)
	require.Contains(t, w.Jobs, "run-autograding-tests")
	for _, permission := range w.Permissions {
		assert.Equal(t, "read", permission)
	}
	job := w.Jobs["run-autograding-tests"]
	var env []string
	for name, value := range job.Env {
		env = append(env, name+"="+value)
	}
	steps := map[string]workflowStep{}
	for _, s := range job.Steps {
		steps[s.Name] = s
		if s.Run != "" {
			check := exec.Command("bash", "-n", "-c", s.Run)
			out, err := check.CombinedOutput()
			require.NoError(t, err, "%s: %s", s.Name, out)
		}
	}
	return steps, env
}

// workspace is a runner's, with the kit, whose checker is built, and a submission.
func workspace(t *testing.T, submission string) string {
	t.Helper()
	program, err := checkerProgram()
	require.NoError(t, err)
	root, dir := os.Getenv(rootVariable), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "kit/bin"), 0o755))
	for _, name := range []string{"docs", "testdata", "solutions"} {
		require.NoError(t, os.Symlink(filepath.Join(root, name), filepath.Join(dir, "kit", name)))
	}
	for from, to := range map[string]string{
		filepath.Join(root, "go.mod"): "go.mod", filepath.Join(root, "go.sum"): "go.sum", program: "bin/checker",
	} {
		data, err := os.ReadFile(from)
		require.NoError(t, err)
		writeProgram(t, filepath.Join(dir, "kit", to), data)
	}
	require.NoError(t, os.CopyFS(filepath.Join(dir, "submission"), os.DirFS(filepath.Join(root, submission))))
	return dir
}

// The workflow's lines do what GitHub Classroom's reporter needs: run as a
// runner does, with a file for the outputs of steps.
func TestClassroomWorkflow(t *testing.T) {
	t.Parallel()
	steps, env := readWorkflow(t)
	report := steps["Report"]
	require.Equal(t, "check", report.With["runners"])
	require.Equal(t, "${{ steps.check.outputs.result }}", report.Env["CHECK_RESULTS"])
	require.Equal(t, "check", steps["Check"].ID)
	require.Empty(t, report.If, "it runs only where the steps before it succeeded")

	for _, c := range []struct {
		submission, status string
		score              float64
		refused            bool
	}{
		{"solutions/03-namespace-isolation", "pass", 100, false},
		{flagMissing, "fail", 50, false},
		{"solutions/03-namespace-isolation", "", 0, true},
	} {
		dir := workspace(t, c.submission)
		outputs := filepath.Join(dir, "outputs")
		cmd := exec.Command("bash", "-e", "-c", steps["Check"].Run)
		if c.refused {
			cmd = refused("bash", "-e", "-c", steps["Check"].Run)
		}
		_, diagnostics, code := finish(t, cmd, dir, append(env, "GITHUB_OUTPUT="+outputs))
		data, err := os.ReadFile(outputs)
		if c.refused {
			assert.Equal(t, 2, code)
			assert.Contains(t, diagnostics, "make user namespace")
			require.ErrorIs(t, err, os.ErrNotExist, "nothing to send")
			continue
		}
		require.Zero(t, code, "%s %s", diagnostics, readText(filepath.Join(dir, "result.json")))
		require.NoError(t, err)
		encoded, ok := strings.CutPrefix(string(data), "result=")
		require.True(t, ok)
		object, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, "\n"))
		require.NoError(t, err)
		var result struct {
			Status   string  `json:"status"`
			MaxScore float64 `json:"max_score"`
			Tests    []struct {
				Score *float64 `json:"score"`
			} `json:"tests"`
		}
		require.NoError(t, json.Unmarshal(object, &result))
		assert.Equal(t, c.status, result.Status)
		assert.InDelta(t, 100, result.MaxScore, 0)
		sum := 0.0
		for _, test := range result.Tests {
			require.NotNil(t, test.Score)
			sum += *test.Score
		}
		assert.InDelta(t, c.score, sum, 0)

		out, diagnostics, code := finish(t, exec.Command("bash", "-e", "-c", steps["Explain"].Run), dir, env)
		require.Zero(t, code, diagnostics)
		assert.Equal(t, c.status == "fail", strings.Contains(out, "::error file=submission/main.go,line=29,title=03.2 "), out)
	}
}

func readText(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
