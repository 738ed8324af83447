package scenario

import (
	"maps"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

const (
	hostName = "qzxkvbwjmr"
	program  = "/submission/main"
	// limit is the time limit of a run, in µs.
	limit = 10_000_000
)

// A kernel is as much of one as judging needs: it keeps processes, namespaces
// and hostnames by the real one's rules, and writes evidence as package trace
// would.
type kernel struct {
	run   *evidence.Run
	seq   int
	inode uint64
	names map[uint64]string // by UTS namespace
	pidns map[uint64]*pidSpace
	all   []*proc
}

type pidSpace struct {
	inode  uint64
	parent *pidSpace
	next   int
	dead   bool
}

// A proc is one process of the kernel.
type proc struct {
	*evidence.Process
	k        *kernel
	ns       evidence.Namespaces
	births   *pidSpace // where its children are born
	parent   int
	reaped   bool
	dir      string
	at       string // line of the program that it is at
	children int
}

func newKernel(spec RunSpec) (*kernel, *proc) {
	k := &kernel{inode: 4026531840, names: map[uint64]string{}, pidns: map[uint64]*pidSpace{}}
	ns := evidence.Namespaces{}
	for _, kind := range kinds() {
		k.inode++
		ns[kind] = k.inode
	}
	k.names[ns["uts"]] = hostName
	host := &pidSpace{inode: ns["pid"], next: 41733}
	k.pidns[ns["pid"]] = host
	k.run = &evidence.Run{
		Version: evidence.Version, Args: spec.Args,
		Host: evidence.Host{Namespaces: maps.Clone(ns), Hostname: hostName, Program: program, Mounts: []string{"/", "/proc"}, Init: 99},
		End:  evidence.End{Limit: limit},
	}
	if spec.ChildExit != 0 {
		k.run.Inject = &evidence.Inject{ChildExit: spec.ChildExit}
	}
	k.named(ns["uts"])
	first := k.born(nil, ns, host, -1)
	first.exec(program, append([]string{program}, spec.Args...)...)
	return k, first
}

func (k *kernel) tick() int { k.seq++; return k.seq }

func (k *kernel) named(uts uint64) {
	k.run.Names = append(k.run.Names, evidence.Name{Seq: k.tick(), UTS: uts, Name: k.names[uts]})
}

func (k *kernel) born(maker *proc, ns evidence.Namespaces, births *pidSpace, creator int) *proc {
	p := &proc{k: k, ns: ns, births: births, parent: creator}
	p.Process = &evidence.Process{ID: len(k.all), Creator: creator, Seq: k.tick()}
	for s := k.pidns[ns["pid"]]; s != nil; s = s.parent {
		p.PIDs = append(p.PIDs, s.next)
		s.next++
	}
	slices.Reverse(p.PIDs)
	p.PID = 100000 + p.ID
	p.Born = p.state()
	if maker != nil {
		p.Execs = nil
	}
	k.all = append(k.all, p)
	k.run.Processes = append(k.run.Processes, p.Process)
	return p
}

func (p *proc) state() evidence.State {
	ns := evidence.Namespaces{}
	for kind, inode := range p.ns {
		ns[kind] = inode
	}
	return evidence.State{Namespaces: ns, Hostname: p.k.names[p.ns["uts"]], Root: "/", Dir: "/work"}
}

// on says at which line of the program the process is from here on.
func (p *proc) on(at string) *proc { p.at = at; return p }

func (p *proc) call(e evidence.Event) *evidence.Event {
	e.Process, e.Seq, e.At = p.ID, p.k.tick(), p.at
	p.k.run.Events = append(p.k.run.Events, &e)
	return &e
}

func (p *proc) done(e *evidence.Event, errno string) *evidence.Event {
	e.Done, e.Errno = p.k.tick(), errno
	if errno != "" {
		e.Result = -1
	}
	s := p.state()
	e.After = &s
	return e
}

// enter gives the process new namespaces, as unshare and clone do.
func (k *kernel) enter(ns evidence.Namespaces, births *pidSpace, flags []string) (evidence.Namespaces, *pidSpace) {
	fresh := evidence.Namespaces{}
	for kind, inode := range ns {
		fresh[kind] = inode
	}
	for _, kind := range kinds() {
		if !slices.Contains(flags, flagOf(kind)) {
			continue
		}
		k.inode++
		if kind == "pid" {
			births = &pidSpace{inode: k.inode, parent: births, next: 1}
			k.pidns[k.inode] = births
			continue
		}
		fresh[kind] = k.inode
		if kind == "uts" {
			k.names[k.inode] = k.names[ns["uts"]]
			k.named(k.inode)
		}
	}
	return fresh, births
}

// clone makes a child, as os/exec does.
func (p *proc) clone(flags ...string) *proc {
	e := p.call(evidence.Event{Call: "clone", Flags: append(slices.Clone(flags), "CLONE_VM", "CLONE_VFORK")})
	ns, births := p.k.enter(p.ns, p.births, flags)
	ns["pid"] = births.inode
	child := p.k.born(p, ns, births, p.ID)
	child.Call = e.Seq
	e.Child, e.Result = child.ID, int64(child.PIDs[0])
	p.done(e, "")
	return child
}

// refuse makes a call that fails.
func (p *proc) refuse(call, errno string, flags ...string) *evidence.Event {
	return p.done(p.call(evidence.Event{Call: call, Flags: flags}), errno)
}

// start is clone and then the program itself, with the argument child.
func (p *proc) start(flags ...string) *proc {
	return p.clone(flags...).exec(program, "/proc/self/exe", "child")
}

// exec makes the process another program.
func (p *proc) exec(path string, argv ...string) *proc {
	p.Execs = append(p.Execs, evidence.Exec{
		Seq: p.k.tick(), Path: path, Argv: argv, Self: path == program,
		Stdio: [3]evidence.Target{{Kind: "stdin"}, {Kind: "stdout"}, {Kind: "stderr"}},
	})
	return p
}

// wired sets where the descriptors led at the last exec.
func (p *proc) wired(kinds ...string) *proc {
	for i, kind := range kinds {
		p.Execs[len(p.Execs)-1].Stdio[i] = evidence.Target{Kind: kind}
	}
	return p
}

func (p *proc) unshare(flags ...string) *proc {
	e := p.call(evidence.Event{Call: "unshare", Flags: flags})
	pid := p.ns["pid"]
	p.ns, p.births = p.k.enter(p.ns, p.births, flags)
	p.ns["pid"] = pid
	p.done(e, "")
	return p
}

// unshareElsewhere is unshare on another thread of the process than the first.
func (p *proc) unshareElsewhere(flags ...string) *proc {
	ns, births := p.ns, p.births
	p.unshare(flags...)
	p.ns, p.births = ns, births
	return p
}

// joinUTS is setns into another process's UTS namespace.
func (p *proc) joinUTS(other *proc) *proc {
	e := p.call(evidence.Event{Call: "setns", Flags: []string{"CLONE_NEWUTS"}})
	p.ns["uts"] = other.ns["uts"]
	p.done(e, "")
	return p
}

func (p *proc) sethostname(name string) *proc {
	e := p.call(evidence.Event{Call: "sethostname", Text: name, Before: p.k.names[p.ns["uts"]]})
	if len(name) > 64 {
		p.done(e, "EINVAL")
		return p
	}
	p.k.names[p.ns["uts"]] = name
	p.k.named(p.ns["uts"])
	p.done(e, "")
	return p
}

func (p *proc) hostname() string { return p.k.names[p.ns["uts"]] }

func (p *proc) write(kind, name, text string) *evidence.Event {
	e := p.call(evidence.Event{Call: "write", Target: &evidence.Target{Kind: kind, Name: name}, Data: []byte(text), Size: int64(len(text)), Result: int64(len(text))})
	p.done(e, "")
	p.k.came(kind, text)
	return e
}

func (k *kernel) came(kind, text string) {
	stream := map[string]*evidence.Stream{"stdout": &k.run.Stdout, "stderr": &k.run.Stderr}[kind]
	if stream != nil {
		stream.Data = append(stream.Data, text...)
		stream.Total += int64(len(text))
	}
}

func (p *proc) print(text string) *proc { p.write("stdout", "pipe:[1]", text); return p }
func (p *proc) log(text string) *proc   { p.write("stderr", "pipe:[2]", text); return p }
func (p *proc) pipe(text string) *proc  { p.write("pipe", "pipe:[777]", text); return p }

// sendfile writes without showing what.
func (p *proc) sendfile(text string) *proc {
	e := p.call(evidence.Event{Call: "sendfile", Target: &evidence.Target{Kind: "stdout"}, Size: int64(len(text)), Result: int64(len(text)), Cut: true})
	p.done(e, "")
	p.k.came("stdout", text)
	return p
}

// panic writes what Go does and exits with 2.
func (p *proc) panic(why string) {
	p.log("panic: " + why + "\n\ngoroutine 1 [running]:\nmain.child()\n\t/build/main.go:47 +0x1d\nmain.main()\n\t/build/main.go:12 +0x20\n")
	p.exit(2)
}

func (p *proc) exit(code int) {
	if in := p.k.run.Inject; in != nil && p.ID > 0 && code == 0 && executedSelf(p.Process) > 0 {
		p.end(evidence.Exit{Code: in.ChildExit, Injected: true})
		return
	}
	p.end(evidence.Exit{Code: code})
}

func (p *proc) killed(signal string) { p.end(evidence.Exit{Signal: signal}) }

func (p *proc) end(exit evidence.Exit) {
	if p.Exit != nil {
		return
	}
	exit.Seq, exit.Parent = p.k.tick(), p.parent
	p.Last = p.state()
	if p.ID == 0 {
		for _, q := range p.k.all[1:] {
			if !q.reaped {
				exit.Unreaped = append(exit.Unreaped, q.ID)
			}
		}
	}
	p.Exit = &exit
	p.reaped = p.parent < 0
	for _, q := range p.k.all {
		if q.parent == p.ID {
			q.parent = -1
			q.reaped = q.Exit != nil
		}
	}
	if space := p.k.pidns[p.ns["pid"]]; space.parent != nil && p.PIDSelf() == 1 {
		space.dead = true
		for _, q := range p.k.all {
			for s := p.k.pidns[q.ns["pid"]]; s != nil; s = s.parent {
				if s == space {
					q.killed("SIGKILL")
				}
			}
		}
	}
}

// wait reaps children.
func (p *proc) wait(children ...*proc) *proc {
	for _, c := range children {
		if c.Exit == nil || c.parent != p.ID {
			panic("wait for a process that is no zombie of the caller's")
		}
		c.reaped = true
	}
	return p
}

// probe is what the Go runtime does before it first starts a process.
func (p *proc) probe() *proc {
	q := p.clone()
	q.Probe = true
	q.exit(0)
	p.wait(q)
	return p
}

// over ends the run and returns its evidence: with everything ended, or with
// what is left cut off at the time limit.
func (k *kernel) over() *evidence.Run {
	for _, p := range k.all {
		if p.Exit == nil {
			p.Last = p.state()
			k.run.End.TimedOut = true
		}
	}
	k.run.Host.After = k.names[k.run.Host.Namespaces["uts"]]
	return k.run
}

// lines makes one text of lines.
func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }
