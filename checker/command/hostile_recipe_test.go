package command

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// A recipe makes a submission that git cannot hold: the file recipe.txt in its
// folder, one thing on a line. Words in quotes are Go strings. README.md of the
// hostile submissions lists what there is.
type recipe struct {
	as      string // the entry's name; "": the folder's, with the archive's ending
	archive string // zip, tar, tar.gz, tar.zst; "": a folder
	repeat  int    // how often an archive holds what it holds
	parts   []part
}

// A part is one file of a submission.
type part struct {
	kind string // file, zeros, link, hardlink, fifo, socket, device, folder
	path string
	data []byte // of a file
	size int64  // of zeros
	lies bool   // about that size, in a zip archive
	to   string // of a link
}

// readRecipe reads dir's recipe. Files that it names lie in dir, or in the kit.
func readRecipe(dir, kit string) (*recipe, error) {
	text, err := os.ReadFile(filepath.Join(dir, "recipe.txt"))
	if err != nil {
		return nil, err
	}
	r := &recipe{repeat: 1}
	times, nest := 1, 0
	for line := range strings.Lines(string(text)) {
		words, err := words(line)
		if err != nil || len(words) == 0 {
			if err != nil {
				return nil, fmt.Errorf("%s: %q: %w", dir, line, err)
			}
			continue
		}
		arg := func(i int) string {
			if i < len(words) {
				return words[i]
			}
			return ""
		}
		p := part{kind: words[0], path: arg(1)}
		var failed error
		switch words[0] {
		case "as":
			r.as = arg(1)
			continue
		case "archive":
			r.archive = arg(1)
			continue
		case "repeat":
			if r.repeat, failed = strconv.Atoi(arg(1)); failed != nil {
				return nil, failed
			}
			continue
		case "times":
			if times, failed = strconv.Atoi(arg(1)); failed != nil {
				return nil, failed
			}
			continue
		case "nest":
			if nest, failed = strconv.Atoi(arg(1)); failed != nil {
				return nil, failed
			}
			continue
		case "file":
			from := filepath.Join(kit, solution03, "main.go")
			if arg(2) != "" {
				from = filepath.Join(dir, arg(2))
			}
			p.data, failed = os.ReadFile(from)
		case "text":
			p.kind, p.data = "file", []byte(arg(2))
		case "zeros", "bomb":
			p.lies = words[0] == "bomb"
			p.kind = "zeros"
			p.size, failed = strconv.ParseInt(arg(2), 10, 64) // MiB
			p.size <<= 20
		case "long": // what begins it, what is repeated, how often, what ends it
			var n int
			n, failed = strconv.Atoi(arg(4))
			p.kind, p.data = "file", []byte(arg(2)+strings.Repeat(arg(3), max(n, 0))+arg(5))
		case "link", "hardlink":
			p.to = arg(2)
		case "fifo", "socket", "device", "folder":
		default:
			failed = fmt.Errorf("no such thing: %s", words[0])
		}
		if failed != nil {
			return nil, fmt.Errorf("%s: %q: %w", dir, line, failed)
		}
		for i := range times {
			one := p
			one.path = strings.Repeat("d/", nest) + strings.ReplaceAll(p.path, "%d", strconv.Itoa(i))
			r.parts = append(r.parts, one)
		}
		times, nest = 1, 0
	}
	return r, nil
}

// words splits a line. What begins with # is left out.
func words(line string) (list []string, err error) {
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			list, line = append(list, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, err
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		list, line = append(list, word), line[len(quoted):]
	}
	return list, nil
}

// entry is the name under which the submission is handed in.
func (r *recipe) entry(name string) string {
	if r.as != "" {
		name = r.as
	}
	if r.archive != "" {
		name += "." + r.archive
	}
	return name
}

// lay makes the submission at path.
func (r *recipe) lay(path string) error {
	if len(r.parts) == 1 && r.parts[0].path == "." { // the entry itself
		return r.parts[0].lay(path)
	}
	if r.archive == "" {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		for _, p := range r.parts {
			if err := p.lay(path); err != nil {
				return fmt.Errorf("make %s %q: %w", p.kind, p.path, err)
			}
		}
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.archive == "zip" {
		return r.zip(f)
	}
	return r.tar(f)
}

func (p *part) lay(dir string) error {
	at := filepath.Join(dir, p.path)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	switch p.kind {
	case "file":
		return os.WriteFile(at, p.data, 0o644)
	case "zeros":
		return os.WriteFile(at, make([]byte, p.size), 0o644)
	case "link":
		return os.Symlink(p.to, at)
	case "hardlink":
		return os.Link(filepath.Join(dir, p.to), at)
	case "fifo":
		return unix.Mkfifo(at, 0o644)
	case "device":
		return unix.Mknod(at, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))) // zero
	case "socket":
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at})
		if err == nil {
			l.SetUnlinkOnClose(false)
			err = l.Close()
		}
		return err
	}
	return os.MkdirAll(at, 0o755)
}

const mib = 1 << 20

// deflated is a MiB of zeros as a part of a deflate stream: many of them, one
// after the other, are one stream that lacks its end.
func deflated() []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write(make([]byte, mib))
	w.Flush()
	return b.Bytes()
}

func (r *recipe) zip(to io.Writer) error {
	w := zip.NewWriter(to)
	for _, p := range r.parts {
		h := &zip.FileHeader{Name: p.path}
		data := p.data
		switch p.kind {
		case "link", "hardlink":
			h.SetMode(fs.ModeSymlink | 0o777)
			data = []byte(p.to)
		case "fifo":
			h.SetMode(fs.ModeNamedPipe | 0o644)
		case "device":
			h.SetMode(fs.ModeDevice | fs.ModeCharDevice | 0o644)
		case "socket":
			h.SetMode(fs.ModeSocket | 0o644)
		case "folder":
			h.SetMode(fs.ModeDir | 0o755)
		case "zeros":
			h.Method = zip.Deflate
			data = append(bytes.Repeat(deflated(), int(p.size/mib)), 3, 0) // an empty last block
		}
		h.CRC32, h.UncompressedSize64, h.CompressedSize64 = crc32.ChecksumIEEE(data), uint64(len(data)), uint64(len(data))
		if p.kind == "zeros" && !p.lies {
			h.UncompressedSize64 = uint64(p.size)
		}
		f, err := w.CreateRaw(h) // which takes any name
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
	}
	return w.Close()
}

// tar writes an archive whose parts are compressed once, however often they
// are in it.
func (r *recipe) tar(to io.Writer) error {
	pack := func(data []byte) []byte { return data }
	switch r.archive {
	case "tar.gz", "tgz":
		pack = func(data []byte) []byte {
			var b bytes.Buffer
			w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
			w.Write(data)
			w.Close()
			return b.Bytes()
		}
	case "tar.zst":
		pack = func(data []byte) []byte {
			w, _ := zstd.NewWriter(nil)
			return w.EncodeAll(data, nil)
		}
	}
	zeros := pack(make([]byte, mib))
	var all, plain bytes.Buffer
	w := tar.NewWriter(&plain)
	flush := func() {
		all.Write(pack(plain.Bytes()))
		plain.Reset()
	}
	for _, p := range r.parts {
		h := &tar.Header{Name: p.path, Mode: 0o644, Size: int64(len(p.data)), Typeflag: tar.TypeReg, Linkname: p.to, ModTime: time.Unix(0, 0)}
		switch p.kind {
		case "link":
			h.Typeflag = tar.TypeSymlink
		case "hardlink":
			h.Typeflag = tar.TypeLink
		case "fifo":
			h.Typeflag = tar.TypeFifo
		case "device":
			h.Typeflag, h.Devmajor, h.Devminor = tar.TypeChar, 1, 5
		case "folder":
			h.Typeflag = tar.TypeDir
		case "zeros":
			h.Size = p.size
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if p.kind == "zeros" {
			flush()
			all.Write(bytes.Repeat(zeros, int(p.size/mib)))
			w = tar.NewWriter(&plain)
			continue
		}
		if _, err := w.Write(p.data); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	flush()
	for range r.repeat {
		if _, err := to.Write(all.Bytes()); err != nil {
			return err
		}
	}
	_, err := to.Write(pack(make([]byte, 1024)))
	return err
}
