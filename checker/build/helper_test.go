package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const hello = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"

func tools(t testing.TB) *Toolchain {
	t.Helper()
	tc, err := FindToolchain(context.Background(), "../..")
	require.NoError(t, err)
	return tc
}

// folderOf makes a submission of the files given, name then contents.
func folderOf(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files...)
	return dir
}

func write(t testing.TB, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(files[i+1]), 0o644))
	}
}

func request(t testing.TB, dir string) Request {
	return Request{Dir: dir, Kit: "../..", Tools: tools(t)}
}

// collect vets a submission that has nothing wrong with it.
func collect(t testing.TB, dir string) *Source {
	t.Helper()
	src, msgs, err := Collect(request(t, dir))
	require.NoError(t, err)
	require.Empty(t, msgs)
	return src
}

// complaints vets a submission and returns what is wrong with it, a line each.
func complaints(t testing.TB, dir string) string {
	t.Helper()
	src, msgs, err := Collect(request(t, dir))
	require.NoError(t, err)
	require.Nil(t, src)
	require.NotEmpty(t, msgs)
	return joined(msgs)
}

func joined(msgs []Message) string {
	var lines []string
	for _, m := range msgs {
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}

func paths(src *Source) []string {
	var names []string
	for _, f := range src.Files {
		names = append(names, f.Path)
	}
	return names
}

func content(src *Source, name string) string {
	for _, f := range src.Files {
		if f.Path == name {
			return string(f.Data)
		}
	}
	return ""
}
