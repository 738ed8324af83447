// Package debian fetches packages of Debian and reads what is in them, without
// installing anything.
//
// It promises that a package comes through apt, which checks its signature
// against the archive's, and that nothing of it is executed: its maintainer
// scripts are not even unpacked. An error names the tool that is missing, or
// what apt said, and what to type.
package debian

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// An Error says what could not be had and what to do about it.
type Error struct {
	Err    error
	Remedy string // what to type, or the advice to follow
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// ErrUnknown is wrapped by errors that say that apt knows no such package.
var ErrUnknown = errors.New("apt knows no such package")

// Need returns an error if a tool is not on PATH; pkg is the package that has it.
func Need(tool, pkg string) error {
	if _, err := exec.LookPath(tool); err != nil {
		return &Error{Err: fmt.Errorf("find %s: it is not installed", tool), Remedy: "sudo apt-get install " + pkg}
	}
	return nil
}

// Dependency returns the first package that meta depends on of which the name
// begins with prefix: a meta package names the newest version of something.
func Dependency(ctx context.Context, meta, prefix string) (string, error) {
	out, err := run(ctx, "", "apt-cache", "depends", meta)
	if err != nil {
		if strings.Contains(err.Error(), "No packages found") || strings.Contains(err.Error(), "Unable to locate") {
			err = fmt.Errorf("look for %s: %w", meta, ErrUnknown)
			return "", &Error{Err: err, Remedy: "sudo apt-get update"}
		}
		return "", fmt.Errorf("look for %s: %w", meta, err)
	}
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		name, ok := strings.CutPrefix(strings.TrimLeft(sc.Text(), " |"), "Depends: ")
		if ok && strings.HasPrefix(name, prefix) {
			return name, nil
		}
	}
	// apt-cache says nothing and succeeds for a name that others mention only.
	return "", &Error{Err: fmt.Errorf("look for %s: %w", meta, ErrUnknown), Remedy: "sudo apt-get update"}
}

// Download fetches a package into the folder dir and returns the file's path.
func Download(ctx context.Context, dir, name string) (string, error) {
	if err := Need("apt-get", "apt"); err != nil {
		return "", err
	}
	// As root apt would change to a user who cannot write to dir.
	_, err := run(ctx, dir, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name)
	if err != nil {
		remedy := "sudo apt-get update, and again; without a network it takes the package's file from elsewhere"
		if strings.Contains(err.Error(), "Unable to locate") {
			err = ErrUnknown
		}
		return "", &Error{Err: fmt.Errorf("fetch package %s: %w", name, err), Remedy: remedy}
	}
	found, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d files %s_*.deb", len(found), name)
	}
	if err != nil {
		return "", fmt.Errorf("fetch package %s: %w", name, err)
	}
	return found[0], nil
}

// Field returns a field of a package file: "Version".
func Field(ctx context.Context, deb, field string) (string, error) {
	if err := Need("dpkg-deb", "dpkg"); err != nil {
		return "", err
	}
	out, err := run(ctx, "", "dpkg-deb", "-f", deb, field)
	if err != nil {
		return "", fmt.Errorf("read package %s: %w", filepath.Base(deb), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Files calls visit for every entry of a package file, in its order. An error
// that visit returns ends it and is returned.
func Files(ctx context.Context, deb string, visit func(h *tar.Header, content io.Reader) error) error {
	if err := Need("dpkg-deb", "dpkg"); err != nil {
		return err
	}
	runtime.LockOSThread() // as in run
	defer runtime.UnlockOSThread()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := command(ctx, "", "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("read package %s: %w", filepath.Base(deb), err)
	}
	for r := tar.NewReader(out); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = visit(h, r)
		} else {
			err = fmt.Errorf("read package %s: %w", filepath.Base(deb), err)
		}
		if err != nil {
			stop()
			cmd.Wait()
			return err
		}
	}
	io.Copy(io.Discard, out) // the padding behind the archive's end
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("read package %s: %w", filepath.Base(deb), said(err, stderr.Bytes()))
	}
	return nil
}

// run runs a tool and returns its standard output.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	// The parent-death signal comes when the thread ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := command(ctx, dir, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, said(err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGTERM}
	return cmd
}

// said adds the last error line of a tool to how it ended.
func said(err error, stderr []byte) error {
	last := ""
	for _, line := range strings.Split(string(stderr), "\n") {
		if line = strings.TrimSpace(line); line != "" && (strings.HasPrefix(line, "E: ") || last == "") {
			last = line
		}
	}
	if last == "" {
		return err
	}
	return errors.New(last)
}
