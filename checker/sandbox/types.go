package sandbox

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Command is what to run in a sandbox of its own.
type Command struct {
	// Path is the program's absolute path in the sandbox, Args its arguments
	// beginning with argv[0], Env its whole environment. Dir is its working
	// directory; empty is WorkDir.
	Path string
	Args []string
	Env  []string
	Dir  string

	// Files are written into the root file system before it becomes read-only.
	Files []File
	// Binds are folders of the machine that can be read in the sandbox,
	// besides /usr.
	Binds []Bind
	// Empty are folders that exist and can be written to, besides /tmp and WorkDir.
	Empty []string
	// Trees are folders below one of Empty that hold files when the program starts.
	Trees []Tree
	// Look is a folder of the sandbox, WorkDir, /tmp or one of Empty, of which the
	// Result lists what is in it when all is over; empty: none.
	Look string
	// Groups has the sandbox show control groups at /sys/fs/cgroup, where the
	// program can make some of its own, as root of a machine with cgroup v2 can. It
	// has no effect where ProbeFeature(CgroupV2) says no.
	Groups bool
	// Loose are files of the sandbox's root that can be written to; they are there.
	Loose []string
	// Keep has large Files, each with its folder, and folders of Empty with Trees kept for
	// the next run of the same program: Files have the same Data then, the very bytes in
	// memory, which must not change. The folders are read-only file systems of their own;
	// those of Empty are file systems of their own, too. It has no effect where Host is
	// OpenRoot's.
	Keep bool
	// Hide are folders of the machine below /usr or a bind that look empty.
	Hide []string

	// Stdin is given to the program as a pipe; nil is a pipe at its end.
	Stdin io.Reader
	// Stdout and Stderr, if not nil, get all output as it comes, besides the
	// part of it that the Result has. A write that fails or blocks holds up
	// the sandbox's output, not its end.
	Stdout, Stderr io.Writer
	// Terminal, if there is one, is used as standard input, output and error, and
	// becomes the controlling terminal. Stdin is not used then and the
	// Result's streams are empty.
	Terminal TerminalFD

	// Still, if not nil, is called once by another goroutine if the sandbox is
	// still there after StillAfter, with what its tasks have had by then: see
	// Result.CPU. Run does not return before it has returned.
	Still func(cpu, waited time.Duration)

	// Outputs are files of the sandbox that are read back when everything in it
	// has ended. A file that is missing then is nil in Result.Outputs.
	Outputs []string

	Limits Limits

	// Connect, if not nil, is called with the pid of the sandbox's init when that
	// exists and waits; nothing of the program exists yet. It may give init's
	// network namespace something to reach.
	Connect func(pid int) error
	// Netfilter is the action for opening a socket of netlink(7)'s netfilter family,
	// with nf_tables in it, or of IPsec's, which Go's best known package for netlink
	// opens along with it whether it is used or not. Both are much code of the kernel
	// that holes were found in. So 0 refuses them; only programs that are to make NAT
	// should have them.
	Netfilter uint32

	// Rules are added to the system call filter, behind the sandbox's own.
	Rules []Rule
	// Hiding is the action for clone(2) with CLONE_UNTRACED, and for ptrace(2) with
	// PTRACE_TRACEME: RetTrace for a Watcher that does not let the first through; 0
	// refuses them.
	Hiding uint32
	// Watcher follows the processes; nil is a plain wait.
	Watcher Watcher
}

// StillAfter is when Command.Still is called.
const StillAfter = time.Second

// submissionPath is where a submission's program lies in its sandbox.
const submissionPath = "/submission/main"

// Submission is how a submission's program is started, with those arguments.
func Submission(program []byte, args []string) Command {
	return Command{
		Path: submissionPath,
		Args: append([]string{submissionPath}, args...),
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"HOME=" + WorkDir, "LANG=C.UTF-8", "USER=root", "SHELL=/bin/sh",
		},
		Files: []File{{Path: submissionPath, Data: program, Mode: 0o755}},
	}
}

// TerminalFD is a descriptor of a terminal, plus one: 0 means that there is none.
type TerminalFD int

// Terminal returns the TerminalFD for a descriptor.
func Terminal(fd int) TerminalFD { return TerminalFD(fd + 1) }

// File is one regular file of the sandbox's root.
type File struct {
	Path string // absolute
	Data []byte
	Mode uint32 // permission bits
}

// Bind makes the machine's From visible, read-only, at To.
type Bind struct {
	From, To string
	// Overlay lays a file system that can be written to over it; what is
	// written there goes with the sandbox.
	Overlay bool
}

// Limits bound one sandbox. Zero means the default of DefaultLimits.
type Limits struct {
	Processes int   // processes and threads
	Memory    int64 // bytes, tmpfs included where cgroups can be used
	Disk      int64 // bytes in each of the sandbox's own file systems: its root, and one that is kept
	Inodes    int   // files there
	Output    int64 // bytes kept of each output stream
	// Time is the wall clock's, from the first process's start. Where a busy machine
	// has kept the program from its CPUs, it is up to four times as much.
	Time time.Duration
}

// DefaultLimits are those of a submission.
func DefaultLimits() Limits {
	return Limits{
		Processes: 256,
		Memory:    512 << 20,
		Disk:      64 << 20,
		Inodes:    8192,
		Output:    1 << 20,
		Time:      10 * time.Second,
	}
}

// Result is what came of a Command.
type Result struct {
	// Status is the wait status of the first process, as far as init saw it.
	Status  unix.WaitStatus
	Stdout  Stream
	Stderr  Stream
	Outputs [][]byte
	// Changes are what of Command.Trees was not as it had been made when all was
	// over: "/fs/x/rootfs/a (new)", "(changed)", "(gone)"; the first ones.
	Changes  []string
	Found    []Found       // in Command.Look: the first ones, in the order of their paths
	Duration time.Duration // from the first process's start to the end of the last

	TimedOut bool // Limits.Time was reached
	// CPU and Waited tell, if TimedOut, what the tasks that were there at the
	// limit had had by then, all together, with the thread that followed them:
	// time on a CPU, and time in which they waited for one. 0 where the kernel
	// does not count it.
	CPU, Waited time.Duration
	// Late is what was added to both from the middle of the time on.
	Late time.Duration

	OutOfMemory bool // the kernel killed a process of it for memory
	OutOfPIDs   bool // a process was refused for Limits.Processes
}

// Code is the exit status that a shell would give the first process.
func (r *Result) Code() int {
	if r.Status.Signaled() {
		return 128 + int(r.Status.Signal())
	}
	return r.Status.ExitStatus()
}

// Stream is what came out of one output stream.
type Stream struct {
	Data  []byte // the first Limits.Output bytes
	Total int64  // bytes in all
}

// Watcher follows the processes of a sandbox in place of a plain wait. Both
// methods are called on one locked OS thread, the parent of the sandbox's init,
// which is in a mount namespace of its own: what absolute paths mean there is
// left open.
type Watcher interface {
	// Attach is called when init exists and waits to be told to go on; nothing
	// of the submission exists yet.
	Attach(init *Init) error
	// Wait is called when init was told to go on. It returns when init was
	// reaped, with the wait status of the first process, and has reaped all
	// that it traced. When it returns an error, the sandbox is killed.
	Wait(init *Init) (unix.WaitStatus, error)
}

// Init is the sandbox's pid 1, for a Watcher.
type Init struct {
	PID int // as the checker sees it
	// Proc is a descriptor (O_PATH) of the checker's /proc.
	Proc int
	// Streams are the inode numbers of the pipes that are the sandbox's
	// standard input, output and error.
	Streams [3]uint64
	// Program is Command.Path.
	Program string
	// Groups is a descriptor (O_PATH) of the control group that is the root of the
	// sandbox's, see Command.Groups; -1 if there is none.
	Groups int
	// Kill ends the sandbox at once. It may be called at any time, by any thread.
	Kill func()
	// TimedOut tells whether the sandbox was killed at its time limit.
	TimedOut func() bool
}

// Rule is one rule of the system call filter. Of the rules for a call the first
// that matches decides; a call that none matches is allowed.
type Rule struct {
	Nr     uint32 // system call number of the native architecture
	Op     Op
	Arg    int    // index of the argument that Op looks at
	Value  uint32 // compared with the argument's low 32 bits
	Action uint32 // SECCOMP_RET_*, with data
}

// Op is how a Rule looks at an argument.
type Op int

const (
	Always  Op = iota // the rule matches whatever the arguments
	AnySet            // argument & Value != 0
	NoneSet           // argument & Value == 0
	Equal             // argument == Value
	Unequal           // argument != Value
	NonZero           // argument != 0, all 64 bits of it; Value does not count
)

// WorkDir is the working directory of a submission.
const WorkDir = "/work"
