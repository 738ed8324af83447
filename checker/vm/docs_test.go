package vm

import (
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

// TestReadyFiles parses the files that docs/vm.md hands to other tools.
func TestReadyFiles(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs/vm.md"))
	require.NoError(t, err)
	for name, parse := range map[string]func([]byte, any) error{
		"docs/vm/lima.yaml": yaml.Unmarshal, "docs/vm/cloud-init.yaml": yaml.Unmarshal, ".devcontainer/devcontainer.json": json.Unmarshal,
	} {
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		var content map[string]any
		require.NoError(t, parse(data, &content), name)
		assert.NotEmpty(t, content, name)
		assert.Contains(t, string(page), name)
		// The shell scripts in it.
		for _, script := range scripts(content) {
			check := exec.Command("sh", "-n")
			check.Stdin = strings.NewReader(script)
			out, err := check.CombinedOutput()
			assert.NoError(t, err, "%s: %s\n%s", name, out, script)
		}
	}
	cloud, err := os.ReadFile(filepath.Join(root, "docs/vm/cloud-init.yaml"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(cloud), "#cloud-config\n"), "cloud-init looks at the first line")
}

// scripts returns all text of several lines, and what a container is started with.
func scripts(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if s, ok := x.(string); ok && strings.HasSuffix(key, "Command") {
				all = append(all, s)
			}
			all = append(all, scripts(x)...)
		}
	case []any:
		for _, x := range v {
			all = append(all, scripts(x)...)
		}
	case string:
		if strings.Contains(v, "\n") {
			all = append(all, v)
		}
	}
	return all
}

func TestShellAndRubyFiles(t *testing.T) {
	root := filepath.Join("..", "..")
	out, err := exec.Command("sh", "-n", filepath.Join(root, ".devcontainer/cgroups.sh")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	if _, err := exec.LookPath("ruby"); err != nil {
		t.Skip("needs ruby")
	}
	out, err = exec.Command("ruby", "-c", filepath.Join(root, "docs/vm/Vagrantfile")).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
