// Package sandbox makes the disposable host in which one run of a program
// takes place: namespaces, a root file system, limits, and their end.
//
// # Promise
//
// A program in the sandbox can read the machine's /usr (with /bin, /lib and so
// on) and what the caller bound there, and nothing else of the machine. It can
// write only to file systems that go with the sandbox; what Command.Keep keeps
// of them is as new for its next run, or goes too (keep.go). It has no network
// but a loopback of its own, and what Command.Connect joins that to. It cannot see,
// signal or trace a process outside. It is root there and owns its namespaces
// (setting the hostname succeeds and renames the sandbox), but is an
// unprivileged id outside. When Run returns, and when the checker is killed at
// any moment, every process of it has ended and no mount, cgroup or file of it
// is left. (RunLast returns a few milliseconds before that, in which no code of
// the program runs any more.)
//
// It does not promise to withstand a hole in the kernel, nor to hide that it is
// a sandbox, nor equal times. Where the caller may not use cgroups, memory and
// processes are limited for each process and user namespace only (Host.NoGroups
// says so).
//
// # Theory of operation
//
// Four parties make a sandbox.
//
// A thread of the checker (host.go, run.go, root.go), locked and thrown away
// afterwards, leaves the mount namespace of the checker for one of its own and
// builds the root there in ordinary Go: a tmpfs over a folder such as /tmp,
// into which copies of the machine's mounts are moved by descriptor, read-only. What
// was the same in an earlier run of the program it takes from the keeper (keep.go).
// It is privileged: root, or root of the user namespace that Enter made.
//
// The other three are processes that only make system calls, prepared as data:
// a script (calls.go, script.go). A script becomes an executable in memory
// (image.go): an interpreter of a few dozen instructions, the calls, and their
// data. So these processes have no Go runtime, and nothing of the checker's
// memory; and they start and fork in a fraction of the time that a fork of a Go
// program takes, which has to copy page tables and then pages, on both sides.
//
// The janitor is started by the thread, in its mount namespace. New namespaces
// take the kernel longest of all, so it begins with what leads there (image.go
// says how), while the thread prepares the rest of the script and builds the
// root. It makes the cgroup first where a process can be born in one, cgroup v2;
// those of v1 the thread makes meanwhile. It forks init, and then waits for the end
// of a pipe that the checker holds. That comes when the checker is done with the
// sandbox, and when it is gone, however that came; then the janitor removes the
// cgroups, which are files that would stay, whether they were made yet or not.
//
// The sandbox's init (clone3(2)) is born into new user, PID, UTS, IPC and network
// namespaces, as a child of the checker's thread, not of the janitor. It brings
// up the loopback, sets the limits of the user namespace, and waits until the
// root is built, its ids are mapped, the cgroups are there and a Watcher is
// attached. It joins the cgroups, becomes root of the user namespace
// and takes a copy of the thread's mount namespace. Because that copy belongs to a
// user namespace with fewer rights, the kernel locks all that was mounted outside:
// not even root in the sandbox can unmount it, lay it bare or make it writable
// (mount_namespaces(7)). Init sets itself to die with the thread, not dumpable,
// so that nothing inside can look into it; mounts /proc, and pivots into the root.
// It forks the first process, lets go of the machine's root, and only then lets
// the first process go on. From then on it reaps. It does not hold the run
// together: the thread outside does.
//
// The first process takes its session, limits and system call filter
// (filter.go), waits for init, and becomes the program. It is not pid 1.
//
// The sandbox ends when init has nothing left to reap, or when the thread kills
// init at the time limit: with its init the kernel ends a whole PID namespace
// (pid_namespaces(7)). If the checker is killed, init gets its parent-death
// signal or, where that came too early to be seen, the end of the pipe; mounts and
// namespaces go with their last process, cgroups with the janitor. If even the
// janitor was killed, the next checker sweeps (sweep.go).
package sandbox
