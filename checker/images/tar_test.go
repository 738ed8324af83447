package images

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// tarball makes an archive of headers; a file's content is its name.
func tarball(t testing.TB, headers ...tar.Header) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		require.NoError(t, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := io.WriteString(w, h.Name)
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return &b
}

// show writes nodes down in short.
func show(nodes []sandbox.Node) string {
	var all []string
	for _, n := range nodes {
		s := fmt.Sprintf("%s %o %d:%d", n.Path, n.Mode&0o7777, n.UID, n.GID)
		switch n.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			s += " dir"
		case unix.S_IFLNK:
			s += " -> " + n.Link
		}
		if n.Same != "" {
			s += " = " + n.Same
		}
		all = append(all, s+" "+string(n.Data))
	}
	return strings.Join(all, "\n")
}

func TestFromTar(t *testing.T) {
	got, err := FromTar(tarball(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o700},
		tar.Header{Name: "./etc/", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "./etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644, Uid: 7, Gid: 8},
		tar.Header{Name: "usr/lib/deep/x", Typeflag: tar.TypeReg, Mode: 0o4755},
		tar.Header{Name: "/abs", Typeflag: tar.TypeReg, Mode: 0o600},
		tar.Header{Name: "../../up", Typeflag: tar.TypeReg, Mode: 0o600},
		tar.Header{Name: "lib", Typeflag: tar.TypeSymlink, Linkname: "../../../etc", Mode: 0o777},
		tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "./etc/passwd"},
		tar.Header{Name: "hard2", Typeflag: tar.TypeLink, Linkname: "hard"},
		tar.Header{Name: "soft", Typeflag: tar.TypeLink, Linkname: "lib"},
		tar.Header{Name: "dev/sda", Typeflag: tar.TypeBlock, Mode: 0o600, Devmajor: 8},
		tar.Header{Name: "pipe", Typeflag: tar.TypeFifo},
		tar.Header{Name: "abs", Typeflag: tar.TypeReg, Mode: 0o640},
		tar.Header{Name: "etc", Typeflag: tar.TypeDir, Mode: 0o711},
	))
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(`
etc 711 0:0 dir 
etc/passwd 644 7:8 ./etc/passwd
usr 755 0:0 dir 
usr/lib 755 0:0 dir 
usr/lib/deep 755 0:0 dir 
usr/lib/deep/x 4755 0:0 usr/lib/deep/x
up 600 0:0 ../../up
lib 777 0:0 -> ../../../etc 
hard 0 0:0 = etc/passwd 
hard2 0 0:0 = etc/passwd 
soft 777 0:0 -> ../../../etc 
abs 640 0:0 abs`), strings.TrimSpace(show(got)))
}

func TestBadTars(t *testing.T) {
	link := tar.Header{Name: "lib", Typeflag: tar.TypeSymlink, Linkname: "/etc"}
	for name, c := range map[string]struct {
		headers []tar.Header
		want    string
	}{
		"behind a link":      {[]tar.Header{link, {Name: "lib/passwd", Typeflag: tar.TypeReg}}, "lib/passwd: it lies behind the symbolic link lib"},
		"deep behind a link": {[]tar.Header{link, {Name: "lib/a/b", Typeflag: tar.TypeReg}}, "it lies behind the symbolic link lib"},
		"below a file":       {[]tar.Header{{Name: "a", Typeflag: tar.TypeReg}, {Name: "a/b", Typeflag: tar.TypeReg}}, "a/b: it lies below a, which is no folder"},
		"a folder replaced":  {[]tar.Header{{Name: "a", Typeflag: tar.TypeDir}, {Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/"}}, "it is there already"},
		"no such file":       {[]tar.Header{{Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}}, "another name of /etc/shadow, which is no file of the archive"},
		"a name of itself":   {[]tar.Header{{Name: "a", Typeflag: tar.TypeLink, Linkname: "a"}}, "which is no file"},
		"a folder's name":    {[]tar.Header{{Name: "a", Typeflag: tar.TypeDir}, {Name: "b", Typeflag: tar.TypeLink, Linkname: "a"}}, "which is no file"},
		"a first name":       {[]tar.Header{{Name: "a", Typeflag: tar.TypeReg}, {Name: "b", Typeflag: tar.TypeLink, Linkname: "a"}, {Name: "a", Typeflag: tar.TypeReg}}, "it is there already"},
		"no link":            {[]tar.Header{{Name: "a", Typeflag: tar.TypeSymlink}}, "a symbolic link that leads nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromTar(tarball(t, c.headers...))
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := FromTar(strings.NewReader("no archive, but long enough " + strings.Repeat("x", 1000)))
	assert.ErrorContains(t, err, "read archive")
}

func TestStore(t *testing.T) {
	t.Setenv("PIDONE_CACHE", t.TempDir())
	s, err := OpenStore()
	require.NoError(t, err)
	names, err := s.Names()
	require.NoError(t, err)
	assert.Empty(t, names)
	_, err = s.Load("none")
	assert.ErrorIs(t, err, fs.ErrNotExist)

	_, err = s.Save("alpine-3.22", tarball(t, tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o644}))
	require.NoError(t, err)
	nodes, err := s.Load("alpine-3.22")
	require.NoError(t, err)
	assert.Equal(t, "a 644 0:0 a", show(nodes))

	_, err = s.Save("bad", strings.NewReader(strings.Repeat("x", 2000)))
	assert.Error(t, err)
	for _, name := range []string{"", "..", "a/b", "-x", "a b", strings.Repeat("x", 65)} {
		_, err = s.Save(name, nil)
		assert.ErrorContains(t, err, "is no name for an image", name)
		_, err = s.Load(name)
		assert.Error(t, err, name)
	}
	names, err = s.Names()
	require.NoError(t, err)
	assert.Equal(t, []string{"alpine-3.22"}, names)
	left, err := filepath.Glob(filepath.Join(s.dir, ".new*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func FuzzFromTar(f *testing.F) {
	whole, err := io.ReadAll(tarball(f,
		tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644},
		tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/"},
		tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "etc/passwd"}))
	require.NoError(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		nodes, err := FromTar(bytes.NewReader(data))
		if err != nil {
			return
		}
		seen := map[string]bool{".": true}
		folder := map[string]bool{".": true}
		for _, n := range nodes {
			if !fs.ValidPath(n.Path) || seen[n.Path] || !folder[filepath.Dir(n.Path)] {
				t.Fatalf("%q is there twice, or in no folder", n.Path)
			}
			seen[n.Path], folder[n.Path] = true, n.Mode&unix.S_IFMT == unix.S_IFDIR
		}
	})
}
