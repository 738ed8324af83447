package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Payload returns the program that runs in the containers of checks. It is
// compiled when its source, or Go, has changed since it was compiled last, and
// kept in the kit's bin folder; where that cannot be written to, in the user's
// cache.
//
// goCommand finds the go command; it is called only if there is something to
// compile.
func Payload(ctx context.Context, kit string, goCommand func() (string, error)) ([]byte, error) {
	name, err := PayloadName(kit)
	if err != nil {
		return nil, err
	}
	places := []string{filepath.Join(kit, "bin")}
	if dir, err := CacheDir(); err == nil {
		places = append(places, dir)
	}
	for _, dir := range places {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return data, nil
		}
	}
	command, err := goCommand()
	if err != nil {
		return nil, fmt.Errorf("compile payload: %w", err)
	}
	dir, err := os.MkdirTemp("", "pidone-payload-")
	if err != nil {
		return nil, fmt.Errorf("compile payload: %w", err)
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, command, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", out, "./checker/payload")
	cmd.Dir = kit
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if said, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("compile payload: %w: %s", err, bytes.TrimSpace(said))
	}
	data, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("compile payload: %w", err)
	}
	for _, dir := range places {
		if keep(dir, name, data, kit) == nil {
			break // where it cannot be kept it is compiled again, no more
		}
	}
	return data, nil
}

// PayloadName is the name of the payload's file in the kit's bin folder. It tells
// what the payload is compiled from.
func PayloadName(kit string) (string, error) {
	sum, err := payloadSum(kit)
	if err != nil {
		return "", fmt.Errorf("find payload: %w", err)
	}
	return "payload-" + sum, nil
}

// payloadSum is that of all that the payload is made from.
func payloadSum(kit string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOARCH)
	for _, pattern := range []string{"checker/payload/*.go", "checker/evidence/*.go", "checker/pace/*.go", "go.sum"} {
		files, err := filepath.Glob(filepath.Join(kit, pattern))
		if err != nil {
			return "", err
		}
		if len(files) == 0 {
			return "", fmt.Errorf("no %s in %s", pattern, kit)
		}
		slices.Sort(files)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, filepath.Base(file), len(data))
			h.Write(data)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// keep puts a file into a folder as a whole, or not at all; and takes away
// others of its kind there, which are old. It belongs to whoever owns the
// folder like.
func keep(dir, name string, data []byte, like string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o755), f.Close()); err != nil {
		return err
	}
	chownLike(dir, like)
	chownLike(f.Name(), like)
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	kind, _, _ := strings.Cut(name, "-")
	old, err := filepath.Glob(filepath.Join(dir, kind+"-*"))
	for _, path := range old {
		if filepath.Base(path) != name {
			os.Remove(path)
		}
	}
	return err
}
