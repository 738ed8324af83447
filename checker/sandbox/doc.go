// Package sandbox makes the disposable host in which one run of a program
// takes place: namespaces, a root file system, limits, and their end.
//
// # Promise
//
// A program in the sandbox can read the machine's /usr (with /bin, /lib and so
// on) and what the caller bound there, and nothing else of the machine. It can
// write only to file systems that go with the sandbox. It has no network but a
// loopback of its own. It cannot see, signal or trace a process outside. It is
// root there and owns its namespaces (setting the hostname succeeds and renames
// the sandbox), but is an unprivileged id outside. When Run returns, and when
// the checker is killed at any moment, every process of it has ended and no
// mount, cgroup or file of it is left.
//
// It does not promise to withstand a hole in the kernel, nor to hide that it is
// a sandbox, nor equal times. Where the caller may not use cgroups, memory and
// processes are limited for each process and user namespace only (Host.NoGroups
// says so).
//
// # Theory of operation
//
// Three parties make a sandbox.
//
// A thread of the checker (host.go, run.go, root.go), locked and thrown away
// afterwards, leaves the mount namespace of the checker for one of its own and
// builds the root there in ordinary Go: a tmpfs over a folder such as /tmp,
// into which copies of the machine's mounts are moved by descriptor, read-only.
// It is privileged: root, or root of the user namespace that Enter made. The
// caller makes the cgroup meanwhile.
//
// That thread forks the sandbox's init (clone3(2)) into new user, mount, PID,
// UTS, IPC and network namespaces. After a fork the Go runtime cannot be used,
// so init works through a script: system calls prepared as data before the
// fork (calls.go, script.go). Because the mount namespace is copied into a user
// namespace with fewer rights, the kernel locks all that was mounted outside:
// not even root in the sandbox can unmount it, lay it bare or make it writable
// (mount_namespaces(7)). Init waits until its ids are mapped and a Watcher is
// attached; joins its cgroup; becomes root of the user namespace; sets itself
// to die with the thread, not dumpable, so that nothing inside can look into
// it; mounts /proc, pivots into the root and lets go of the machine's; sets
// hostname and loopback; and forks the first process. Then it only reaps. It
// holds nothing worth having, and it does not hold the run together: the thread
// outside does.
//
// The first process takes its session, limits and system call filter
// (filter.go) and becomes the program. It is not pid 1.
//
// The sandbox ends when init has nothing left to reap, or when the thread kills
// init at the time limit: with its init the kernel ends a whole PID namespace
// (pid_namespaces(7)). If the checker is killed, init gets its parent-death
// signal or, where that came too early to be seen, the end of a pipe; mounts and
// namespaces go with their last process. Only cgroups are
// files that stay: a janitor, a process in a session of its own, waits for the
// end of a pipe that the checker holds and removes them (janitor.go). If even
// the janitor was killed, the next Open sweeps.
package sandbox
