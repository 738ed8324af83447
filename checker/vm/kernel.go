package vm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Packages are the meta packages of Debian whose newest kernels the kit is
// tested on. The first is the default. Not every suite has all of them.
func Packages() []string {
	return []string{"linux-image-cloud-amd64", "linux-image-6.12-cloud-amd64"}
}

// Kernel is a kernel in the cache, with what belongs to it.
type Kernel struct {
	Meta    string `json:"meta"`    // "linux-image-cloud-amd64"
	Package string `json:"package"` // "linux-image-6.1.0-56-cloud-amd64"
	Version string `json:"version"` // of the package: "6.1.192-2"
	// Modules are names of files, in the order in which they can be loaded.
	Modules []string `json:"modules"`
	// Wanted are the modules that were asked for when it was fetched.
	Wanted []string `json:"wanted"`
	// Sums are the SHA-256 sums of all files, by name.
	Sums map[string]string `json:"sums"`

	dir string
}

// Names of files in a kernel's folder. A module's is its own: "veth.ko".
const (
	imageFile    = "vmlinuz"
	busyboxFile  = "busybox"
	manifestFile = "manifest.json"
)

// Cache is a folder that holds kernels.
type Cache struct{ dir string }

// UserCache is the calling user's: below $XDG_CACHE_HOME, else ~/.cache.
func UserCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find a place for kernels: %w", err)
	}
	return &Cache{filepath.Join(dir, "pidone", "vm")}, nil
}

// Dir is the cache's folder.
func (c *Cache) Dir() string { return c.dir }

// folder is where the kernel of a meta package lies.
func (c *Cache) folder(meta string) string { return filepath.Join(c.dir, meta) }

// ErrOld is wrapped by errors that say that a kernel was fetched when fewer
// modules were wanted.
var ErrOld = errors.New("it was fetched by an older version of the kit")

// Find returns the kernel of a meta package, after it has checked every file of
// it. The error wraps fs.ErrNotExist if it was not fetched yet, and ErrOld, with
// the kernel, if it will do where no other can be had.
func (c *Cache) Find(meta string) (*Kernel, error) {
	k, err := readKernel(c.folder(meta))
	if err != nil {
		return nil, fmt.Errorf("find kernel %s: %w", meta, err)
	}
	if !slices.Equal(k.Wanted, wanted()) {
		return k, fmt.Errorf("find kernel %s: %w", meta, ErrOld)
	}
	return k, nil
}

func readKernel(dir string) (*Kernel, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return nil, err
	}
	k := &Kernel{dir: dir}
	if err := json.Unmarshal(data, k); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifestFile, err)
	}
	for _, name := range append([]string{imageFile, busyboxFile}, k.Modules...) {
		if _, err := k.read(name); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// read returns a file of the kernel, if it is what was fetched.
func (k *Kernel) read(name string) ([]byte, error) {
	if filepath.Base(name) != name {
		return nil, fmt.Errorf("read %s: not the name of a file", name)
	}
	data, err := os.ReadFile(filepath.Join(k.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing in %s", name, k.dir) // as bad as a damaged one
	}
	if err != nil {
		return nil, err
	}
	if sum(data) != k.Sums[name] {
		return nil, fmt.Errorf("%s is not what was fetched (its checksum differs)", filepath.Join(k.dir, name))
	}
	return data, nil
}

func (k *Kernel) String() string { return fmt.Sprintf("%s %s", k.Package, k.Version) }

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// draft is a kernel that is being put together in a folder of its own.
type draft struct {
	Kernel
}

func (d *draft) add(name string, data []byte) error {
	if d.Sums == nil {
		d.Sums = map[string]string{}
	}
	d.Sums[name] = sum(data)
	return os.WriteFile(filepath.Join(d.dir, name), data, 0o644)
}

// keep makes the draft the cache's kernel, in place of an older one. Where two
// do it at once, the last wins and both are right.
func (c *Cache) keep(d *draft) (*Kernel, error) {
	data, err := json.MarshalIndent(&d.Kernel, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(d.dir, manifestFile), append(data, '\n'), 0o644); err != nil {
		return nil, err
	}
	to := c.folder(d.Meta)
	for try := 0; ; try++ {
		// A folder cannot be renamed over one that has files in it.
		old := d.dir + ".old"
		if err := os.Rename(to, old); err == nil {
			defer os.RemoveAll(old)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err = os.Rename(d.dir, to); err == nil {
			break
		} else if try > 5 {
			return nil, err
		}
		os.RemoveAll(old)
	}
	k := d.Kernel
	k.dir = to
	k.Modules = slices.Clone(k.Modules)
	return &k, nil
}
