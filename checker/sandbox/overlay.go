package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

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
		if err := b.ownFolders(bind.From, upper); err != nil {
			return fmt.Errorf("overlay %s: %w", bind.To, err)
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
// so can be written to although the machine's own folder could not. Folders of that
// user and group already are left to the kernel; it cannot copy one of another group,
// which the sandbox has no id for (EOVERFLOW).
func (b *rootBuilder) ownFolders(lower, upper string) error {
	entries, err := os.ReadDir(lower)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() {
			continue // gone meanwhile, or no folder
		}
		if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != b.ids.base || int(owner.Gid) != b.ids.base {
			names = append(names, e.Name())
		}
	}
	b.become(b.ids.base)
	defer b.become(0)
	for _, name := range names {
		if err := os.Mkdir(filepath.Join(upper, name), 0o755); err != nil {
			return err
		}
	}
	return nil
}
