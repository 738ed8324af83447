package scenario

import (
	"fmt"
	"strings"

	"pidone/checker/evidence"
)

// output is a program of exercise 03 whose child is isolated and does what say
// has it do.
func output(say func(first, child *proc)) func(*proc, RunSpec) {
	return func(first *proc, _ RunSpec) {
		child := first.start(isolated...)
		say(first, child)
		if child.Exit == nil {
			child.exit(0)
		}
		if child.parent == 0 && !child.reaped {
			first.wait(child)
		}
		if first.Exit == nil {
			first.exit(child.Exit.Code)
		}
	}
}

func wrongOutput() []submission {
	hello := "child: hello, my pid is 1, my hostname " + hostName + "\n"
	all := []submission{
		{name: "the child panics at once", causes: map[int][]string{1: {"child-panicked"}, 3: {"child-panicked"}}, at: "main.go:47", main: output(func(_, child *proc) {
			child.panic("not yet")
		})},
		{name: "streams not wired", causes: map[int][]string{1: {"streams-not-wired"}, 3: {"streams-not-wired"}}, main: output(func(_, child *proc) {
			child.wired("null", "null", "null").sethostname("mute")
		})},
		{name: "a pipe that nobody reads", causes: map[int][]string{1: {"output-lost"}, 3: {"output-lost"}}, main: output(func(_, child *proc) {
			child.wired("null", "pipe", "pipe").sethostname("lost").pipe("host lost, pid 1\n")
		})},
		{name: "nothing printed", causes: map[int][]string{1: {"nothing-printed"}, 3: {"nothing-printed"}}, main: output(func(first, child *proc) {
			child.sethostname("silent")
			first.print("hostname silent, pid 1\n")
		})},
		{name: "killed for memory before it printed", causes: map[int][]string{1: {"out-of-memory"}, 3: {"out-of-memory"}}, main: output(func(first, child *proc) {
			first.k.run.End.OutOfMem = true
			child.killed("SIGKILL")
		})},
		{name: "the hostname printed by the parent", causes: map[int][]string{1: {"hostname-by-parent"}, 3: {"hostname-by-parent"}}, main: output(func(first, child *proc) {
			child.sethostname("told").print("hello, I am 1\n")
			first.joinUTS(child).print("the child is called told\n")
		})},
		{name: "a name printed before it is set", causes: map[int][]string{3: {"printed-too-early"}}, main: output(func(_, child *proc) {
			child.print(hello).print("my hostname is now box\n").sethostname("box")
		})},
		{name: "the old name printed again", causes: map[int][]string{3: {"old-name-printed"}}, main: output(func(_, child *proc) {
			child.print(hello).sethostname("box").print("my hostname is now " + hostName + "\n")
		})},
		{name: "a constant that is not the name", causes: map[int][]string{1: {"constant-printed"}, 3: {"constant-printed"}}, main: output(func(_, child *proc) {
			child.sethostname("container").print("pid: 1\nhostname: my-container\n")
		})},
		{name: "the new name not printed", causes: map[int][]string{3: {"hostname-not-printed"}}, main: output(func(_, child *proc) {
			child.print(hello).sethostname("box").print("done\n")
		})},
		{name: "the pid by which the host knows it", causes: map[int][]string{1: {"pid-outside-view"}}, main: output(func(_, child *proc) {
			speak2(child, fmt.Sprintf("my pid is %d\n", child.PIDs[0]))
		})},
		{name: "the parent's pid", causes: map[int][]string{1: {"pid-of-parent"}}, main: output(func(first, child *proc) {
			speak2(child, fmt.Sprintf("my pid is %d\n", first.PIDSelf()))
		})},
		{name: "a constant that is not the pid", causes: map[int][]string{1: {"constant-pid"}}, main: output(func(_, child *proc) {
			speak2(child, "pid: 42\n")
		})},
		{name: "the child's pid printed by the parent", causes: map[int][]string{1: {"pid-by-parent"}}, main: output(func(first, child *proc) {
			first.print(fmt.Sprintf("started %d\n", child.PIDs[0]))
			speak2(child, "")
		})},
		{name: "the child's own pid printed by the parent", causes: map[int][]string{1: {"pid-by-parent"}}, main: output(func(first, child *proc) {
			first.print("the child's pid is 1\n")
			speak2(child, "")
		})},
		{name: "all numbers", causes: map[int][]string{1: {"pid-not-printed"}}, main: output(func(_, child *proc) {
			all := ""
			for i := range 2000 {
				all += fmt.Sprintln(i)
			}
			speak2(child, all)
		})},
		{name: "no pid", causes: map[int][]string{1: {"pid-not-printed"}}, main: output(func(first, child *proc) {
			first.print("1 child started\n")
			speak2(child, "2026/1/1 1:01:01 it is 0.1 s late, code -1\n")
		})},
		{name: "prints 1 in the host's PID namespace", causes: map[int][]string{1: {"constant-pid"}, 2: {"flag-missing-pid"}}, main: func(first *proc, _ RunSpec) {
			child := first.start("CLONE_NEWUTS")
			speak2(child, "pid 1\n")
			finish(first, child)
		}},
		{name: "does not wait", causes: map[int][]string{4: {"parent-gone"}}, main: output(func(first, child *proc) {
			speak(child, "left-alone")
			first.exit(0)
		})},
		{name: "does not wait for a child that has ended", causes: map[int][]string{4: {"parent-gone"}}, main: output(func(first, child *proc) {
			speak(child, "zombie")
			child.exit(0)
			first.exit(0)
		})},
		{name: "does not wait, and the child dies of it", causes: map[int][]string{4: {"parent-gone"}}, main: output(func(first, child *proc) {
			speak(child, "pdeathsig")
			first.exit(0)
			child.killed("SIGTERM")
		})},
		{name: "panics before the child has ended", causes: map[int][]string{4: {"first-panicked"}}, main: output(func(first, child *proc) {
			speak(child, "left-alone")
			first.panic("oops")
			child.exit(0)
		})},
		{name: "the child hangs", causes: map[int][]string{4: {"time-limit"}}, main: func(first *proc, _ RunSpec) {
			speak(first.start(isolated...), "hanging")
		}},
		{name: "the parent hangs", causes: map[int][]string{4: {"time-limit"}}, main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "hanging")
			child.exit(0)
			first.wait(child)
		}},
		{name: "the child hangs, the parent is gone", causes: map[int][]string{4: {"parent-gone", "time-limit"}}, main: func(first *proc, _ RunSpec) {
			speak(first.start(isolated...), "hanging")
			first.exit(0)
		}},
		{name: "killed for memory", causes: map[int][]string{4: {"out-of-memory"}}, main: output(func(first, child *proc) {
			speak(child, "greedy")
			first.k.run.End.OutOfMem = true
			child.killed("SIGKILL")
			first.wait(child).exit(1)
		})},
		{name: "the first process killed for memory", causes: map[int][]string{4: {"out-of-memory"}}, main: output(func(first, child *proc) {
			speak(child, "greedy")
			child.exit(0)
			first.k.run.End.OutOfMem = true
			first.wait(child).killed("SIGKILL")
		})},
		{name: "too many processes", causes: map[int][]string{4: {"out-of-processes"}}, main: output(func(first, child *proc) {
			speak(child, "swarm")
			first.k.run.End.OutOfPIDs = true
			child.refuse("clone", "EAGAIN")
			child.exit(1)
		})},
		{name: "the child's exit code ignored", causes: map[int][]string{4: {"child-exit-ignored"}}, main: output(func(first, child *proc) {
			speak(child, "failing")
			child.exit(3)
			first.wait(child).exit(0)
		})},
		{name: "the child's panic ignored", causes: map[int][]string{4: {"child-exit-ignored"}}, main: output(func(first, child *proc) {
			speak(child, "failing")
			child.panic("late")
			first.wait(child).exit(0)
		})},
		{name: "the child fails", causes: map[int][]string{4: {"child-failed"}}, main: output(func(_, child *proc) {
			speak(child, "failing")
			child.log("no space left\n").exit(1)
		})},
		{name: "the child panics late", causes: map[int][]string{4: {"child-panicked"}}, main: output(func(_, child *proc) {
			speak(child, "failing")
			child.panic("late")
		})},
		{name: "the child is killed", causes: map[int][]string{4: {"child-killed"}}, main: output(func(first, child *proc) {
			speak(child, "segfault")
			child.killed("SIGSEGV")
			first.wait(child).exit(1)
		})},
		{name: "the first process is killed", causes: map[int][]string{4: {"first-killed"}}, main: output(func(first, child *proc) {
			speak(child, "box")
			child.exit(0)
			first.wait(child).killed("SIGSEGV")
		})},
		{name: "the first process fails", causes: map[int][]string{4: {"first-failed"}}, main: output(func(first, child *proc) {
			speak(child, "box")
			child.exit(0)
			first.wait(child).log("exec: Wait was already called\n").exit(1)
		})},
		{name: "a daemon is left", causes: map[int][]string{4: {"leftover-process"}}, main: output(func(first, child *proc) {
			daemon := first.clone().exec("/usr/bin/sleep", "sleep", "5")
			speak(child, "box")
			child.exit(0)
			first.wait(child).exit(0)
			daemon.exit(0)
		})},
		{name: "a daemon is left for ever", causes: map[int][]string{4: {"leftover-process"}}, main: output(func(first, child *proc) {
			first.clone().exec("/usr/bin/sleep", "sleep", "infinity")
			speak(child, "box")
			child.exit(0)
			first.wait(child).exit(0)
		})},
		{name: "a helper is not waited for", causes: map[int][]string{4: {"leftover-process"}}, main: output(func(first, child *proc) {
			first.clone().exec("/usr/bin/true", "true").exit(0)
			speak(child, "box")
			child.exit(0)
			first.wait(child).exit(0)
		})},
		{name: "a mount is left", causes: map[int][]string{4: {"leftover-mount"}}, at: "main.go:9", main: output(func(first, child *proc) {
			first.on("main.go:9").done(first.call(evidence.Event{Call: "mount", Path: "/mnt"}), "")
			first.k.run.Host.MountsLeft = []string{"/mnt"}
			speak(child, "box")
		})},
	}
	for i := range all {
		all[i].exercise = ex03
	}
	return all
}

// speak2 is speak with another word about the pid.
func speak2(child *proc, pid string) {
	child.print("host " + hostName + "\n" + pid).sethostname("some-box").print("host some-box\n")
}

func wrongCreation() []submission {
	all := []submission{
		{name: "the skeleton", causes: map[int][]string{1: {"no-own-way"}, 2: {"no-own-way"}, 3: {"no-child", "first-pid-not-printed"}}, main: func(first *proc, _ RunSpec) {
			first.log("error: parent or child? Step 1 is still to do\n").exit(1)
		}},
		{name: "the skeleton, repeating its arguments", causes: map[int][]string{1: {"no-own-way"}, 2: {"no-own-way"}, 3: {"no-child", "first-pid-not-printed"}}, main: func(first *proc, spec RunSpec) {
			first.print("to do [main " + strings.Join(spec.Args, " ") + "] 17\n").exit(0)
		}},
		{name: "step 1 done", causes: map[int][]string{2: {"nothing-printed"}, 3: {"no-child", "first-pid-not-printed"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) == 0 {
				first.log("error: to do\n").exit(1)
			}
			first.exit(0)
		}},
		{name: "steps 1 and 2 done", causes: map[int][]string{3: {"no-child", "first-pid-not-printed"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) == 0 {
				first.log("error: to do\n").exit(1)
				return
			}
			hello(first)
			first.exit(0)
		}},
		{name: "step 1 done, and words without a pid", causes: map[int][]string{2: {"pid-not-printed"}, 3: {"no-child", "first-pid-not-printed"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				first.print("child: nothing to say\n")
			}
			first.exit(0)
		}},
		{name: "the child's way makes a process", causes: map[int][]string{1: {"no-own-way"}, 2: {"no-own-way"}, 3: {"not-itself"}}, main: func(first *proc, spec RunSpec) {
			first.print(fmt.Sprintf("%s pid %d\n", strings.Repeat("b", len(spec.Args)+1), first.PIDSelf()))
			child := first.clone().exec("/usr/bin/date", "date")
			child.print("Mon\n").exit(0)
			first.wait(child).exit(0)
		}},
		{name: "the child's way fails", causes: map[int][]string{1: {"own-way-failed"}, 2: {"own-way-failed"}, 3: {"no-child"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				first.log("error: child\n").exit(1)
			}
			first.print(fmt.Sprintf("pid %d\n", first.PIDSelf())).exit(0)
		}},
		{name: "starts itself over and over", causes: map[int][]string{1: {"starts-itself"}, 2: {"starts-itself"}, 3: {"starts-itself"}}, main: func(first *proc, _ RunSpec) {
			p := first
			for range 200 {
				p.print(fmt.Sprintf("parent: my pid is %d\n", p.PIDSelf()))
				p = p.start()
			}
			first.k.run.End.OutOfPIDs = true
			p.refuse("clone", "EAGAIN")
			first.k.allExit(1)
		}},
		{name: "starts date", causes: map[int][]string{1: {"no-own-way"}, 2: {"no-own-way"}, 3: {"not-itself"}}, main: func(first *proc, _ RunSpec) {
			first.print(fmt.Sprintf("pid %d\n", first.PIDSelf()))
			child := first.clone().exec("/usr/bin/date", "date")
			child.print("Mon\n").exit(0)
			first.wait(child).exit(0)
		}},
		{name: "no hello", causes: map[int][]string{2: {"pid-not-printed"}}, main: again(restart, func(p *proc) { p.print("hello\n") }, report)},
		{name: "stdin not wired", causes: map[int][]string{3: {"streams-not-wired"}}, main: again(func(first *proc) *proc { return first.start().wired("null") }, hello, report)},
		{name: "output not wired", causes: map[int][]string{3: {"streams-not-wired"}}, main: again(func(first *proc) *proc { return first.start().wired("null", "null", "null") }, func(p *proc) {
			if p.ID == 0 {
				hello(p)
			}
		}, report)},
		{name: "output into a pipe that nobody reads", causes: map[int][]string{3: {"output-lost"}}, main: again(func(first *proc) *proc { return first.start().wired("pipe", "pipe", "pipe") }, func(p *proc) {
			if p.ID == 0 {
				hello(p)
				return
			}
			p.pipe("quite-another-word\n")
		}, report)},
		{name: "the parent says no pid", causes: map[int][]string{3: {"first-pid-not-printed"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.start()
			hello(child)
			child.exit(0)
			first.wait(child)
			report(first, child)
		}},
		{name: "the exit code ignored", causes: map[int][]string{3: {"child-exit-ignored"}}, main: again(restart, hello, func(first, child *proc) {
			first.print("done\n").exit(0)
		})},
		{name: "the exit code a constant", causes: map[int][]string{3: {"child-exit-ignored"}}, main: again(restart, hello, func(first, child *proc) {
			first.print("a child that exits 3 gives 3\n").exit(0)
		})},
		{name: "always 0", causes: map[int][]string{3: {"child-exit-ignored"}}, main: again(restart, hello, func(first, child *proc) {
			first.print("Container exited with exit code 0\n").exit(0)
		})},
		{name: "does not wait", causes: map[int][]string{3: {"parent-gone"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			first.print(fmt.Sprintf("pid %d\n", first.PIDSelf()))
			child := first.start()
			first.exit(0)
			hello(child)
			child.exit(0)
		}},
		{name: "the child panics", causes: map[int][]string{2: {"child-panicked"}}, main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				first.print("well\n").exit(0)
				return
			}
			first.print(fmt.Sprintf("pid %d\n", first.PIDSelf()))
			child := first.start()
			child.panic("no")
			first.wait(child).exit(2)
		}},
		{name: "the child panics after all it had to do", causes: map[int][]string{4: {"child-panicked"}}, main: again(restart, func(p *proc) {
			hello(p)
			if p.ID > 0 {
				p.panic("late")
			}
		}, report)},
		{name: "a process left", causes: map[int][]string{4: {"leftover-process"}}, main: again(func(first *proc) *proc {
			first.clone().exec("/usr/bin/true", "true").exit(0)
			return first.start()
		}, hello, report)},
		{name: "fails at the end", causes: map[int][]string{4: {"first-failed"}}, main: again(restart, hello, func(first, child *proc) {
			first.print(fmt.Sprintf("code %d\n", child.Exit.Code)).exit(1)
		})},
		{name: "hangs at the end", causes: map[int][]string{4: {"time-limit"}}, main: again(restart, hello, func(first, child *proc) {
			if child.Exit.Code == 0 {
				first.print("code 0\n").k.run.End.TimedOut = true
				first.clone().exec("/usr/bin/sleep", "sleep", "1")
				return
			}
			first.exit(child.Exit.Code)
		})},
	}
	for i := range all {
		all[i].exercise = ex02
	}
	return all
}
