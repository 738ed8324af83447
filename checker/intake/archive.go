package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"pidone/checker/build"
)

// archiveEndings are those of archives that are read, sealedEndings those of
// what else people pack with.
func archiveEndings() []string { return strings.Fields(".zip .tar .tar.gz .tgz .tar.zst .tzst") }

func sealedEndings() []string {
	return strings.Fields(".rar .7z .tar.xz .txz .tar.bz2 .tbz2 .tbz .tar.lz .xz .bz2 .gz .zst .iso .dmg .zipx .jar")
}

func isArchive(name string) bool { return ending(name, archiveEndings()) != "" }

func isSealed(name string) bool { return !isArchive(name) && ending(name, sealedEndings()) != "" }

// ending returns the longest of the endings that a name has.
func ending(name string, of []string) string {
	found := ""
	for _, e := range of {
		if strings.HasSuffix(strings.ToLower(name), e) && len(e) > len(found) {
			found = e
		}
	}
	return found
}

// archiveInPlace opens the archive that an entry consists of: there is no Go
// file beside it, and no other archive. It returns nil if there is none.
func (l *loader) archiveInPlace(ctx context.Context) (*loader, error) {
	files, ok := l.source.(interface {
		open(name string) (*os.File, int64, error)
	})
	if !ok || len(l.goFiles) > 0 {
		return nil, nil
	}
	slices.Sort(l.archives)
	switch {
	case len(l.archives) > 1:
		return nil, &Problem{Kind: Several, Ours: true, List: l.archives, Saw: "several archives, and no Go file beside them: " + showAll(l.archives),
			Try: "leave the one that counts"}
	case len(l.archives) == 0 && len(l.sealed) > 0:
		return nil, sealed(l.sealed[0])
	case len(l.archives) == 0:
		return nil, nil
	}
	name := l.archives[0]
	file, size, err := files.open(name)
	if err != nil {
		return nil, err
	}
	if size > l.limits.Packed {
		file.Close()
		return nil, &Problem{Kind: TooLarge, Saw: fmt.Sprintf("%s has more than %d MiB", show(path.Base(name)), l.limits.Packed>>20),
			Try: "hand in the Go files alone: no root file system, no .git, no build results"}
	}
	src, err := newArchive(file, size, l.limits)
	if err != nil {
		file.Close()
		return nil, l.unpackable(name, err)
	}
	inner := &loader{source: src, limits: l.limits, inner: name}
	if err := inner.load(ctx); err != nil {
		src.Close()
		return nil, l.unpackable(name, err)
	}
	return inner, nil
}

func sealed(name string) *Problem {
	return &Problem{Kind: Unreadable, Ours: true, List: []string{name},
		Saw: show(path.Base(name)) + " is an archive of a kind that is not read here", Try: "pack it as .zip, .tar.gz or .tar.zst"}
}

var (
	errEmpty     = errors.New("no byte is in it")
	errNoArchive = errors.New("it is no archive")
	errOtherKind = errors.New("it is an archive of a kind that is not read here")
	errEncrypted = errors.New("it asks for a password")
	errMethod    = errors.New("it is compressed in a way that is not known here")
	errBreaksOff = errors.New("it breaks off")
	errNoSense   = errors.New("it makes no sense")
	errManyNames = errors.New("its list of names is too long")
	errExpands   = errors.New("it unpacks to far too much")
)

// unpackable makes a Problem of an error met in an archive.
func (l *loader) unpackable(name string, err error) error {
	saw := func() string { return show(path.Base(name)) + ": " + err.Error() }
	switch {
	case errors.Is(err, errEmpty):
		return &Problem{Kind: Empty, List: []string{name}, Saw: saw(), Try: "hand it in again"}
	case errors.Is(err, errExpands), errors.Is(err, errManyNames):
		return &Problem{Kind: TooLarge, List: []string{name}, Saw: saw(), Try: "hand in the Go files alone"}
	case errors.Is(err, errOtherKind):
		return sealed(name)
	case errors.Is(err, errNoArchive), errors.Is(err, errBreaksOff), errors.Is(err, errNoSense):
		return &Problem{Kind: Damaged, Ours: true, List: []string{name}, Saw: saw(), Try: "try to unpack it; ask for it again"}
	case errors.Is(err, errEncrypted), errors.Is(err, errMethod):
		return &Problem{Kind: Unreadable, Ours: true, List: []string{name}, Saw: saw(), Try: "pack it again as a plain .zip or .tar.gz"}
	}
	return err
}

// newArchive opens an archive, of whichever kind its first bytes say it is. The
// file is closed with it.
func newArchive(file *os.File, size int64, limits Limits) (source, error) {
	head := make([]byte, 512)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case size == 0 || n == 0:
		return nil, errEmpty
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return newZip(file, size)
	case has("\x1f\x8b"):
		return &tarSource{file: file, size: size, limits: limits, unpack: gunzip}, nil
	case has("\x28\xb5\x2f\xfd"):
		return &tarSource{file: file, size: size, limits: limits, unpack: unzstd}, nil
	case has("Rar!"), has("7z\xbc\xaf\x27\x1c"), has("\xfd7zXZ"), has("BZh"), has("LZIP"):
		return nil, errOtherKind
	case len(head) == 512 && (string(head[257:262]) == "ustar" || strings.HasSuffix(strings.ToLower(file.Name()), ".tar")):
		return &tarSource{file: file, size: size, limits: limits, unpack: plain}, nil
	}
	return nil, errNoArchive
}

// inside makes the name of an archive's entry one of a Tree's, "" for the
// archive's root. A name that leads out of the archive is a Problem.
func inside(raw string) (string, error) {
	out := strings.HasPrefix(raw, "/") || strings.Contains(raw, "\x00") || len(raw) > 2 && raw[1:3] == ":/" && isLetter(raw[0])
	if out || slices.Contains(strings.Split(raw, "/"), "..") {
		return "", &Problem{Kind: Hostile, List: []string{raw},
			Saw: "it holds a name that leads out of it: " + show(raw), Try: tryPack}
	}
	name := path.Clean(raw)
	if name == "." {
		return "", nil
	}
	return name, nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// fileKind translates what an archive says of an entry.
func fileKind(mode os.FileMode) string {
	switch {
	case mode.IsRegular():
		return build.KindFile
	case mode.IsDir():
		return build.KindFolder
	case mode&os.ModeSymlink != 0:
		return build.KindLink
	case mode&os.ModeNamedPipe != 0:
		return build.KindPipe
	case mode&os.ModeSocket != 0:
		return build.KindSocket
	}
	return build.KindDevice
}

// readTo reads no more than limit bytes.
func readTo(r io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = build.ErrTooLarge
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// A meter counts what is unpacked, and ends it where it is too much or the
// time is over.
type meter struct {
	ctx   context.Context
	from  io.Reader
	n     int64
	limit func(n int64) bool
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	m.n += int64(n)
	if m.limit != nil && m.limit(m.n) {
		return n, errExpands
	}
	return n, err
}
