package intake

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The same program has the same hash, however it is packed.
func TestOpenAnyPackaging(t *testing.T) {
	t.Parallel()
	files := []string{"go.mod", "module m\n", "cmd/app/main.go", hello, "internal/x/x.go", "package x\n", "notes.md", "x", "cmd/app/main_test.go", "package main\n"}
	inner := []string{}
	for i := 0; i < len(files); i += 2 {
		inner = append(inner, "hand-in/"+files[i], files[i+1])
	}
	first := opened(t, Entry{Name: "x", Path: write(t, t.TempDir(), files...)})
	assert.Equal(t, "cmd/app", first.Package)
	assert.Equal(t, ".", first.Folder)
	data, err := first.Tree.Read("cmd/app/main.go", 1000)
	require.NoError(t, err)
	assert.Equal(t, hello, string(data))
	for base, data := range map[string][]byte{
		"a.zip": zipOf(t, inner...), "a.tar": tarOf(t, inner...), "a.tar.gz": gzipOf(t, tarOf(t, inner...)),
		"a.tgz": gzipOf(t, tarOf(t, inner...)), "a.tar.zst": zstdOf(t, tarOf(t, inner...)),
		"B.ZIP": gzipOf(t, tarOf(t, inner...)), // names lie
	} {
		sub := opened(t, archived(t, base, data))
		assert.Equal(t, first.Hash, sub.Hash, base)
		assert.Equal(t, "cmd/app", sub.Package, base)
		assert.Equal(t, "hand-in", sub.Folder, base)
	}
}
