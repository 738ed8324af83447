package vm

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"pidone/checker/debian"
)

// busyboxPackage has a BusyBox that needs no library.
const busyboxPackage = "busybox-static"

// maxFile bounds a file that is taken from a package, in bytes.
const maxFile = 256 << 20

// Fetch downloads the newest kernel of a meta package, and BusyBox, and keeps
// what the machine needs of them. files are packages that were downloaded
// already and are used in place of apt. say is told what takes time.
func (c *Cache) Fetch(ctx context.Context, meta string, files []string, say func(what string)) (_ *Kernel, err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("fetch kernel: %w", err)
	}
	dir, err := os.MkdirTemp(c.dir, ".fetch-")
	if err != nil {
		return nil, fmt.Errorf("fetch kernel: %w", err)
	}
	defer os.RemoveAll(dir)
	d := &draft{Kernel{Meta: meta, Wanted: wanted(), dir: filepath.Join(dir, "kernel")}}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		return nil, fmt.Errorf("fetch kernel: %w", err)
	}
	kernel, busybox, err := c.packages(ctx, dir, meta, files, say)
	if err != nil {
		return nil, err
	}
	if d.Package, err = debian.Field(ctx, kernel, "Package"); err != nil {
		return nil, err
	}
	if d.Version, err = debian.Field(ctx, kernel, "Version"); err != nil {
		return nil, err
	}
	say("unpacking " + d.Package)
	if err := d.takeKernel(ctx, kernel); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", d.Package, err)
	}
	if err := d.takeBusybox(ctx, busybox); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", busyboxPackage, err)
	}
	k, err := c.keep(d)
	if err != nil {
		return nil, fmt.Errorf("keep kernel in %s: %w", c.dir, err)
	}
	return k, nil
}

// packages returns the files of the two packages.
func (c *Cache) packages(ctx context.Context, dir, meta string, files []string, say func(string)) (kernel, busybox string, err error) {
	for _, f := range files {
		switch base := filepath.Base(f); {
		case strings.HasPrefix(base, "linux-image-"):
			kernel = f
		case strings.HasPrefix(base, busyboxPackage+"_"):
			busybox = f
		default:
			return "", "", fmt.Errorf("use package %s: its name begins neither with linux-image- nor with %s_", f, busyboxPackage)
		}
	}
	if err := debian.Need("dpkg-deb", "dpkg"); err != nil {
		return "", "", err
	}
	if kernel == "" {
		if err := debian.Need("apt-cache", "apt"); err != nil {
			return "", "", err
		}
		name, err := debian.Dependency(ctx, meta, "linux-image-")
		if err != nil {
			return "", "", err
		}
		say("downloading " + name + " (some 30 MB)")
		if kernel, err = debian.Download(ctx, dir, name); err != nil {
			return "", "", err
		}
	}
	if busybox == "" {
		say("downloading " + busyboxPackage)
		if busybox, err = debian.Download(ctx, dir, busyboxPackage); err != nil {
			return "", "", err
		}
	}
	return kernel, busybox, nil
}

// takeKernel takes the image and the modules that are wanted, with what they need.
func (d *draft) takeKernel(ctx context.Context, deb string) error {
	modules := map[string][]byte{} // packed, by name
	files := map[string]string{}
	image := false
	err := debian.Files(ctx, deb, func(h *tar.Header, r io.Reader) error {
		if h.Typeflag != tar.TypeReg {
			return nil
		}
		name := moduleName(h.Name)
		isImage := strings.HasPrefix(filepath.Base(h.Name), "vmlinuz-")
		if name == "" && !isImage {
			return nil
		}
		data, err := readEntry(h, r)
		if err != nil {
			return err
		}
		if isImage {
			image = true
			return d.add(imageFile, data)
		}
		modules[name], files[name] = data, h.Name
		return nil
	})
	if err == nil && !image {
		err = errors.New("no kernel image in it")
	}
	if err != nil {
		return err
	}
	unpacked := map[string][]byte{}
	order, err := loadOrder(wanted(), func(name string) ([]byte, error) {
		if modules[name] == nil {
			return nil, nil
		}
		data, err := unpackModule(files[name], modules[name])
		unpacked[name] = data
		return data, err
	})
	if err != nil {
		return err
	}
	for _, name := range order {
		d.Modules = append(d.Modules, name+".ko")
		if err := d.add(name+".ko", unpacked[name]); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) takeBusybox(ctx context.Context, deb string) error {
	found := false
	err := debian.Files(ctx, deb, func(h *tar.Header, r io.Reader) error {
		if h.Typeflag != tar.TypeReg || filepath.Base(h.Name) != "busybox" || filepath.Base(filepath.Dir(h.Name)) != "bin" {
			return nil
		}
		data, err := readEntry(h, r)
		if err != nil {
			return err
		}
		found = true
		return d.add(busyboxFile, data)
	})
	if err == nil && !found {
		err = errors.New("no bin/busybox in it")
	}
	return err
}

func readEntry(h *tar.Header, r io.Reader) ([]byte, error) {
	if h.Size > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", h.Name, h.Size, maxFile)
	}
	return io.ReadAll(r)
}
