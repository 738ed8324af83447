package scenario

import (
	"fmt"
	"strings"

	"pidone/checker/evidence"
)

// wrong returns wrong programs, at least one for each cause that a run can show.
func wrong() []submission {
	all := wrongIsolation()
	for i := range all {
		all[i].exercise = ex03
	}
	return append(append(all, wrongOutput()...), wrongCreation()...)
}

func told(causes ...string) []string { return causes }

// every has each of the first three steps tell one cause.
func every(cause string) map[int][]string {
	return map[int][]string{1: {cause}, 2: {cause}, 3: {cause}}
}

func wrongIsolation() []submission {
	return []submission{
		{name: "hides", causes: every("hiding"), main: func(first *proc, _ RunSpec) {
			first.k.run.End.Hiding = "clone(CLONE_UNTRACED) was refused"
			child := first.start(isolated...)
			speak(child, "unseen")
			finish(first, child)
		}},
		{name: "does more than can be recorded", causes: map[int][]string{3: {"too-much"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "box")
			finish(first, child)
			first.k.run.End.Cut = []string{"events"}
		}},
		{name: "starts itself over and over", causes: map[int][]string{1: {"starts-itself"}, 3: {"starts-itself"}}, main: func(first *proc, _ RunSpec) {
			p := first
			for range 30 {
				p.print(fmt.Sprintf("parent: my pid is %d\n", p.PIDSelf()))
				p = p.start(isolated...)
			}
			p.refuse("clone", "ENOSPC", isolated...)
			first.k.allExit(1)
		}},
		{name: "executes itself for ever", causes: every("starts-itself"), main: func(first *proc, _ RunSpec) {
			for range 100 {
				first.exec(program, "main", "child")
			}
		}},
		{name: "panics before it starts anything", causes: every("first-panicked"), at: "main.go:47", main: func(first *proc, _ RunSpec) {
			first.panic("runtime error: invalid memory address or nil pointer dereference")
		}},
		{name: "waits without starting", causes: every("wait-without-start"), main: func(first *proc, _ RunSpec) {
			first.log("error: wait exec: not started\n").exit(1)
		}},
		{name: "no child", causes: every("no-child"), main: func(first *proc, _ RunSpec) {
			first.print("Hello from " + hostName + ", pid 1\n").exit(0)
		}},
		{name: "no child, for the time limit", causes: every("no-child"), main: func(first *proc, _ RunSpec) {}},
		{name: "unshare, then os/exec", causes: every("unshare-then-exec"), at: "main.go:21", main: func(first *proc, _ RunSpec) {
			first.on("main.go:21").unshare(isolated...)
			first.probe()
			first.on("main.go:25").refuse("clone", "ENOMEM")
			first.log("fork/exec /proc/self/exe: cannot allocate memory\n").exit(1)
		}},
		{name: "unshare, then os/exec, beside a helper", causes: map[int][]string{1: {"nothing-printed"}, 2: {"unshare-then-exec"}, 3: {"flag-missing-uts"}}, main: func(first *proc, _ RunSpec) {
			helper := first.clone().exec("/usr/bin/true", "true")
			helper.exit(0)
			first.wait(helper).unshare("CLONE_NEWPID")
			first.probe()
			first.refuse("clone", "ENOMEM")
			first.exit(1)
		}},
		{name: "another thread unshares than the one that makes the child", causes: map[int][]string{2: {"unshare-in-thread"}, 3: {"unshare-in-thread"}}, at: "main.go:30", main: func(first *proc, _ RunSpec) {
			first.on("main.go:30").unshareElsewhere("CLONE_NEWUTS")
			child := first.start("CLONE_NEWPID")
			child.print(fmt.Sprintf("pid %d, hostname %s\n", child.PIDSelf(), child.hostname()))
			finish(first, child)
		}},
		{name: "unshare refused", causes: map[int][]string{2: {"unshare-failed"}, 3: {"unshare-failed"}}, at: "main.go:30", main: func(first *proc, _ RunSpec) {
			first.on("main.go:30").refuse("unshare", "EPERM", isolated...)
			child := first.start()
			speakOnly(child)
			finish(first, child)
		}},
		{name: "clone refused", causes: every("clone-failed"), at: "main.go:44", main: func(first *proc, _ RunSpec) {
			first.on("main.go:44").refuse("clone", "EINVAL", "CLONE_NEWPID", "CLONE_NEWUTS", "CLONE_THREAD")
			first.exit(1)
		}},
		{name: "clone refused for the limit of processes", causes: every("out-of-processes"), main: func(first *proc, _ RunSpec) {
			first.k.run.End.OutOfPIDs = true
			first.refuse("clone", "EAGAIN")
			first.exit(1)
		}},
		{name: "the wrong path", causes: map[int][]string{1: {"exec-failed"}, 3: {"exec-failed"}}, main: func(first *proc, _ RunSpec) {
			child := first.clone(isolated...)
			e := child.refuse("execve", "ENOENT")
			e.Path = "/proc/self/exec"
			child.exit(253)
			first.wait(child).log("fork/exec /proc/self/exec: no such file or directory\n").exit(1)
		}},
		{name: "Unshareflags for Cloneflags", causes: map[int][]string{2: {"unshareflags"}}, main: func(first *proc, _ RunSpec) {
			child := first.clone().unshare(isolated...).exec(program, "child")
			speak(child, "unshared")
			finish(first, child)
		}},
		{name: "Unshareflags for Cloneflags, and Go gives up", causes: every("unshareflags"), main: func(first *proc, _ RunSpec) {
			child := first.clone().unshare(isolated...).exec(program, "child")
			child.log("runtime: failed to create new OS thread (have 2 already; errno=22)\nfatal error: newosproc\n\ngoroutine 1 [running]:\n")
			child.exit(2)
			first.wait(child).exit(2)
		}},
		{name: "the child unshares itself", causes: map[int][]string{2: {"unshare-in-child"}}, main: func(first *proc, _ RunSpec) {
			child := first.start().unshare(isolated...)
			speak(child, "unshared")
			finish(first, child)
		}},
		{name: "no flags", causes: map[int][]string{2: {"flags-missing"}, 3: {"flag-missing-uts"}}, at: "main.go:31", main: func(first *proc, _ RunSpec) {
			child := first.on("main.go:31").start()
			speak(child, "renamed-host")
			finish(first, child)
		}},
		{name: "no CLONE_NEWPID", causes: map[int][]string{2: {"flag-missing-pid"}}, at: "main.go:31", main: func(first *proc, _ RunSpec) {
			child := first.on("main.go:31").start("CLONE_NEWUTS")
			speak(child, "half")
			finish(first, child)
		}},
		{name: "no CLONE_NEWUTS", causes: map[int][]string{2: {"flag-missing-uts"}, 3: {"flag-missing-uts"}}, main: func(first *proc, _ RunSpec) {
			child := first.start("CLONE_NEWPID")
			speak(child, "half")
			finish(first, child)
		}},
		{name: "unshares on another thread", causes: map[int][]string{2: {"unshare-in-thread"}, 3: {"unshare-in-thread"}}, main: func(first *proc, _ RunSpec) {
			child := first.start("CLONE_NEWPID").unshareElsewhere("CLONE_NEWUTS")
			speak(child, "half")
			finish(first, child)
		}},
		{name: "goes back to the host's UTS namespace", causes: map[int][]string{2: {"host-namespace"}, 3: {"host-namespace", "hostname-in-parent"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.joinUTS(first)
			first.sethostname("not-here")
			finish(first, child)
		}},
		{name: "a lie beside real namespaces", causes: map[int][]string{1: {"nothing-printed"}, 3: {"hostname-not-set"}}, main: func(first *proc, _ RunSpec) {
			decoy := first.start(isolated...)
			liar := first.start()
			liar.print("my pid is 1, my hostname " + hostName + "\nmy hostname is now box\n").exit(0)
			first.wait(liar)
			finish(first, decoy)
		}},
		{name: "the hostname set in the parent", causes: map[int][]string{3: {"hostname-in-parent"}}, at: "main.go:19", main: func(first *proc, _ RunSpec) {
			first.on("main.go:19").sethostname("container")
			child := first.start(isolated...)
			speakOnly(child)
			finish(first, child)
		}},
		{name: "the hostname set in the parent too", causes: map[int][]string{3: {"hostname-in-parent"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "mine")
			first.sethostname("yours")
			finish(first, child)
		}},
		{name: "the hostname set before the namespace was there", causes: map[int][]string{3: {"hostname-too-early"}}, main: func(first *proc, _ RunSpec) {
			child := first.start("CLONE_NEWPID").sethostname("early").unshare("CLONE_NEWUTS")
			speakOnly(child)
			finish(first, child)
		}},
		{name: "a hostname of 65 bytes", causes: map[int][]string{3: {"sethostname-failed"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.sethostname(strings.Repeat("x", 65))
			finish(first, child)
		}},
		{name: "sethostname not permitted", causes: map[int][]string{3: {"sethostname-failed"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.refuse("sethostname", "EPERM").Text = "box"
			finish(first, child)
		}},
		{name: "Setdomainname", causes: map[int][]string{3: {"setdomainname"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.done(child.call(evidence.Event{Call: "setdomainname", Text: "box"}), "")
			child.print("hostname: " + hostName + "\n")
			finish(first, child)
		}},
		{name: "/etc/hostname", causes: map[int][]string{3: {"hostname-file"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.refuse("openat", "EROFS", "O_WRONLY", "O_CREAT", "O_TRUNC").Path = "/etc/hostname"
			finish(first, child)
		}},
		{name: "/etc/hostname, only read", causes: map[int][]string{3: {"hostname-not-set"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.done(child.call(evidence.Event{Call: "openat", Path: "/etc/hostname", Flags: []string{"O_RDONLY"}}), "")
			finish(first, child)
		}},
		{name: "/proc/sys/kernel/hostname", causes: map[int][]string{3: {"hostname-procfs"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			child.refuse("openat", "EACCES", "O_WRONLY").Path = "/proc/sys/kernel/hostname"
			finish(first, child)
		}},
		{name: "the host's name set again", causes: map[int][]string{3: {"hostname-same"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, hostName)
			finish(first, child)
		}},
		{name: "an empty name", causes: map[int][]string{3: {"hostname-same"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "")
			finish(first, child)
		}},
		{name: "the name set in a namespace of the grandchild", causes: map[int][]string{3: {"hostname-elsewhere"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			grand := child.start("CLONE_NEWUTS")
			speak(grand, "grand")
			grand.exit(0)
			child.wait(grand)
			finish(first, child)
		}},
		{name: "no name set", causes: map[int][]string{3: {"hostname-not-set"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speakOnly(child)
			finish(first, child)
		}},
		{name: "the host renamed, nobody saw how", causes: map[int][]string{3: {"host-renamed"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "box")
			first.k.names[first.ns["uts"]] = "gone"
			first.k.named(first.ns["uts"])
			first.k.names[first.ns["uts"]] = hostName
			first.k.named(first.ns["uts"])
			finish(first, child)
		}},
	}
}

// speakOnly prints hostname and pid and sets nothing.
func speakOnly(child *proc) {
	child.print(fmt.Sprintf("child: hello, my pid is %d, my hostname %s\n", child.PIDSelf(), child.hostname()))
}

// allExit ends every process, the last first.
func (k *kernel) allExit(code int) {
	for i := len(k.all) - 1; i >= 0; i-- {
		p := k.all[i]
		p.end(evidence.Exit{Code: code})
		if p.parent >= 0 {
			p.reaped = true
		}
	}
}
