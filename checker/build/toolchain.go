package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A Toolchain is a Go installation on this machine, and where its user keeps
// what it has built and downloaded. All paths are absolute.
type Toolchain struct {
	Root     string // GOROOT
	Version  string // "go1.26.8"
	Cache    string // GOCACHE; it need not exist
	ModCache string // GOMODCACHE
}

// Go is the path of the go command.
func (t *Toolchain) Go() string { return filepath.Join(t.Root, "bin", "go") }

// Folders returns the folders that the go command reads, links resolved: Debian
// keeps half of GOROOT elsewhere.
func (t *Toolchain) Folders() []string {
	dirs := []string{t.Root}
	for _, sub := range []string{"bin", "pkg", "pkg/include", "pkg/tool", "src"} {
		real, err := filepath.EvalSymlinks(filepath.Join(t.Root, sub))
		if err == nil && !below(real, t.Root) {
			dirs = append(dirs, real)
		}
	}
	return dirs
}

// downloadTime is how long the go command may take to download one module.
const downloadTime = 2 * time.Minute

// download puts a module that the kit's go.mod names into the module cache.
func (t *Toolchain) download(kit, moduleVersion string) error {
	ctx, stop := context.WithTimeout(context.Background(), downloadTime)
	defer stop()
	cmd := exec.CommandContext(ctx, t.Go(), "mod", "download", moduleVersion)
	cmd.Dir = kit
	cmd.Env = append(os.Environ(), "GOMODCACHE="+t.ModCache, "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("download it: %w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

func below(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// FindToolchain finds the Go that the kit is built with. Usually that is the
// one of the go command on PATH, and takes less than a millisecond; where the
// kit's go.mod makes that command switch to another, or it is a wrapper, it
// is asked (`go env`).
func FindToolchain(ctx context.Context, kit string) (*Toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("find go: there is no go command on PATH; install Go from https://go.dev/dl/")
	}
	if t, ok := guessToolchain(path); ok {
		return t, nil
	}
	return askToolchain(ctx, path, kit)
}

// guessToolchain knows the layout of a Go installation. It gives up unless
// that installation has the very version that this program was built with.
func guessToolchain(path string) (*Toolchain, bool) {
	for _, v := range []string{"GOROOT", "GOTOOLCHAIN"} {
		if s := os.Getenv(v); s != "" && s != "local" && s != "auto" {
			return nil, false
		}
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, false
	}
	real, err = filepath.Abs(real)
	if err != nil {
		return nil, false
	}
	t := &Toolchain{Root: filepath.Dir(filepath.Dir(real))}
	if filepath.Base(filepath.Dir(real)) != "bin" {
		return nil, false
	}
	data, err := os.ReadFile(filepath.Join(t.Root, "VERSION"))
	if err != nil {
		return nil, false
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	t.Version = strings.TrimSpace(string(line))
	if t.Version != runtime.Version() || !version.IsValid(t.Version) {
		return nil, false
	}
	if _, err := os.Stat(filepath.Join(t.Root, "pkg", "tool", runtime.GOOS+"_"+runtime.GOARCH, "compile")); err != nil {
		return nil, false
	}
	set := goEnvFile()
	gopath := filepath.SplitList(firstOf(os.Getenv("GOPATH"), set["GOPATH"]))
	if len(gopath) == 0 {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, false
		}
		gopath = []string{filepath.Join(home, "go")}
	}
	t.ModCache = firstOf(os.Getenv("GOMODCACHE"), set["GOMODCACHE"], filepath.Join(gopath[0], "pkg", "mod"))
	t.Cache = firstOf(os.Getenv("GOCACHE"), set["GOCACHE"])
	if t.Cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, false
		}
		t.Cache = filepath.Join(user, "go-build")
	}
	return t, filepath.IsAbs(t.Cache) && filepath.IsAbs(t.ModCache)
}

func firstOf(ss ...string) string {
	for _, s := range ss {
		if s != "" {
			return s
		}
	}
	return ""
}

// goEnvFile reads what the user set with `go env -w`.
func goEnvFile() map[string]string {
	name := os.Getenv("GOENV")
	if name == "off" {
		return nil
	}
	if name == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil
		}
		name = filepath.Join(dir, "go", "env")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	set := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			set[k] = v
		}
	}
	return set
}

func askToolchain(ctx context.Context, path, kit string) (*Toolchain, error) {
	cmd := exec.CommandContext(ctx, path, "env", "-json", "GOROOT", "GOVERSION", "GOCACHE", "GOMODCACHE")
	cmd.Dir = kit
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w: %s", path, err, strings.TrimSpace(stderr.String()))
	}
	var env struct{ GOROOT, GOVERSION, GOCACHE, GOMODCACHE string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	v, _, _ := strings.Cut(env.GOVERSION, " ") // "go1.26.8 X:nodwarf5"
	if !version.IsValid(v) {
		return nil, fmt.Errorf("ask %s: %q is no released version of Go", path, env.GOVERSION)
	}
	return &Toolchain{Root: env.GOROOT, Version: v, Cache: env.GOCACHE, ModCache: env.GOMODCACHE}, nil
}
