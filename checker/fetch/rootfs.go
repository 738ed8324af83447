package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"

	"pidone/checker/debian"
	"pidone/checker/images"
)

const (
	busyboxPackage = "busybox-static"
	maxProgram     = 64 << 20 // bytes of BusyBox; it has 2 MB
)

// rootfs makes an image out of BusyBox. file is the package, if it is there
// already.
func rootfs(ctx context.Context, store *images.Store, file, name string, out, say io.Writer) error {
	if name == "" {
		name = "busybox"
	}
	if err := images.CheckName(name); err != nil {
		return err
	}
	if file == "" {
		dir, err := os.MkdirTemp("", "pidone-fetch-")
		if err != nil {
			return fmt.Errorf("fetch package %s: %w", busyboxPackage, err)
		}
		defer os.RemoveAll(dir)
		fmt.Fprintf(say, "fetching Debian's package %s ...\n", busyboxPackage)
		if file, err = debian.Download(ctx, dir, busyboxPackage); err != nil {
			return err
		}
	}
	program, err := busybox(ctx, file)
	if err != nil {
		return err
	}
	nodes, err := images.BusyBox(program)
	if err != nil {
		return err
	}
	var tarball bytes.Buffer
	if err := images.WriteTar(&tarball, nodes); err != nil {
		return err
	}
	where, err := store.Save(name, &tarball)
	if err != nil {
		return err
	}
	kept(out, name, where)
	return nil
}

// busybox takes the program out of the package.
func busybox(ctx context.Context, deb string) ([]byte, error) {
	var program []byte
	err := debian.Files(ctx, deb, func(h *tar.Header, content io.Reader) error {
		if h.Typeflag != tar.TypeReg || path.Base(h.Name) != "busybox" || path.Base(path.Dir(h.Name)) != "bin" || h.Size > maxProgram {
			return nil
		}
		var err error
		program, err = io.ReadAll(content)
		return err
	})
	if err == nil && program == nil {
		err = fmt.Errorf("read package %s: there is no bin/busybox in it", path.Base(deb))
	}
	return program, err
}
