package intake

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"pidone/checker/build"
)

type zipSource struct {
	file   *os.File
	reader *zip.Reader
}

// maxDirectory is how many bytes of a zip archive are read for its list of
// names: about 70,000 usual ones.
const maxDirectory = 8 << 20

// newZip reads the list of names. The number of names that an archive claims to
// have is not to be trusted, so that what is read is counted.
func newZip(file *os.File, size int64) (source, error) {
	counted := &countedAt{from: file, left: maxDirectory}
	r, err := zip.NewReader(counted, size)
	switch {
	case counted.left < 0:
		return nil, errManyNames
	case err == zip.ErrInsecurePath && r != nil: // inside says so in its own words
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, errBreaksOff
	case errors.Is(err, zip.ErrFormat):
		return nil, errNoSense
	case err != nil:
		return nil, err
	}
	counted.left = 1 << 62
	return &zipSource{file, r}, nil
}

// countedAt fails when more was read than there is left.
type countedAt struct {
	from io.ReaderAt
	left int64
}

func (c *countedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.from.ReadAt(p, at)
	c.left -= int64(n)
	if c.left < 0 {
		return 0, errManyNames
	}
	return n, err
}

func (s *zipSource) each(ctx context.Context, _ func(string) bool, visit func(item) error) error {
	for _, f := range s.reader.File {
		// Some tools on Windows write backslashes.
		name, err := inside(strings.ReplaceAll(f.Name, `\`, "/"))
		if err != nil {
			return err
		}
		kind := fileKind(f.Mode())
		if strings.HasSuffix(f.Name, `\`) {
			kind = build.KindFolder
		}
		if name == "" {
			continue
		}
		if err := visit(item{name, kind, func(limit int) ([]byte, error) { return s.read(ctx, f, limit) }}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *zipSource) read(ctx context.Context, f *zip.File, limit int) ([]byte, error) {
	const encrypted = 1
	if f.Flags&encrypted != 0 {
		return nil, errEncrypted
	}
	if f.UncompressedSize64 > uint64(limit) {
		return nil, build.ErrTooLarge
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, errMethod
	}
	if err == nil {
		defer r.Close()
		var data []byte
		if data, err = readTo(&meter{ctx: ctx, from: r}, limit); err == nil {
			return data, nil
		}
	}
	switch {
	case err == build.ErrTooLarge || ctx.Err() != nil:
		return nil, err
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, errBreaksOff
	}
	return nil, errNoSense // checksum, flate, format
}

func (s *zipSource) Close() error { return s.file.Close() }
