package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/images"
	"pidone/checker/remote"
	"pidone/checker/vm"
)

// Where things lie in the shell's VM. All is below /usr, which the sandboxes
// there show.
const (
	guestKit   = "/usr/src/pidone"
	guestGo    = "/usr/local/go"
	guestMod   = "/usr/lib/pidone/mod"
	guestCache = "/usr/lib/pidone/go-build"
)

// guestMake stands for make in the VM, which has none: it knows the targets
// that are the checker's.
const guestMake = `#!/bin/sh
cd ` + guestKit + ` || exit
target=
for word; do
	case $word in
	*=*) export "$word" ;;
	*) target=$word ;;
	esac
done
case $target in
check | trace | run | hint | solution | list | doctor | reset) ;;
*) echo "make: here are: check, trace, run, hint, solution, list, doctor, reset" >&2; exit 2 ;;
esac
export PIDONE_ARGS="$ARGS"
set -- "$target"
[ -n "$STEP" ] && set -- "$@" "$STEP"
[ -n "$SUBMISSION" ] && set -- "$@" --submission "$SUBMISSION"
[ -n "$FORMAT" ] && set -- "$@" --format "$FORMAT"
[ -n "$AS" ] && set -- "$@" --as "$AS"
[ -n "$ALL" ] && set -- "$@" --all
exec checker "$@"
`

const guestProfile = `cat <<END
This is the VM: $(uname -sr), with the kit in $PWD and Go.
Try what you like, as root: nothing of it stays when you leave (exit or Ctrl-D).
What you change in exercises/ on your machine arrives here within a second.
    make check STEP=03            in a sandbox, as on your machine
    make check STEP=03 AS=root    as the VM's real root
END
PS1='vm:\w# '
`

// vmShell gives a person a shell in the VM, or runs a command line there.
func (a *app) vmShell(p place, line []string) int {
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	k, err := findKernel(a.ctx, p, a.note)
	if err != nil {
		return a.fail(err)
	}
	files, err := a.guestFiles(c)
	if err != nil {
		return a.fail(err)
	}
	status, err := a.shellIn(k, p, files, line)
	if err != nil {
		return a.fail(err)
	}
	return status
}

// guestFiles are the kit, Go, and what is compiled of Go's library.
func (a *app) guestFiles(c *course.Course) ([]vm.File, error) {
	tools, err := build.FindToolchain(a.ctx, a.root)
	if err != nil {
		return nil, err
	}
	cache, err := vm.UserCache()
	if err != nil {
		return nil, err
	}
	warm := *tools
	warm.Cache = filepath.Join(cache.Dir(), "go-build-"+tools.Version)
	if _, err := os.Stat(warm.Cache); err != nil {
		a.note("compiling Go's library for the VM, once")
	}
	packages, modules := guestPackages(c)
	if err := build.Warm(a.ctx, build.Request{Kit: a.root, Tools: &warm}, packages); err != nil {
		return nil, err
	}
	folders, err := build.ModuleFolders(build.Request{Kit: a.root, Tools: tools}, modules)
	if err != nil {
		return nil, err
	}
	// To compile it there takes minutes.
	name, err := images.PayloadName(a.root)
	if err != nil {
		return nil, err
	}
	payload, err := images.Payload(a.ctx, a.root, func() (string, error) { return tools.Go(), nil })
	if err != nil {
		return nil, err
	}
	files := append(vm.Tools(), []vm.File{
		{Path: filepath.Join(guestKit, "bin", name), Mode: 0o755, Data: payload},
		{Path: "/usr/local/bin/checker", Link: vm.ProgramPath},
		{Path: "/usr/local/bin/go", Link: guestGo + "/bin/go"},
		{Path: "/usr/local/bin/make", Mode: 0o755, Data: []byte(guestMake)},
		{Path: guestKit + "/.profile", Mode: 0o644, Data: []byte(guestProfile)},
	}...)
	for _, f := range []struct {
		from, to string
		skip     func(string, fs.DirEntry) bool
	}{
		{a.root, guestKit, notKit},
		{filepath.Join(tools.Root, "bin"), guestGo + "/bin", nil},
		{filepath.Join(tools.Root, "pkg"), guestGo + "/pkg", nil},
		{filepath.Join(tools.Root, "src"), guestGo + "/src", notLibrary},
		{warm.Cache, guestCache, nil},
	} {
		more, err := vm.Folder(f.from, f.to, f.skip)
		if err != nil {
			return nil, fmt.Errorf("carry %s into the VM: %w", f.from, err)
		}
		files = append(files, more...)
	}
	for _, name := range []string{"VERSION", "go.env"} {
		files = append(files, vm.File{Path: guestGo + "/" + name, Mode: 0o644, From: filepath.Join(tools.Root, name)})
	}
	for _, dir := range folders {
		rel, err := filepath.Rel(tools.ModCache, dir)
		if err != nil {
			return nil, fmt.Errorf("carry %s into the VM: %w", dir, err)
		}
		more, err := vm.Folder(dir, filepath.Join(guestMod, rel), nil)
		if err != nil {
			return nil, fmt.Errorf("carry %s into the VM: %w", dir, err)
		}
		files = append(files, more...)
	}
	return files, nil
}

// guestPackages are the packages that programs of the exercises import most,
// and the modules that they may import.
func guestPackages(c *course.Course) (packages, modules []string) {
	packages = strings.Fields("bufio bytes context encoding/json errors flag fmt io log net os os/exec os/signal path path/filepath sort strconv strings sync syscall time golang.org/x/sys/unix")
	modules = []string{"golang.org/x/sys"}
	for _, e := range c.Exercises {
		packages, modules = append(packages, e.Imports...), append(modules, e.Imports...)
	}
	// Several exercises may name the same.
	slices.Sort(packages)
	slices.Sort(modules)
	return slices.Compact(packages), slices.Compact(modules)
}

// notKit leaves out what is not of the kit's files, and what was built.
func notKit(rel string, d fs.DirEntry) bool {
	return strings.HasPrefix(rel, ".") || rel == "bin"
}

// notLibrary leaves out what it takes no part in compiling a program.
func notLibrary(rel string, d fs.DirEntry) bool {
	if d.IsDir() {
		return rel == "cmd" || d.Name() == "testdata"
	}
	return strings.HasSuffix(rel, "_test.go")
}

// shellIn boots the VM and runs the shell in it.
func (a *app) shellIn(k *vm.Kernel, p place, files []vm.File, line []string) (int, error) {
	out, err := a.onTerminal(k, p, files, func(ctx context.Context, client *remote.Client) (*remote.Output, error) {
		go followExercises(ctx, client, a.root)
		return client.Exec(ctx, a.shellProgram(line), runTime)
	})
	if err != nil {
		return 0, err
	}
	return out.Status, nil
}

// onTerminal boots a VM whose terminal is this one, and calls f with it.
func (a *app) onTerminal(k *vm.Kernel, p place, files []vm.File, f func(context.Context, *remote.Client) (*remote.Output, error)) (*remote.Output, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("boot VM: %w", err)
	}
	near, far, err := vm.SocketPair()
	if err != nil {
		return nil, err
	}
	defer near.Close()
	done := a.progress("booting the VM")
	m, err := vm.Boot(a.ctx, vm.Options{
		Kernel: k, Program: program, Files: files, KVM: p.vm == "kvm", Terminal: far,
	})
	done()
	far.Close()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	client := remote.NewClient(m.Port)
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	if err := client.Open(ctx, a.guestTerminal()); err != nil {
		return nil, err
	}
	relayed, restore, err := a.relay(near)
	if err != nil {
		return nil, err
	}
	out, err := f(ctx, client)
	if err == nil {
		// What it said last is on its way through the other port.
		select {
		case <-relayed:
		case <-time.After(300 * time.Millisecond):
		}
	}
	restore()
	if errors.Is(err, remote.ErrLost) {
		err = m.Failed(err)
	}
	return out, err
}

// guestTerminal is the VM's terminal, as large as this one.
func (a *app) guestTerminal() remote.Terminal {
	t := remote.Terminal{Path: "/dev/hvc0", Rows: 24, Columns: 80, Plain: !term.IsTerminal(int(a.in.Fd()))}
	if w, h, err := term.GetSize(int(a.out.Fd())); err == nil {
		t.Rows, t.Columns = h, w
	}
	return t
}

func (a *app) shellProgram(line []string) remote.Program {
	// What runs there sees a terminal in any case.
	kind := os.Getenv("TERM")
	if !term.IsTerminal(int(a.out.Fd())) {
		kind = "dumb"
	}
	p := remote.Program{
		Path: "/bin/sh", Args: []string{"-l"}, Dir: guestKit, Terminal: true,
		Env: []string{
			"HOME=" + guestKit, "TERM=" + kind, "NO_COLOR=" + os.Getenv("NO_COLOR"), "USER=root", "SHELL=/bin/sh",
			"GOCACHE=" + guestCache, "GOMODCACHE=" + guestMod, "GOPROXY=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "CGO_ENABLED=0",
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		},
	}
	if len(line) > 0 {
		p.Args = []string{"-c", strings.Join(line, " ")}
	}
	return p
}

// relay connects the person's terminal, or what there is in its place, with the
// VM's. relayed is closed when the VM's has ended.
func (a *app) relay(conn net.Conn) (relayed <-chan struct{}, restore func(), err error) {
	restore = func() {}
	if term.IsTerminal(int(a.in.Fd())) {
		old, err := term.MakeRaw(int(a.in.Fd()))
		if err != nil {
			return nil, nil, fmt.Errorf("use terminal: %w", err)
		}
		restore = func() { term.Restore(int(a.in.Fd()), old) }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(a.out, conn)
	}()
	go func() {
		io.Copy(conn, a.in) // ends with the checker: a read from a terminal cannot be called back
		conn.Write([]byte{4})
	}()
	return done, restore, nil
}

// followExercises carries what changes in the exercises into the VM.
func followExercises(ctx context.Context, client *remote.Client, root string) {
	known := map[string]time.Time{}
	for first := true; ; first = false {
		filepath.WalkDir(filepath.Join(root, "exercises"), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil
			}
			info, err := d.Info()
			if err != nil || info.ModTime().Equal(known[name]) {
				return nil
			}
			known[name] = info.ModTime()
			rel, err := filepath.Rel(root, name)
			if first || err != nil {
				return nil
			}
			if data, err := os.ReadFile(name); err == nil {
				client.Put(ctx, filepath.Join(guestKit, rel), data)
			}
			return nil
		})
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}
