package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// overlays mounts the binds that can be written to.
func (b *rootBuilder) overlays() error {
	for i, bind := range b.cmd.Binds {
		if !bind.Overlay {
			continue
		}
		if err := b.mkdirAll(bind.To); err != nil {
			return err
		}
		layers := b.at("/.overlay/" + strconv.Itoa(i))
		upper, work := layers+"/upper", layers+"/work"
		for _, dir := range [...]string{upper, work} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("overlay %s: %w", bind.To, err)
			}
			if err := os.Chown(dir, b.ids.base, b.ids.base); err != nil {
				return fmt.Errorf("overlay %s: %w", bind.To, err)
			}
		}
		if b.ids.base != 0 {
			if err := b.ownFolders(bind.From, upper); err != nil {
				return fmt.Errorf("overlay %s: %w", bind.To, err)
			}
		}
		if strings.ContainsAny(bind.From, ":,\\") {
			return fmt.Errorf("overlay %s: its path must not have any of : , \\", bind.From)
		}
		options := "lowerdir=" + bind.From + ",upperdir=" + upper + ",workdir=" + work
		if err := unix.Mount("overlay", b.at(bind.To), "overlay", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
			return fmt.Errorf("overlay %s: %w", bind.To, err)
		}
	}
	return nil
}

// ownFolders makes the first-level folders of lower in upper too, owned by the
// sandbox's root: a merged folder belongs to the owner of its upper part, and
// so can be written to although the machine's own folder could not.
func (b *rootBuilder) ownFolders(lower, upper string) error {
	entries, err := os.ReadDir(lower)
	if err != nil {
		return err
	}
	b.become(b.ids.base)
	defer b.become(0)
	for _, e := range entries {
		if e.IsDir() {
			if err := os.Mkdir(filepath.Join(upper, e.Name()), 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}
