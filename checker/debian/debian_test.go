package debian

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tool puts a program in place of a tool of that name.
func tool(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func TestNeed(t *testing.T) {
	err := Need("no-such-tool", "some-package")
	require.ErrorContains(t, err, "no-such-tool")
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "sudo apt-get install some-package", e.Remedy)
	assert.NoError(t, Need("sh", "dash"))
}

func TestDependency(t *testing.T) {
	tool(t, "apt-cache", `cat <<END
linux-image-cloud-amd64
  Depends: linux-base
 |Depends: linux-image-6.1.0-56-cloud-amd64
  Depends: linux-image-6.1.0-56-cloud-amd64-unsigned
END`)
	name, err := Dependency(t.Context(), "linux-image-cloud-amd64", "linux-image-")
	require.NoError(t, err)
	assert.Equal(t, "linux-image-6.1.0-56-cloud-amd64", name)

	tool(t, "apt-cache", `echo 'E: No packages found' >&2; exit 100`)
	_, err = Dependency(t.Context(), "linux-image-9-cloud-amd64", "linux-image-")
	assert.ErrorIs(t, err, ErrUnknown)

	tool(t, "apt-cache", `echo linux-image-9-cloud-amd64`)
	_, err = Dependency(t.Context(), "linux-image-9-cloud-amd64", "linux-image-")
	assert.ErrorIs(t, err, ErrUnknown)
}

func TestDownload(t *testing.T) {
	tool(t, "apt-get", `for last; do :; done; touch "${last}_1%3a2_amd64.deb"`)
	dir := t.TempDir()
	file, err := Download(t.Context(), dir, "busybox-static")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "busybox-static_1%3a2_amd64.deb"), file)

	tool(t, "apt-get", `echo 'W: something' >&2; echo "E: Failed to fetch x  Could not resolve 'mirror'" >&2; echo after >&2; exit 100`)
	_, err = Download(t.Context(), t.TempDir(), "busybox-static")
	require.ErrorContains(t, err, "fetch package busybox-static: E: Failed to fetch x  Could not resolve 'mirror'")
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Remedy, "apt-get update")
}

// debFile builds a small package with the real tool.
func debFile(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("needs dpkg-deb (package dpkg)")
	}
	dir := t.TempDir()
	for path, text := range map[string]string{
		"DEBIAN/control": "Package: tiny\nVersion: 1:2-3\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
		"boot/vmlinuz-1": "the image",
		"usr/share/x":    "x",
	} {
		at := filepath.Join(dir, "tiny", path)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, []byte(text), 0o644))
	}
	deb := filepath.Join(dir, "tiny.deb")
	out, err := exec.Command("dpkg-deb", "--root-owner-group", "-b", filepath.Join(dir, "tiny"), deb).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return deb
}

func TestFiles(t *testing.T) {
	deb := debFile(t)
	version, err := Field(t.Context(), deb, "Version")
	require.NoError(t, err)
	assert.Equal(t, "1:2-3", version)

	got := map[string]string{}
	require.NoError(t, Files(t.Context(), deb, func(h *tar.Header, r io.Reader) error {
		if h.Typeflag == tar.TypeReg {
			data, err := io.ReadAll(r)
			got[h.Name] = string(data)
			return err
		}
		return nil
	}))
	assert.Equal(t, map[string]string{"./boot/vmlinuz-1": "the image", "./usr/share/x": "x"}, got)

	enough := errors.New("enough")
	assert.ErrorIs(t, Files(t.Context(), deb, func(*tar.Header, io.Reader) error { return enough }), enough)
}

func TestDamaged(t *testing.T) {
	deb := debFile(t)
	data, err := os.ReadFile(deb)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(deb, data[:len(data)/2], 0o644))
	err = Files(t.Context(), deb, func(h *tar.Header, r io.Reader) error { return nil })
	assert.ErrorContains(t, err, "read package tiny.deb")
}
