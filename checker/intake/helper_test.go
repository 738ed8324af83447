package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

const hello = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"

func wanted() Wanted {
	return Wanted{Exercise: "03-namespace-isolation", Others: []string{"02-process-creation", "04-filesystem"}}
}

// write puts files below a folder, name then contents; "->x" is a link to x.
func write(t testing.TB, dir string, files ...string) string {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		if target, ok := strings.CutPrefix(files[i+1], "->"); ok {
			require.NoError(t, os.Symlink(target, name))
			continue
		}
		require.NoError(t, os.WriteFile(name, []byte(files[i+1]), 0o644))
	}
	return dir
}

// folderEntry is the entry of a folder with the files given.
func folderEntry(t testing.TB, files ...string) Entry {
	t.Helper()
	return Entry{Name: "x", Path: write(t, t.TempDir(), files...)}
}

func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		header := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		target, isLink := strings.CutPrefix(files[i+1], "->")
		if isLink {
			header.SetMode(os.ModeSymlink | 0o777)
		}
		f, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = f.Write([]byte(target))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(files[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zstdOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// archived puts an archive into a folder of its own and returns its entry.
func archived(t testing.TB, base string, data []byte) Entry {
	t.Helper()
	path := filepath.Join(t.TempDir(), base)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return Entry{Name: "x", Path: path, Files: []File{{base, path}}}
}

func opened(t testing.TB, e Entry) *Submission {
	t.Helper()
	sub, problem, err := Open(context.Background(), e, wanted())
	require.NoError(t, err)
	require.Nil(t, problem)
	return sub
}

func problemOf(t testing.TB, e Entry, want Wanted) *Problem {
	t.Helper()
	sub, problem, err := Open(context.Background(), e, want)
	require.NoError(t, err)
	require.Nil(t, sub)
	require.NotNil(t, problem)
	return problem
}
