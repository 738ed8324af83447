package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/images"
)

// cache gives the test a store of its own.
func cache(t *testing.T) *images.Store {
	t.Helper()
	t.Setenv("PIDONE_CACHE", t.TempDir())
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // no credentials of whoever runs the tests
	store, err := images.OpenStore()
	require.NoError(t, err)
	return store
}

// layer makes a layer of entries; a file's content is its name.
func layer(t *testing.T, entries ...tar.Header) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		h.Mode = 0o755
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		require.NoError(t, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			io.WriteString(w, h.Name)
		}
	}
	require.NoError(t, w.Close())
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	require.NoError(t, err)
	return l
}

// push puts an image into a registry in memory and returns its reference.
func push(t *testing.T, reference, arch string, layers ...v1.Layer) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/" + reference)
	require.NoError(t, err)
	img, err := mutate.AppendLayers(empty.Image, layers...)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config.OS, config.Architecture = "linux", arch
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, img))
	return ref.String()
}

// names lists the paths of a kept image.
func names(t *testing.T, store *images.Store, image string) []string {
	t.Helper()
	nodes, err := store.Load(image)
	require.NoError(t, err)
	var all []string
	for _, n := range nodes {
		all = append(all, n.Path)
	}
	return all
}

func TestPullPutsLayersTogether(t *testing.T) {
	store := cache(t)
	ref := push(t, "library/alpine:3.22", runtime.GOARCH,
		layer(t, tar.Header{Name: "etc/", Typeflag: tar.TypeDir}, tar.Header{Name: "etc/old"}, tar.Header{Name: "etc/keep"},
			tar.Header{Name: "var/", Typeflag: tar.TypeDir}, tar.Header{Name: "var/a"}, tar.Header{Name: "bin/sh"}),
		layer(t, tar.Header{Name: "etc/.wh.old"}, tar.Header{Name: "var/.wh..wh..opq"}, tar.Header{Name: "var/b"},
			tar.Header{Name: "lib", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, tar.Header{Name: "lib/passwd"}, tar.Header{Name: "dev/sda", Typeflag: tar.TypeBlock}))
	var out, say bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"pull", ref, ""}, &out, &say))
	assert.Contains(t, out.String(), "make run STEP=04 ARGS='run alpine-3.22 /bin/sh'")
	assert.Contains(t, say.String(), "fetching "+ref)
	got := names(t, store, "alpine-3.22")
	assert.Subset(t, got, []string{"etc/keep", "bin/sh", "var/b", "lib"})
	assert.NotContains(t, got, "etc/old")
	assert.NotContains(t, got, "lib/passwd", "it lies behind a link")
	for _, path := range got {
		assert.NotContains(t, path, ".wh.")
		assert.NotContains(t, path, "..")
		assert.NotContains(t, path, "sda")
	}
}

func TestPullRefuses(t *testing.T) {
	cache(t)
	evil := push(t, "evil", runtime.GOARCH, layer(t, tar.Header{Name: "../../../evil"}))
	other := push(t, "other", "s390x", layer(t, tar.Header{Name: "a"}))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"pull", evil}, `unsafe tar path "../../../evil"`},
		{[]string{"pull", other}, "it is for linux/s390x"},
		{[]string{"pull", strings.Replace(other, "other", "none", 1)}, "make rootfs makes an image"},
		{[]string{"pull", ""}, "say which image"},
		{[]string{"pull", "UPPER"}, "could not parse reference"},
		{[]string{"pull", other, "../x"}, "is no name for an image"},
		{[]string{"pull", "a", "b", "c"}, "too many names"},
		{[]string{"pull", "--platform", "a/b/c/d/e", other}, "too many slashes"},
		{[]string{"rootfs", "a/b"}, "is no name for an image"},
		{[]string{"rootfs", "--package", "/not/there.deb"}, "read package there.deb"},
		{[]string{"dance"}, "is no command"},
		{[]string{"list", "--x"}, "usage:"},
		{nil, "say what to do"},
	} {
		err := run(t.Context(), c.args, io.Discard, io.Discard)
		assert.ErrorContains(t, err, c.want, "%q", c.args)
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"list"}, &out, io.Discard))
	assert.Empty(t, out.String(), "nothing was kept")
}

func TestPullIsInterrupted(t *testing.T) {
	cache(t)
	ref := push(t, "some", runtime.GOARCH, layer(t, tar.Header{Name: "a"}))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	assert.ErrorIs(t, run(ctx, []string{"pull", ref}, io.Discard, io.Discard), context.Canceled)
}

func TestNameOf(t *testing.T) {
	for reference, want := range map[string]string{
		"alpine": "alpine", "alpine:latest": "alpine", "alpine:3.22": "alpine-3.22", "docker.io/library/debian:12-slim": "debian-12-slim",
		"ghcr.io/a/b/c": "c", "localhost:5000/x:y": "x-y",
		"alpine@sha256:" + strings.Repeat("a", 64): "alpine",
	} {
		ref, err := name.ParseReference(reference)
		require.NoError(t, err)
		assert.Equal(t, want, nameOf(ref), reference)
	}
}

// A package as dpkg-deb sees it: its tool is put in the tool's place.
func TestRootfs(t *testing.T) {
	store := cache(t)
	program := "\x7fELF...\x00[\x00[[\x00"
	for i := range 60 {
		program += "a" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "\x00"
	}
	program += "sh\x00zcat\x00\x00more"
	dir := t.TempDir()
	var deb bytes.Buffer
	w := tar.NewWriter(&deb)
	for name, text := range map[string]string{"./usr/bin/busybox": program, "./usr/share/doc/busybox": "words"} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}))
		io.WriteString(w, text)
	}
	w.Close()
	file := filepath.Join(dir, "busybox-static_1_any.deb")
	require.NoError(t, os.WriteFile(file, deb.Bytes(), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dpkg-deb"), []byte("#!/bin/sh\ncat \"$2\"\n"), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if _, err := exec.LookPath("cat"); err != nil {
		t.Skip("there is no cat here")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"rootfs", "--package", file, "mine"}, &out, io.Discard))
	assert.Contains(t, out.String(), "run mine /bin/sh")
	assert.Subset(t, names(t, store, "mine"), []string{"bin/busybox", "bin/sh", "bin/[[", "bin/zcat", "proc", "tmp", "etc/passwd"})

	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.ErrorContains(t, run(t.Context(), []string{"rootfs", "--package", file}, io.Discard, io.Discard), "no bin/busybox in it")
	_, err := images.BusyBox([]byte("no program"))
	assert.ErrorContains(t, err, "it is no BusyBox")
}
