package vm

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

// TestArchive has what was written unpacked by another program.
func TestArchive(t *testing.T) {
	var unpack *exec.Cmd
	if path, err := exec.LookPath("cpio"); err == nil {
		unpack = exec.Command(path, "-idm", "--quiet")
	} else if path, err := exec.LookPath("busybox"); err == nil {
		unpack = exec.Command(path, "cpio", "-idm")
	} else {
		t.Skip("needs cpio or busybox")
	}
	var b bytes.Buffer
	a := newArchive(&b)
	files := []File{
		{Path: "/usr/bin/one", Mode: 0o755, Data: []byte("1")},
		{Path: "/usr/bin/odd", Mode: 0o640, Data: []byte("12345")},
		{Path: "/empty", Mode: 0o644},
		{Path: "/a/b/c/link", Link: "/usr/bin/one"},
	}
	for _, f := range files {
		a.add(f)
	}
	require.NoError(t, a.close())
	unpack.Dir, unpack.Stdin = t.TempDir(), &b
	out, err := unpack.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, f := range files {
		at := filepath.Join(unpack.Dir, f.Path)
		info, err := os.Lstat(at)
		require.NoError(t, err)
		if f.Link != "" {
			link, err := os.Readlink(at)
			require.NoError(t, err)
			assert.Equal(t, f.Link, link)
			continue
		}
		data, err := os.ReadFile(at)
		require.NoError(t, err)
		assert.Equal(t, string(f.Data), string(data), f.Path)
		assert.Equal(t, fs.FileMode(f.Mode), info.Mode(), f.Path)
	}
}

// module makes an ELF file with a section .modinfo.
func module(depends string) []byte {
	info := "license=GPL\x00depends=" + depends + "\x00name=x\x00"
	names := "\x00.modinfo\x00.shstrtab\x00"
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Shentsize: 64, Shnum: 3, Shstrndx: 2}
	copy(h.Ident[:], []byte{0x7f, 'E', 'L', 'F', 2, 1, 1})
	h.Shoff = uint64(64 + len(info) + len(names))
	binary.Write(&b, binary.LittleEndian, h)
	b.WriteString(info + names)
	binary.Write(&b, binary.LittleEndian, []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: 64, Size: uint64(len(info))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + len(info)), Size: uint64(len(names))},
	})
	return b.Bytes()
}

func TestLoadOrder(t *testing.T) {
	all := map[string]string{"nft_masq": "nf_tables,nf-nat", "nf_nat": "nf_conntrack", "nf_conntrack": "", "nf_tables": "", "veth": "built_in"}
	get := func(name string) ([]byte, error) {
		if depends, ok := all[name]; ok {
			return module(depends), nil
		}
		return nil, nil
	}
	order, err := loadOrder([]string{"veth", "nft_masq", "missing", "nf_tables"}, get)
	require.NoError(t, err)
	assert.Equal(t, []string{"veth", "nf_tables", "nf_conntrack", "nf_nat", "nft_masq"}, order)

	all["nf_conntrack"] = "nft_masq"
	_, err = loadOrder([]string{"nft_masq"}, get)
	assert.ErrorContains(t, err, "needs itself")

	_, err = loadOrder([]string{"x"}, func(string) ([]byte, error) { return []byte("no ELF file"), nil })
	assert.ErrorContains(t, err, "read module x")
}

func TestModuleFiles(t *testing.T) {
	for file, name := range map[string]string{
		"./lib/modules/6.1/kernel/drivers/char/hw_random/virtio-rng.ko": "virtio_rng",
		"./lib/modules/6.12/kernel/drivers/net/veth.ko.xz":              "veth",
		"./boot/config-6.1": "",
	} {
		assert.Equal(t, name, moduleName(file))
	}
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	require.NoError(t, err)
	_, err = w.Write([]byte("module"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	data, err := unpackModule("x.ko.xz", packed.Bytes())
	require.NoError(t, err)
	assert.Equal(t, "module", string(data))
	_, err = unpackModule("x.ko.xz", []byte("nothing packed"))
	assert.ErrorContains(t, err, "unpack x.ko.xz")
}

// fakeKernel keeps a kernel that boots nothing.
func fakeKernel(t *testing.T, c *Cache, version string) *Kernel {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kernel")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.MkdirAll(c.dir, 0o755))
	d := &draft{Kernel{Meta: "meta", Package: "linux-image-x", Version: version, Modules: []string{"veth.ko"}, Wanted: wanted(), dir: dir}}
	for _, name := range []string{imageFile, busyboxFile, "veth.ko"} {
		require.NoError(t, d.add(name, []byte(name+version)))
	}
	k, err := c.keep(d)
	require.NoError(t, err)
	return k
}

func TestCache(t *testing.T) {
	c := &Cache{t.TempDir()}
	_, err := c.Find("meta")
	require.ErrorIs(t, err, fs.ErrNotExist)

	fakeKernel(t, c, "1")
	fakeKernel(t, c, "2")
	k, err := c.Find("meta")
	require.NoError(t, err)
	assert.Equal(t, "linux-image-x 2", k.String())
	assert.Equal(t, []string{"veth.ko"}, k.Modules)
	left, err := os.ReadDir(c.dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "the older one is gone")

	// One with fewer modules than are wanted now will do if there is no other.
	manifest := filepath.Join(k.dir, manifestFile)
	data, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, bytes.Replace(data, []byte(`"veth",`), nil, 1), 0o644))
	old, err := c.Find("meta")
	require.ErrorIs(t, err, ErrOld)
	assert.Equal(t, k.Modules, old.Modules)
	require.NoError(t, os.WriteFile(manifest, data, 0o644))

	// A damaged kernel is told from one that was never fetched.
	require.NoError(t, os.WriteFile(filepath.Join(k.dir, "veth.ko"), []byte("damaged"), 0o644))
	_, err = c.Find("meta")
	require.ErrorContains(t, err, "checksum")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.Remove(filepath.Join(k.dir, "veth.ko")))
	_, err = c.Find("meta")
	require.ErrorContains(t, err, "veth.ko is missing")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
}

// qemuThatIs puts a script in place of QEMU.
func qemuThatIs(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, qemu), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func options(t *testing.T) Options {
	return Options{Kernel: fakeKernel(t, &Cache{t.TempDir()}, "1"), Program: "/proc/self/exe"}
}

func TestBootFails(t *testing.T) {
	for name, script := range map[string]string{
		"it ends":              "echo 'Kernel panic: \033[31mno init'; exit 1",
		"it says another line": "echo 'Kernel panic: no init'; echo hello >&3; exec sleep 60",
	} {
		t.Run(name, func(t *testing.T) {
			qemuThatIs(t, script)
			_, err := Boot(t.Context(), options(t))
			require.ErrorIs(t, err, ErrFailed)
			assert.ErrorContains(t, err, "linux-image-x 1")
			assert.ErrorContains(t, err, "no init", "what the console said last")
			assert.NotContains(t, err.Error(), "\033")
		})
	}
}

func TestNoQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Boot(t.Context(), Options{})
	require.ErrorContains(t, err, qemu)
	assert.NotErrorIs(t, err, ErrFailed)
}

// TestBoot speaks with a server that is a script, and sees that it ends.
func TestBoot(t *testing.T) {
	qemuThatIs(t, `
for word; do case $word in *pidone.vm=*) token=${word##*pidone.vm=}; token=${token%% *};; esac; done
echo "ready $token" >&3
echo $$ >&3
exec sleep 60 # which holds the port open
`)
	m, err := Boot(t.Context(), options(t))
	require.NoError(t, err)
	m.Port.SetReadDeadline(time.Now().Add(10 * time.Second))
	pid, err := readLine(m.Port, 20)
	require.NoError(t, err)
	_, err = os.Stat("/proc/" + pid)
	require.NoError(t, err)
	m.Close()
	_, err = os.Stat("/proc/" + pid)
	assert.ErrorIs(t, err, fs.ErrNotExist, "QEMU was waited for")
	m.Close() // once more does no harm
}

func TestArguments(t *testing.T) {
	o := options(t)
	args := strings.Join(o.arguments("abc"), " ")
	assert.Contains(t, args, "-accel tcg ", "KVM is used only where it is asked for")
	assert.NotContains(t, args, "kvm")
	o.KVM = true
	assert.Contains(t, strings.Join(o.arguments("abc"), " "), "-accel kvm ")
}

func TestTail(t *testing.T) {
	c := &tail{}
	for i := range 5000 {
		fmt.Fprintf(c, "line %d\r\n\n", i)
	}
	assert.Equal(t, "    line 4998\n    line 4999", c.last(2))
	assert.LessOrEqual(t, len(c.data), maxTail)
}

// What is taken along of this machine is complete: every link leads to a file that
// is taken too, and every library is there.
func TestTools(t *testing.T) {
	if _, err := os.Stat("/usr/sbin/ip"); err != nil {
		t.Skip("needs iproute2: there is no /usr/sbin/ip")
	}
	there := map[string]bool{}
	files := Tools()
	for _, f := range files {
		assert.False(t, there[f.Path], "%s is there twice", f.Path)
		there[f.Path] = true
		assert.True(t, strings.HasPrefix(f.Path, "/usr/"), f.Path)
	}
	for _, f := range files {
		if f.Link != "" {
			assert.True(t, there[f.Link], "%s leads to %s", f.Path, f.Link)
			continue
		}
		assert.FileExists(t, f.From)
		libraries, err := closure(f.From)
		require.NoError(t, err)
		for path := range libraries {
			assert.True(t, there[merged(path)] || path == f.From, "%s needs %s", f.From, path)
		}
	}
	assert.True(t, there["/usr/sbin/ip"])
}
