// Package evidence holds the types of what the kernel showed during one run
// of a submission, and nothing else.
//
// A Run is plain data. It survives a round trip through JSON, so that it can
// be judged again later, elsewhere, without root. Package trace fills it in,
// package scenario judges it. Everything in it was read from the kernel from
// outside the sandbox; nothing in it is the submission's own word, except what
// Event.Data and Stream.Data hold, which is what it wrote.
package evidence

// Version is the version of the JSON form of a Run.
const Version = 1

// A Run is everything that was recorded about one run of a submission.
type Run struct {
	Version int      `json:"version"`
	Args    []string `json:"args"`             // arguments of the first process, without the program's own name
	Inject  *Inject  `json:"inject,omitempty"` // what the recorder made happen, if anything
	Image   *Image   `json:"image,omitempty"`  // the image that the host showed, if it showed one
	Input   string   `json:"input,omitempty"`  // what the first process was given on standard input
	Host    Host     `json:"host"`

	// Processes in the order of their creation. Processes[i].ID == i, and
	// Processes[0] is the submission's first process. Threads are not in it.
	Processes []*Process `json:"processes"`

	// Events in the order in which the recorder saw them. Seq grows, but need
	// not start at 0 nor be dense: names and exits draw from the same counter.
	Events []*Event `json:"events"`

	// Names is every hostname that the kernel was seen to hold, in order.
	Names []Name `json:"names"`

	// Groups are the looks at the host's control groups, in order. There are
	// none where the host has no control groups.
	Groups []Groups `json:"groups,omitempty"`

	Stdout Stream `json:"stdout"`
	Stderr Stream `json:"stderr"`

	Duration int64 `json:"duration_us"` // µs, from the start of the first process to the end of the last
	End      End   `json:"end"`
}

// Inject says what the recorder changed in a run, on a scenario's request.
type Inject struct {
	// ChildExit is the status with which every process but the first that had
	// executed the submission's own program, and was about to exit with 0, was
	// made to exit instead.
	ChildExit int `json:"child_exit"`
}

// Image is a root file system for containers, at a path of the host.
type Image struct {
	Name string `json:"name"` // "box"
	Path string `json:"path"` // "/fs/box/rootfs"
	// Changed is what was not as it had been when every process was gone:
	// "/fs/box/rootfs/old (new)", "(changed)", "(gone)". Times do not count.
	Changed []string `json:"changed,omitempty"`
}

// Host is what the submission took for its machine: the sandbox.
type Host struct {
	Namespaces Namespaces `json:"namespaces"`
	Hostname   string     `json:"hostname"`       // at the start
	After      string     `json:"hostname_after"` // at the end, when every process was gone
	Mounts     []string   `json:"mounts"`         // mount points, sorted, at the start
	MountsLeft []string   `json:"mounts_left"`    // what differs at the end: points of new mounts, "/proc (replaced)", "/proc (gone)"
	// NetworksLeft are those of MountsLeft that hold a network namespace, as ip-netns(8) makes them.
	NetworksLeft []string `json:"networks_left,omitempty"`
	Found        []Found  `json:"found,omitempty"` // what lay in the working directory when every process was gone, in runs with an image
	// Internet is what there was beyond the host, in runs that have it.
	Internet *Internet `json:"internet,omitempty"`
	Program  string    `json:"program"` // path of the submission's program in the sandbox
	Init     int       `json:"init"`    // pid of the sandbox's init, as the checker sees it
	Kernel   string    `json:"kernel"`  // uname -r
}

// Found is a file of the host.
type Found struct {
	Path string `json:"path"`           // "/work/a"
	Kind string `json:"kind"`           // file, folder, link, other
	Data []byte `json:"data,omitempty"` // of a file, the first bytes
}

// Namespaces maps a namespace's type, as in /proc/PID/ns (pid, uts, mnt, user,
// ipc, net, cgroup, time), to its inode number. The recorder holds every
// namespace open that it has seen, so within one Run a number names one
// namespace only. For "pid" it is the namespace that the process itself lives
// in (ns/pid, not ns/pid_for_children).
type Namespaces map[string]uint64

// A Process is one process (thread group) of the sandbox.
type Process struct {
	ID      int   `json:"id"`
	PID     int   `json:"pid"`     // as the checker sees it
	PIDs    []int `json:"pids"`    // NSpid from the sandbox's PID namespace inwards; the last is what getpid(2) returns
	Creator int   `json:"creator"` // ID of the process whose clone, fork or vfork made it; -1 for the first
	// CreatorUnknown: the creator was killed before it could be seen that it
	// made this one. Creator is one that may have been it, and was there before.
	CreatorUnknown bool `json:"creator_unknown,omitempty"`

	Call int   `json:"call"`    // Seq of the event that made it; 0 if there is none
	Seq  int   `json:"seq"`     // when it was first seen
	Time int64 `json:"time_us"` // µs since the start of the run

	// Born is its state when it was first seen, before it ran an instruction.
	Born State `json:"born"`
	// Last is its state when it ended, or when the run was cut off.
	Last State `json:"last"`

	// Execs are the programs that it became, in order. Empty: it kept running
	// its creator's. The first process has at least the submission's own.
	Execs []Exec `json:"execs"`

	// Mounts are those below its root directory at its end, of a process whose last
	// Exec has a View, if they are not those of that.
	Mounts []Mount `json:"mounts,omitempty"`
	// Networks are those at its end, of a process for which an Exec has some.
	Networks *Networks `json:"networks,omitempty"`

	Exit *Exit `json:"exit"` // nil: it was still there when the run was cut off

	// Probe marks the throw-away process by which the Go runtime finds out
	// whether pidfds work. No learner asked for it.
	Probe bool `json:"probe,omitempty"`
	// Hidden marks a process that was made with CLONE_UNTRACED: nothing more is known about it.
	Hidden bool `json:"hidden,omitempty"`
}

// State is what the kernel held about one process at one moment.
type State struct {
	Namespaces Namespaces `json:"namespaces,omitempty"`
	Hostname   string     `json:"hostname"` // of its UTS namespace
	Root       string     `json:"root,omitempty"`
	Dir        string     `json:"dir,omitempty"`
}

// Exec is one successful execve(2) or execveat(2).
type Exec struct {
	Seq  int      `json:"seq"`
	Path string   `json:"path"` // /proc/PID/exe: what the kernel ran, not what was asked for
	Argv []string `json:"argv"`
	Self bool     `json:"self"` // it is the submission's own program (same file)
	// Stdio tells where descriptors 0, 1 and 2 led right after it.
	Stdio [3]Target `json:"stdio"`
	// Payload is true where what the kernel executes is the kit's payload, byte
	// by byte: what such a process writes is what the payload saw.
	Payload bool `json:"payload,omitempty"`
	// View is what the process could reach then. It is there in runs with an
	// image, for programs that are not the submission's own.
	View *View `json:"view,omitempty"`
	// Networks are there for the payload, in runs with an internet.
	Networks *Networks `json:"networks,omitempty"`
}

// View is what of the file systems a process could reach at one moment.
type View struct {
	// Host: its root directory is the host's.
	Host bool `json:"host,omitempty"`
	// Image: its root directory is the image's, or a copy of it, where a file
	// holds what was put into this run's image alone.
	Image bool `json:"image,omitempty"`
	// Outside are ways to folders that do not lie below its root directory, to
	// namespaces of the host in which it is not, and to files of control groups.
	Outside []Way `json:"outside,omitempty"`
	// Mounts are those below its root directory, in the kernel's order.
	Mounts []Mount `json:"mounts,omitempty"`
	// Proc: a proc file system is at /proc. ProcPIDs is the inode number of the
	// PID namespace that it shows; 0: not known.
	Proc     bool   `json:"proc,omitempty"`
	ProcPIDs uint64 `json:"proc_pids,omitempty"`
}

// Way is an open file of a process, or of another one that it sees in its /proc,
// or that one's root directory.
type Way struct {
	FD  int `json:"fd"`            // descriptor; -1: the working directory
	PID int `json:"pid,omitempty"` // of that other process, as seen in /proc; 0: it is the process's own
	// Thread is, of another process's root or working directory, whose it is, if not
	// its first thread's, as seen in /proc/PID/task.
	Thread int `json:"thread,omitempty"`
	// Dir: of another process's, FD is its working directory; without, its root directory.
	Dir bool   `json:"dir,omitempty"`
	To  string `json:"to"` // what the link in /proc says
	// Namespace is the kind of the namespace that FD leads to, itself, or as a
	// process or socket in it; "": FD is a folder, or what Group says.
	Namespace string `json:"namespace,omitempty"`
	// Group: FD is a file of a control group.
	Group bool `json:"group,omitempty"`
}

// Mount is one line of a process's mountinfo, proc_pid_mountinfo(5).
type Mount struct {
	Point  string `json:"point"` // below the process's root directory
	FSType string `json:"fstype"`
	Device string `json:"device"` // "0:45"
	Root   string `json:"root"`   // the folder of the file system that is mounted
	// ReadOnly: nobody can write through this mount.
	ReadOnly bool `json:"read_only,omitempty"`
	// Covered: the path leads elsewhere, for another mount lies over this one.
	Covered bool `json:"covered,omitempty"`
	// Names: what is mounted is a single file, and the process's /etc/resolv.conf,
	// /etc/hosts or /etc/hostname is that.
	Names bool `json:"names,omitempty"`
	// Host is the path at which the host showed that same folder at the start of
	// the run; empty if it did not.
	Host string `json:"host,omitempty"`
	// PIDs is, of a proc file system elsewhere than at /proc or below another mount, or
	// of the folder of a process in one, the inode number of the PID namespace that it
	// shows; 0: not known.
	PIDs uint64 `json:"pids,omitempty"`
	// Layers are the paths at which the host showed the folders of an overlay
	// that the container has made; "": it is not known of one. Those that the host
	// did not show are left out, and empty ones that are no mount point.
	Layers []string `json:"layers,omitempty"`
}

// Target tells what an open descriptor refers to.
type Target struct {
	// Kind is one of: closed, stdin, stdout, stderr (the sandbox's own
	// streams, whatever descriptor they are open on), null (/dev/null), tty,
	// pipe, socket, file, other.
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"` // the link in /proc/PID/fd: "pipe:[123]", "/tmp/x"
}

// Exit is how a process ended.
type Exit struct {
	Seq    int    `json:"seq"`
	Time   int64  `json:"time_us"`          // µs since the start of the run
	Code   int    `json:"code"`             // exit status, when Signal is empty
	Signal string `json:"signal,omitempty"` // name of the signal that ended it: "SIGKILL"
	// Injected is true when Code was set by the recorder (Run.Inject).
	Injected bool `json:"injected,omitempty"`
	// Parent is the kernel's parent at that moment: the ID of a process, or -1
	// when that was the sandbox's init: its creator was gone, it was an orphan.
	Parent int `json:"parent"`
	// Unreaped lists the processes (IDs) that still existed when this one was
	// about to exit, running or as zombies that nobody had waited for. Filled
	// in for the first process only.
	Unreaped []int `json:"unreaped,omitempty"`
	// Unrecorded is how many more there were then that are not in
	// Run.Processes, because that was full (End.Cut).
	Unrecorded int `json:"unrecorded,omitempty"`
}

// An Event is one system call that matters, with its result. Threads of one
// process share its ID. Many writes of a process to the same target, between
// which nothing else happened, may be one event: Size and Result are sums then,
// and Seq, Done and Time are the last one's.
type Event struct {
	Seq     int    `json:"seq"`     // when it was entered
	Done    int    `json:"done"`    // when it returned; 0 if it never did
	Time    int64  `json:"time_us"` // µs since the start of the run, at entry
	Process int    `json:"process"`
	Call    string `json:"call"` // the kernel's name: "clone", "sethostname", "write"

	// What was asked for. Only what the call has is filled in.
	Flags  []string `json:"flags,omitempty"`  // clone, unshare, setns, mount, umount2, openat: "CLONE_NEWUTS"
	Text   string   `json:"text,omitempty"`   // the name in sethostname and setdomainname; prctl's, ptrace's and reboot's operation; socket's protocol
	Path   string   `json:"path,omitempty"`   // execve, chroot, pivot_root (new root), mount (target), umount2, chdir, openat
	Source string   `json:"source,omitempty"` // mount (source), pivot_root (put_old)
	FSType string   `json:"fstype,omitempty"` // mount
	Argv   []string `json:"argv,omitempty"`   // execve
	Target *Target  `json:"target,omitempty"` // write family: where it led
	Data   []byte   `json:"data,omitempty"`   // write family: what was written (where Done is 0, or a file of a control group refused it: what was to be), as far as it was kept (see Cut)
	Size   int64    `json:"size,omitempty"`   // write family: bytes asked to be written
	Cut    bool     `json:"cut,omitempty"`    // Data is not all of it
	PID    int      `json:"pid,omitempty"`    // kill: the pid argument as given; pidfd_send_signal: the process's pid on the host, 0: not known
	Signal string   `json:"signal,omitempty"` // kill, pidfd_send_signal

	// What came of it.
	Result int64  `json:"result"`
	Errno  string `json:"errno,omitempty"` // "EPERM"; empty on success
	Child  int    `json:"child,omitempty"` // clone, fork, vfork: ID of the process that it made; never 0 otherwise
	// After is the calling thread's state when unshare, setns, sethostname,
	// setdomainname, chroot, pivot_root or a call about mounts returned, or when a
	// write to anything but a file was entered. For a write and for mounts only
	// Hostname and Namespaces are filled in.
	After *State `json:"after,omitempty"`
	// Host is what of the host's mounts was not as at the start when a call about
	// mounts returned, if that call or one just before it changed any: as in
	// Host.MountsLeft. Empty and not nil: they were as at the start again.
	Host []string `json:"host,omitzero"`
	// Before is the hostname of the caller's UTS namespace when sethostname was entered.
	Before string `json:"before,omitempty"`
	// Missing tells which path of a mount or pivot_root was not there, if ENOENT was the answer
	// and it was one of them: "source" or "path".
	Missing string `json:"missing,omitempty"`

	// At is the line of the submission that led to the call ("main.go:31"), or empty.
	At string `json:"at,omitempty"`
}

// A Name says that from Seq on a UTS namespace had a hostname.
type Name struct {
	Seq  int    `json:"seq"`
	UTS  uint64 `json:"uts"`
	Name string `json:"name"`
}

// A Stream is what came out of one output stream of the sandbox, all writers
// together.
type Stream struct {
	Data  []byte `json:"data"`  // the first bytes of it
	Total int64  `json:"total"` // bytes that came out in all; Data was cut if it is shorter
}

// End says what ended a run besides the exit of its processes.
type End struct {
	TimedOut bool  `json:"timed_out,omitempty"` // the time limit was reached and the rest killed
	Limit    int64 `json:"limit_us"`            // that limit, µs
	// CPU and Waited tell, if TimedOut, what the processes that were there at the
	// limit had of the machine: time on its CPUs, and time in which they could
	// have run but waited for one, µs. 0: not known.
	CPU    int64 `json:"cpu_us,omitempty"`
	Waited int64 `json:"waited_us,omitempty"`
	// Late is what was added to both in the second half of the time, µs.
	Late int64 `json:"late_us,omitempty"`

	OutOfMem  bool `json:"out_of_memory,omitempty"` // the kernel killed a process for memory
	OutOfPIDs bool `json:"out_of_pids,omitempty"`   // a clone or fork was refused for the limit of processes
	// Broken says what went wrong in the checker, or why it could not tell: the
	// run says nothing about the submission then.
	Broken string `json:"broken,omitempty"`
	// Hiding says how the submission tried to get past the recorder, if it did.
	Hiding string `json:"hiding,omitempty"`
	// Cut names what there was more of than is kept in the Run: processes,
	// events, execs, names, namespaces, text (paths and arguments), writes to
	// files (and to /dev/null), signals and the like (chdir, prctl, seccomp: calls
	// that only explain); and of one process descriptors, mounts and threads. What is
	// kept are the first ones.
	Cut []string `json:"cut,omitempty"`
}
