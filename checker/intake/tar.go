package intake

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"pidone/checker/build"
)

// tarSource is a tar archive, compressed or not. Each walk unpacks it anew.
type tarSource struct {
	file   *os.File
	size   int64
	limits Limits
	unpack func(io.Reader) (io.ReadCloser, error)
}

func plain(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(r), nil }

func gunzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// maxWindow is how far back a zstd archive may refer, which costs memory:
// zstd itself needs no more up to level 19, and above that --ultra.
const maxWindow = 32 << 20

func unzstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// A compressed archive may unpack to maxRatio times what was read of it, and
// freely to the first freely bytes: source code comes to a tenth.
const (
	maxRatio = 100
	freely   = 16 << 20
)

func (s *tarSource) each(ctx context.Context, _ func(string) bool, visit func(item) error) error {
	err := s.walk(ctx, visit)
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, errExpands):
		return errExpands
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errMethod
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errBreaksOff
	case isOwn(err):
		return err
	default:
		return errNoSense
	}
	return err
}

// isOwn tells whether an error was made in this package, or by the machine.
func isOwn(err error) bool {
	_, problem := errors.AsType[*Problem](err)
	_, path := errors.AsType[*os.PathError](err)
	return problem || path || err == build.ErrTooLarge
}

func (s *tarSource) walk(ctx context.Context, visit func(item) error) error {
	packed := &meter{ctx: ctx, from: io.NewSectionReader(s.file, 0, s.size)}
	unpacked, err := s.unpack(bufio.NewReader(packed))
	if err != nil {
		return err
	}
	defer unpacked.Close()
	r := tar.NewReader(&meter{ctx: ctx, from: unpacked, limit: func(n int64) bool {
		return n > s.limits.Stream || n > freely && n > maxRatio*packed.n
	}})
	for {
		header, err := r.Next()
		if err == io.EOF {
			return ctx.Err()
		}
		if err != nil && err != tar.ErrInsecurePath {
			return err
		}
		kind, counts := tarKind(header)
		name, err := inside(header.Name)
		if err != nil {
			return err
		}
		if !counts || name == "" {
			continue
		}
		if err := visit(item{name, kind, func(limit int) ([]byte, error) { return readTo(r, limit) }}); err != nil {
			return err
		}
	}
}

// tarKind returns the kind of an entry, and whether it is one of the tree at
// all. A hard link is a link as any other.
func tarKind(h *tar.Header) (string, bool) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return build.KindFile, true
	case tar.TypeDir:
		return build.KindFolder, true
	case tar.TypeLink, tar.TypeSymlink:
		return build.KindLink, true
	case tar.TypeFifo:
		return build.KindPipe, true
	case tar.TypeChar, tar.TypeBlock:
		return build.KindDevice, true
	}
	return "", false
}

func (s *tarSource) Close() error { return s.file.Close() }
