package build

import (
	"bytes"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"time"
)

// context is a file system of the files read, for go/build to look at.
func (c *collector) context(read map[string][]byte) *build.Context {
	var infos []fs.FileInfo
	for _, name := range slices.Sorted(maps.Keys(read)) {
		infos = append(infos, memInfo{name, int64(len(read[name]))})
	}
	return &build.Context{
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Compiler: "gc",
		ReleaseTags: releaseTags(c.tools.Version), ToolTags: build.Default.ToolTags,
		JoinPath:  path.Join,
		IsAbsPath: path.IsAbs,
		IsDir:     func(p string) bool { return p == "." },
		HasSubdir: func(root, dir string) (string, bool) { return "", false },
		ReadDir:   func(string) ([]fs.FileInfo, error) { return infos, nil },
		OpenFile: func(p string) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(read[path.Base(p)])), nil
		},
	}
}

// releaseTags are the go1.N tags that a toolchain satisfies.
func releaseTags(tool string) []string {
	var minor int
	if _, err := fmt.Sscanf(tool, "go1.%d", &minor); err != nil {
		return build.Default.ReleaseTags
	}
	var tags []string
	for i := 1; i <= minor; i++ {
		tags = append(tags, fmt.Sprintf("go1.%d", i))
	}
	return tags
}

type memInfo struct {
	name string
	size int64
}

func (m memInfo) Name() string       { return m.name }
func (m memInfo) Size() int64        { return m.size }
func (m memInfo) Mode() fs.FileMode  { return 0o444 }
func (m memInfo) ModTime() time.Time { return time.Time{} }
func (m memInfo) IsDir() bool        { return false }
func (m memInfo) Sys() any           { return nil }
