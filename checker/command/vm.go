package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/remote"
	"pidone/checker/sandbox"
	"pidone/checker/trace"
	"pidone/checker/vm"
)

// place is where runs take place: on this machine, or in the VM.
type place struct {
	vm     string // "": on this machine; else an accelerator
	as     string // "" or "root": as the real root of the VM, which this machine may be
	kernel string // of the VM: a meta package, or what tells it from the others
}

// flags registers the flags that say where runs take place.
func (p *place) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.vm, "vm", "", "run it in the VM: 1, or kvm where the machine has it")
	fs.StringVar(&p.as, "as", "", "root: with --vm, as the VM's real root")
	fs.StringVar(&p.kernel, "kernel", "", "with --vm: 6.12 or default")
}

// placeUsage is how usage lines show the flags.
const placeUsage = "[--vm 1|kvm [--as root] [--kernel 6.12]]"

// check returns an error if the flags do not fit together.
func (p *place) check() error {
	switch p.vm {
	case "1", "yes", "true":
		p.vm = vm.Accelerators()[0]
	case "0", "no", "false":
		p.vm = ""
	}
	if p.vm != "" && !slices.Contains(vm.Accelerators(), p.vm) {
		return fmt.Errorf("no VM=%s; there are VM=1 (emulated, works everywhere) and VM=kvm", p.vm)
	}
	if p.as != "" && p.as != "root" {
		return fmt.Errorf("no AS=%s; there is AS=root", p.as)
	}
	if p.as == "root" && p.vm == "" && !sandbox.Disposable() {
		return errors.New("AS=root works in the VM only: add VM=1; on this machine no submission is ever the real root")
	}
	_, err := p.meta()
	return err
}

// String is "" for this machine, and else tells one place from another.
func (p *place) String() string {
	if p.vm == "" {
		return ""
	}
	meta, _ := p.meta()
	return " in the VM with " + meta + " as " + p.as
}

// meta returns the meta package of the kernel.
func (p *place) meta() (string, error) {
	all := vm.Packages()
	if p.kernel == "" || p.kernel == "default" {
		return all[0], nil
	}
	for _, name := range all {
		if name == p.kernel || strings.Contains(name, "-"+p.kernel+"-") {
			return name, nil
		}
	}
	return "", fmt.Errorf("no kernel %q; there are default, 6.12 and the packages %s", p.kernel, strings.Join(all, ", "))
}

// slowness is by how much time limits grow in the VM: no correct program may fail
// for being slow there. An emulated one takes two to six times as long as on the
// machine itself, and a program of which there is much to record more (see
// guest.record).
func slowness(accel string) time.Duration {
	if accel == "kvm" {
		return 1
	}
	return 3
}

// slowness is by how much time limits grow where the session's runs take place.
func (s *session) slowness() time.Duration {
	if s.guest == nil {
		return 1
	}
	return slowness(s.guest.place.vm)
}

// patience is the time limit of a program that was busy until its own.
const patience = 2 * time.Minute

// guest is the VM of a session. It is booted when it is opened, in the
// background; a VM that fails is booted once more.
type guest struct {
	place place
	say   func(string)
	ctx   context.Context

	mu      sync.Mutex
	current *boot
	failed  int
}

// boot is one attempt.
type boot struct {
	ready   chan struct{} // closed when what follows is set
	machine *vm.Machine
	client  *remote.Client
	// features are those of the VM.
	features func() ([]sandbox.Feature, error)
	err      error

	alone sync.RWMutex // held by runs, for writing by one that has the VM for itself
}

// maxFailures is how many VMs of one session may fail.
const maxFailures = 3

// openGuest starts a VM.
func (a *app) openGuest(p place) *guest {
	g := &guest{place: p, ctx: a.ctx, say: a.note}
	g.current = g.start()
	return g
}

func (g *guest) start() *boot {
	b := &boot{ready: make(chan struct{})}
	go func() {
		defer close(b.ready)
		k, err := findKernel(g.ctx, g.place, g.say)
		if err == nil {
			b.machine, err = bootMachine(g.ctx, k, g.place)
		}
		if b.err = err; err == nil {
			b.client = remote.NewClient(b.machine.Port)
			b.features = sync.OnceValues(func() ([]sandbox.Feature, error) { return b.client.Probe(g.ctx) })
		}
	}()
	return b
}

// bootMachine boots the checker's own program.
func bootMachine(ctx context.Context, k *vm.Kernel, p place) (*vm.Machine, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("boot VM: %w", err)
	}
	return vm.Boot(ctx, vm.Options{Kernel: k, Program: program, Files: vm.Tools(), KVM: p.vm == "kvm"})
}

// findKernel returns the kernel of the cache; one that is missing or damaged
// is fetched.
func findKernel(ctx context.Context, p place, say func(string)) (*vm.Kernel, error) {
	if err := vm.Ready(); err != nil {
		return nil, err
	}
	meta, err := p.meta()
	if err != nil {
		return nil, err
	}
	cache, err := vm.UserCache()
	if err != nil {
		return nil, err
	}
	k, err := cache.Find(meta)
	if err == nil {
		return k, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		say(err.Error() + "; fetching it again")
	}
	fetched, failed := cache.Fetch(ctx, meta, nil, say)
	if failed != nil && k != nil && errors.Is(err, vm.ErrOld) && ctx.Err() == nil {
		say(failed.Error() + "; the one that is there will have to do")
		return k, nil
	}
	return fetched, failed
}

// attempt returns the current attempt when it has come to something.
func (g *guest) attempt() *boot {
	g.mu.Lock()
	b := g.current
	g.mu.Unlock()
	<-b.ready
	return b
}

// again replaces an attempt that failed, and says why, unless somebody did already.
func (g *guest) again(failed *boot, why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current != failed {
		return true
	}
	if g.failed++; g.failed > maxFailures || g.ctx.Err() != nil {
		return false
	}
	if failed.machine != nil {
		failed.machine.Close()
	}
	g.say(why.Error() + "; booting another")
	g.current = g.start()
	return true
}

// ask calls f with a VM that came up; once more, with another, if it failed.
func (g *guest) ask(f func(*boot) error) error {
	for try := 0; ; try++ {
		b := g.attempt()
		err := b.err
		if err == nil {
			if err = f(b); errors.Is(err, remote.ErrLost) {
				err = b.machine.Failed(err)
			}
		}
		if err == nil || !errors.Is(err, vm.ErrFailed) || try > 0 || !g.again(b, err) {
			return err
		}
	}
}

// await waits until runs can take place.
func (s *session) await() error {
	if s.guest == nil {
		return nil
	}
	return s.guest.ask(func(*boot) error { return nil })
}

// record is trace.Record in the VM. A run that was out of time there is believed
// if it slept for most of it, or longer than it may take at all. One that was busy
// has one more, alone and with much more time: emulation is slow, and how slow depends
// on what is done. If it is busy until the end of that too, and cannot have had the VM
// for long, nothing can be told.
func (g *guest) record(ctx context.Context, cmd sandbox.Command, lines *build.LineTable, like trace.Options, alone bool) (*evidence.Run, error) {
	if cmd.Limits.Time == 0 {
		cmd.Limits.Time = sandbox.DefaultLimits().Time
	}
	slow := slowness(g.place.vm)
	cmd.Limits.Time *= slow
	origin := lines.Origin()
	opts := remote.Options{Inject: like.Inject, Image: like.Image, Input: like.Input, Internet: like.Internet != nil, Lines: &origin, Root: g.place.as == "root"}
	run, stalled, err := g.recordOnce(ctx, cmd, opts, alone)
	if err != nil || !run.End.TimedOut || slept(run) || overslept(run, slow, stalled) || g.place.vm == "kvm" && hadMachine(run) {
		return run, err
	}
	cmd.Limits.Time = max(cmd.Limits.Time, patience)
	g.say(fmt.Sprintf("the program was busy until its time limit; once more, with %v", cmd.Limits.Time))
	if run, _, err = g.recordOnce(ctx, cmd, opts, true); err != nil {
		return nil, err
	}
	if run.End.TimedOut && !slept(run) && !hadMachine(run) {
		return nil, fmt.Errorf("run it in the VM: the machine is too busy to tell: %s", outOfTime(run))
	}
	return run, nil
}

// recordOnce also returns for how long of a run that was out of time, and did not sleep,
// the VM itself had to wait for a CPU.
func (g *guest) recordOnce(ctx context.Context, cmd sandbox.Command, opts remote.Options, alone bool) (run *evidence.Run, stalled time.Duration, err error) {
	err = g.ask(func(b *boot) error {
		if alone {
			b.alone.Lock()
			defer b.alone.Unlock()
		} else {
			b.alone.RLock()
			defer b.alone.RUnlock()
		}
		_, before := b.machine.Effort()
		if run, err = b.client.Record(ctx, cmd, opts); err == nil && run.End.TimedOut && !slept(run) {
			// What the VM waited for this machine looks there like work.
			_, after := b.machine.Effort()
			stalled = after - before
			waited := min(stalled.Microseconds(), run.End.CPU)
			run.End.CPU -= waited
			run.End.Waited += waited
		}
		return err
	})
	return run, stalled, err
}

// close ends the VM.
func (g *guest) close() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	<-g.current.ready
	if g.current.machine != nil {
		g.current.machine.Close()
	}
}

// vmInit is the VM's pid 1.
func (a *app) vmInit([]string) int { return a.fail(vm.Init()) }

// vmServe serves in the VM.
func (a *app) vmServe([]string) int {
	err := vm.Serve(func(port *os.File) error { return remote.Serve(a.ctx, port) })
	if err != nil {
		return a.fail(err)
	}
	return passed
}

// vm is the command of which the first argument says what to do.
func (a *app) vm(args []string) int {
	const usage = "say what to do: checker vm shell, or checker vm fetch"
	var p place
	fset := flag.NewFlagSet("vm", flag.ContinueOnError)
	p.flags(fset)
	positional, rest, _, err := parse(fset, args)
	if err != nil {
		return a.fail(err)
	}
	if p.vm == "" {
		p.vm = "1"
	}
	if err := p.check(); err != nil {
		return a.fail(err)
	}
	if len(positional) != 1 {
		return a.fail(errors.New(usage))
	}
	switch positional[0] {
	case "fetch":
		return a.vmFetch(p, rest)
	case "shell":
		return a.vmShell(p, rest)
	}
	return a.fail(fmt.Errorf("no %q; %s", positional[0], usage))
}

// vmFetch fetches the kernel that is asked for, or all that there are.
func (a *app) vmFetch(p place, files []string) int {
	cache, err := vm.UserCache()
	if err != nil {
		return a.fail(err)
	}
	meta, err := p.meta()
	if err != nil {
		return a.fail(err)
	}
	k, err := cache.Fetch(a.ctx, meta, files, a.note)
	if err != nil {
		return a.fail(err)
	}
	fmt.Fprintf(a.out, "%s is in %s\n", k, cache.Dir())
	return passed
}
