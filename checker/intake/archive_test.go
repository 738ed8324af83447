package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// tarWith makes a tar archive of headers, each with the contents behind it.
func tarWith(t testing.TB, entries ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		h, text := entries[i].(tar.Header), entries[i+1].(string)
		h.Mode, h.Size = 0o644, int64(len(text))
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// zipStored makes a zip archive of uncompressed entries, whatever their names.
func zipStored(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.CreateRaw(&zip.FileHeader{Name: files[i], CRC32: crc32.ChecksumIEEE([]byte(files[i+1])),
			CompressedSize64: uint64(len(files[i+1])), UncompressedSize64: uint64(len(files[i+1]))})
		require.NoError(t, err)
		_, err = f.Write([]byte(files[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// changed returns data with one number of two bytes, little endian, changed in
// every header that begins with magic.
func changed(data []byte, magic string, at int, to uint16) []byte {
	data = bytes.Clone(data)
	for i := 0; i+len(magic) <= len(data); i++ {
		if string(data[i:i+len(magic)]) == magic {
			binary.LittleEndian.PutUint16(data[i+at:], to)
		}
	}
	return data
}

const (
	zipLocal   = "PK\x03\x04"
	zipCentral = "PK\x01\x02"
)

func TestArchivesThatAreNoProgram(t *testing.T) {
	t.Parallel()
	good := zipOf(t, "main.go", hello)
	noise := make([]byte, 4096)
	_, err := unix.Getrandom(noise, 0)
	require.NoError(t, err)
	big := zipOf(t, "main.go", hello+"// "+fmt.Sprintf("%x", noise))
	tgz := gzipOf(t, tarOf(t, "main.go", hello+fmt.Sprintf("// %x", noise)))
	tests := []struct {
		name string
		base string
		data []byte
		kind Kind
		saw  string
	}{
		{"climbing, zip", "a.zip", zipOf(t, "../main.go", hello), Hostile, "it holds a name that leads out of it: ../main.go"},
		{"climbing in the middle, zip", "a.zip", zipOf(t, "main.go", hello, "x/../../y", ""), Hostile, "x/../../y"},
		{"climbing with backslashes", "a.zip", zipStored(t, `x\..\..\y.go`, hello), Hostile, "leads out of it: x/../../y.go"},
		{"absolute, zip", "a.zip", zipOf(t, "/etc/main.go", hello), Hostile, "leads out of it: /etc/main.go"},
		{"a drive", "a.zip", zipOf(t, "C:/main.go", hello), Hostile, "leads out of it: C:/main.go"},
		{"NUL", "a.zip", zipStored(t, "main.go\x00.txt", hello), Hostile, `leads out of it: "main.go\x00.txt"`},
		{"climbing, tar", "a.tar", tarOf(t, "../../etc/cron.d/x", hello), Hostile, "leads out of it: ../../etc/cron.d/x"},
		{"absolute, tar", "a.tar", tarOf(t, "/main.go", hello), Hostile, "leads out of it: /main.go"},
		{"a climbing link's own name", "a.tar", tarWith(t, tar.Header{Name: "../l", Typeflag: tar.TypeSymlink, Linkname: "x"}, ""), Hostile, "leads out"},
		{"behind a link, zip", "a.zip", zipOf(t, "l", "->/etc", "l/main.go", hello), Hostile, "it holds l/main.go, and a symbolic link in its place"},
		{"behind a link, tar", "a.tar", tarWith(t, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, "", tar.Header{Name: "l/main.go", Typeflag: tar.TypeReg}, hello),
			Hostile, "it holds l/main.go, and a symbolic link in its place"},
		{"file and folder", "a.zip", zipOf(t, "x", "", "x/main.go", hello), Hostile, "it holds x/main.go, and a file in its place"},
		{"folder and file", "a.zip", zipOf(t, "main.go/x", "", "main.go", hello), Hostile, "it holds main.go, and a folder in its place"},

		{"no byte", "a.zip", nil, Empty, "a.zip: no byte is in it"},
		{"no entry, zip", "a.zip", zipOf(t), Empty, "no file in a.zip"},
		{"no entry, tar", "a.tar.gz", gzipOf(t, tarOf(t)), Empty, "no file in a.tar.gz"},
		{"an archive in an archive", "a.zip", zipOf(t, "b.zip", string(good)), NotGo, "no Go file in a.zip, only b.zip"},
		{"no Go", "a.tgz", gzipOf(t, tarOf(t, "main.rs", "", "x/Cargo.toml", "")), NotGo, "no Go file in a.tgz, only main.rs, x/Cargo.toml"},

		{"text", "a.zip", []byte("<html>Please log in</html>"), Damaged, "a.zip: it is no archive"},
		{"cut, zip", "a.zip", big[:len(big)-30], Damaged, "a.zip: it makes no sense"},
		{"cut, tar.gz", "a.tar.gz", tgz[:len(tgz)-100], Damaged, "a.tar.gz: it breaks off"},
		{"cut, tar.zst", "a.tar.zst", zstdOf(t, tarOf(t, "main.go", hello+string(noise)))[:2000], Damaged, "a.tar.zst: it breaks off"},
		{"cut, tar", "a.tar", tarOf(t, "main.go", hello)[:530], Damaged, "a.tar: it breaks off"},
		{"nothing behind the first bytes", "a.tgz", []byte("\x1f\x8b"), Damaged, "a.tgz: it breaks off"},
		{"no tar inside", "a.tar.gz", gzipOf(t, []byte(strings.Repeat("hello ", 1000))), Damaged, "a.tar.gz: it makes no sense"},
		{"checksum", "a.zip", bytes.ReplaceAll(zipStored(t, "main.go", hello), []byte("println"), []byte("Println")), "", ""},
		{"checksum that is wrong", "a.zip", bytes.ReplaceAll(zipStored(t, "main.go", hello), []byte("hello"), []byte("jello")), Damaged, "a.zip: it makes no sense"},
		{"encrypted", "a.zip", changed(changed(good, zipCentral, 8, 1), zipLocal, 6, 1), Unreadable, "a.zip: it asks for a password"},
		{"method", "a.zip", changed(changed(good, zipCentral, 10, 14), zipLocal, 8, 14), Unreadable, "a.zip: it is compressed in a way that is not known here"},
		{"rar", "a.rar", []byte("Rar!\x1a\x07"), Unreadable, "a.rar is an archive of a kind that is not read here"},
		{"rar called zip", "a.zip", []byte("Rar!\x1a\x07"), Unreadable, "a.zip is an archive of a kind that is not read here"},
		{"xz", "a.tar.xz", []byte("\xfd7zXZ"), Unreadable, "a.tar.xz is an archive of a kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := archived(t, tt.base, tt.data)
			if tt.kind == "" {
				opened(t, e)
				return
			}
			p := problemOf(t, e, wanted())
			assert.Equal(t, tt.kind, p.Kind, "%s", p)
			assert.Contains(t, p.Saw, tt.saw)
			assert.NotEmpty(t, p.Try)
			assert.Equal(t, tt.kind == Damaged || tt.kind == Unreadable, p.Ours)
		})
	}
}

// What is no regular file is there, and is not followed: package build says so.
func TestArchivesWithOtherKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[byte]string{tar.TypeSymlink: "is a symbolic link", tar.TypeLink: "is a symbolic link", tar.TypeFifo: "is a named pipe",
		tar.TypeChar: "is a device", tar.TypeBlock: "is a device"} {
		data := tarWith(t, tar.Header{Name: "./x/", Typeflag: tar.TypeDir}, "", tar.Header{Name: "./x/main.go", Typeflag: kind, Linkname: "/etc/passwd"}, "")
		sub := opened(t, archived(t, "a.tar", data))
		assert.Equal(t, "x", sub.Folder)
		_, err := sub.Tree.Read("main.go", 100)
		assert.EqualError(t, err, want)
	}
}

// The later of two files of one name is what unpacking leaves.
func TestArchivesThatHoldANameTwice(t *testing.T) {
	t.Parallel()
	for base, data := range map[string][]byte{"a.zip": zipOf(t, "main.go", "package box\n", "./main.go", hello), "a.tar": tarOf(t, "main.go", "package box\n", "main.go", hello)} {
		data, err := opened(t, archived(t, base, data)).Tree.Read("main.go", 1000)
		require.NoError(t, err)
		assert.Equal(t, hello, string(data))
	}
}

// zeros is a tar archive whose one file, of so many zeros, is only read as far
// as somebody wants to.
func zeros(name string, size int64) io.Reader {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg, Format: tar.FormatGNU})
	return io.MultiReader(&b, io.LimitReader(zeroReader{}, size+1024))
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// manyZip is a zip archive of n empty files; its end claims that there are few.
func manyZip(n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		_, _ = w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%d", i)})
	}
	_ = w.Close()
	return b.Bytes()
}

func TestArchiveBombs(t *testing.T) {
	zstdZeros := func() []byte {
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest))
		require.NoError(t, err)
		_, err = io.Copy(w, zeros("disk.img", 512<<20))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	gzipped, err := io.ReadAll(zeros("disk.img", 64<<20))
	require.NoError(t, err)
	manyTar := tarWith(t, tar.Header{Name: "x", Typeflag: tar.TypeDir}, "")
	manyTar = bytes.Repeat(manyTar[:512], 60_000)
	bigGo := zipOf(t, "main.go", hello, "big.go", strings.Repeat(" ", 32<<20))
	var manyBig []string
	for i := range 5 {
		manyBig = append(manyBig, fmt.Sprintf("x%d.go", i), "package main\n"+strings.Repeat(" ", 15<<20))
	}
	quine := zipOf(t, append(manyBig, "main.go", hello)...)
	tests := []struct {
		name, base string
		data       []byte
		saw        string // "" is a submission
	}{
		{"zeros, gzip", "a.tar.gz", gzipOf(t, gzipped), "a.tar.gz: it unpacks to far too much"},
		{"zeros, zstd", "a.tar.zst", zstdZeros(), "a.tar.zst: it unpacks to far too much"},
		{"very many names, zip", "a.zip", manyZip(250_000), "a.zip: its list of names is too long"},
		{"many names, zip", "a.zip", manyZip(60_000), "it holds more than 50000 files"},
		{"many names, tar", "a.tar.gz", gzipOf(t, manyTar), "it holds more than 50000 files"},
		{"large Go file", "a.zip", bigGo, ""},
		{"many large Go files", "a.zip", quine, "its source has more than 64 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := archived(t, tt.base, tt.data)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			sub, problem, err := Open(context.Background(), e, wanted())
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			assert.Less(t, took, 20*time.Second) // a tenth of a second where nothing else runs
			assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(400), "MiB")
			if tt.saw == "" {
				require.Nil(t, problem)
				_, err := sub.Tree.Read("big.go", 64<<20)
				assert.EqualError(t, err, "is too large")
				return
			}
			require.NotNil(t, problem)
			assert.Equal(t, TooLarge, problem.Kind)
			assert.Contains(t, problem.Saw, tt.saw)
			assert.False(t, problem.Ours)
		})
	}
}

func TestOpenLimits(t *testing.T) {
	t.Parallel()
	want := wanted()
	want.Limits = Limits{Packed: 100, Entries: 3, Kept: 50, Stream: 2000, File: 40}
	assert.Equal(t, "a.zip has more than 0 MiB", problemOf(t, archived(t, "a.zip", zipOf(t, "main.go", hello)), want).Saw)
	assert.Equal(t, "it holds more than 3 files", problemOf(t, folderEntry(t, "a", "", "b", "", "c", "", "d", ""), want).Saw)
	assert.Equal(t, "its source has more than 0 MiB", problemOf(t, folderEntry(t, "a.go", "package main // 23456789", "b.go", "package main // 234567890123"), want).Saw)
	want.Limits.Packed = 10_000
	assert.Equal(t, "a.tar: it unpacks to far too much", problemOf(t, archived(t, "a.tar", tarOf(t, "a", strings.Repeat("x", 3000))), want).Saw)

	want = wanted()
	want.Limits.Time = time.Nanosecond
	p := problemOf(t, folderEntry(t, "main.go", hello), want)
	assert.Equal(t, "reading it took more than 1ns: grade it again, or take out what is not Go", p.String())
	assert.True(t, p.Ours)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, e := range []Entry{folderEntry(t, "main.go", hello), archived(t, "a.zip", zipOf(t, "main.go", hello)), archived(t, "a.tar", tarOf(t, "main.go", hello))} {
		_, problem, err := Open(ctx, e, wanted())
		assert.ErrorIs(t, err, context.Canceled)
		assert.Nil(t, problem)
	}
}

func TestArchiveInAFolder(t *testing.T) {
	t.Parallel()
	zipped := string(zipOf(t, "x/main.go", hello))
	sub := opened(t, folderEntry(t, "hand-in.zip", zipped, "report.pdf", ""))
	assert.Equal(t, "x", sub.Folder)
	sub = opened(t, folderEntry(t, "main.go", hello, "old.zip", zipped, "b.zip", zipped))
	assert.Equal(t, ".", sub.Folder)
	p := problemOf(t, folderEntry(t, "a.zip", zipped, "sub/b.tgz", ""), wanted())
	assert.Equal(t, "several archives, and no Go file beside them: a.zip, sub/b.tgz: leave the one that counts", p.String())
	assert.True(t, p.Ours)
	p = problemOf(t, folderEntry(t, "a.7z", ""), wanted())
	assert.Equal(t, Unreadable, p.Kind)
}

func TestEntriesThatAreNoFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(write(t, t.TempDir(), "main.go", hello), filepath.Join(dir, "alice")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "bob.go")))
	require.NoError(t, os.Symlink(filepath.Join(write(t, t.TempDir(), "x.zip", string(zipOf(t, "main.go", hello))), "x.zip"), filepath.Join(dir, "carol.zip")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "dave.zip"), 0o644))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "erin.go"), 0o644))
	write(t, dir, "frank/x", "")
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "frank/main.go"), 0o644))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "frank/x.zip"), 0o644))
	l, err := List(dir, "")
	require.NoError(t, err)
	got := map[string]string{}
	for _, e := range l.Entries {
		sub, problem, err := Open(context.Background(), e, wanted())
		require.NoError(t, err)
		if problem != nil {
			got[e.Name] = string(problem.Kind) + ": " + problem.Saw
			continue
		}
		names, err := sub.Tree.List(".", 10)
		require.NoError(t, err)
		for _, n := range names {
			if _, err := sub.Tree.Read(n, 1000); filepath.Ext(n) == ".go" {
				got[e.Name] = n + " " + err.Error()
			}
		}
	}
	assert.Equal(t, map[string]string{
		"alice": "unreadable: alice is a symbolic link",
		"bob":   "unreadable: bob.go is a symbolic link",
		"carol": "unreadable: carol.zip is a symbolic link",
		"dave":  "not-go: no Go file, only dave.zip (a named pipe)",
		"erin":  "erin.go is a named pipe",
		"frank": "main.go is a named pipe",
	}, got)
}
