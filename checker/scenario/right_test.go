package scenario

import (
	"fmt"
	"slices"
)

// A submission is a program for the test's kernel.
type submission struct {
	name     string
	exercise string
	args     []string // ARGS
	main     func(first *proc, spec RunSpec)
	// causes that each step must tell, in order; a step that is not there must
	// pass, or be skipped if it is the last and others fail.
	causes map[int][]string
	at     string // of the first finding, if that matters
}

const (
	ex02 = "02-process-creation"
	ex03 = "03-namespace-isolation"
	ex04 = "04-namespaces-and-chroot"
	ex05 = "05-cgroups"
	ex06 = "06-volumes"
	ex07 = "07-network"
)

var isolated = []string{"CLONE_NEWPID", "CLONE_NEWUTS"}

// speak prints as exercise 03's solution does.
func speak(child *proc, name string) {
	child.print(fmt.Sprintf("child: hello, my pid is %d, my hostname %s\n", child.PIDSelf(), child.hostname()))
	child.sethostname(name)
	child.print(fmt.Sprintf("child: my hostname is now %s\n", child.hostname()))
}

// finish ends child and parent as they should.
func finish(first *proc, children ...*proc) {
	for _, c := range children {
		if c.Exit == nil {
			c.exit(0)
		}
		first.wait(c)
	}
	first.print("Container exited with exit code 0\n")
	first.exit(0)
}

// rightIsolation are programs of other shapes than the page's that are right.
func rightIsolation() []submission {
	all := []submission{
		{name: "the page's own way", main: func(first *proc, _ RunSpec) {
			first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).probe()
			child := first.start(isolated...)
			speak(child, "my-container")
			finish(first, child)
		}},
		{name: "another process executes itself for ever", main: func(first *proc, _ RunSpec) {
			busy := first.start()
			for range 3 * maxDepth {
				busy.exec(program, "busy")
			}
			busy.exit(0)
			first.wait(busy)
			child := first.start(isolated...)
			speak(child, "my-container")
			finish(first, child)
		}},
		{name: "clone3 by hand, no exec", main: func(first *proc, _ RunSpec) {
			child := first.clone(isolated...)
			speak(child, "cell")
			finish(first, child)
		}},
		{name: "Unshareflags for UTS, Cloneflags for PID", main: func(first *proc, _ RunSpec) {
			child := first.clone("CLONE_NEWPID").unshare("CLONE_NEWUTS").exec(program, "child")
			speak(child, "mixed-up")
			finish(first, child)
		}},
		{name: "unshare, then ForkExec", main: func(first *proc, _ RunSpec) {
			first.unshare(isolated...)
			child := first.start()
			speak(child, "second-home")
			finish(first, child)
		}},
		{name: "a shim in between, that is the program too", main: func(first *proc, _ RunSpec) {
			shim := first.start()
			shim.unshare(isolated...)
			child := shim.start()
			speak(child, "shimmed")
			child.exit(0)
			shim.wait(child).exit(0)
			finish(first, shim)
		}},
		{name: "all namespaces", main: func(first *proc, _ RunSpec) {
			child := first.start("CLONE_NEWPID", "CLONE_NEWUTS", "CLONE_NEWUSER", "CLONE_NEWNS", "CLONE_NEWNET", "CLONE_NEWIPC")
			speak(child, "everything")
			finish(first, child)
		}},
		{name: "a container in a container", main: func(first *proc, _ RunSpec) {
			outer := first.start(isolated...)
			inner := outer.start(isolated...)
			speak(inner, "matryoshka")
			inner.exit(0)
			outer.wait(inner).exit(0)
			finish(first, outer)
		}},
		{name: "two containers one after the other", main: func(first *proc, _ RunSpec) {
			for _, name := range []string{"alpha", "beta"} {
				child := first.start(isolated...)
				speak(child, name)
				child.exit(0)
				first.wait(child)
			}
			first.exit(0)
		}},
		{name: "a try beforehand whether namespaces can be made", main: func(first *proc, _ RunSpec) {
			try := first.clone(isolated...).exec("/bin/true", "true")
			try.exit(0)
			first.wait(try)
			child := first.start(isolated...)
			speak(child, "tried")
			finish(first, child)
		}},
		{name: "the child becomes a shell that runs programs", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("shell-box").exec("/usr/bin/dash", "/bin/sh", "-c", "hostname; echo $$")
			tool := child.clone().exec("/usr/bin/hostname", "hostname")
			tool.print("shell-box\n").exit(0)
			child.wait(tool).print("1\n")
			finish(first, child)
		}},
		{name: "ARGS: a container program written elsewhere", args: []string{"run", "/bin/sh", "-c", "hostname; echo $$"}, main: func(first *proc, spec RunSpec) {
			if !slices.Equal(spec.Args, []string{"run", "/bin/sh", "-c", "hostname; echo $$"}) {
				first.exit(64)
				return
			}
			child := first.start(isolated...).sethostname("run-box")
			sh := child.clone().exec("/usr/bin/dash", spec.Args[1:]...)
			tool := sh.clone().exec("/usr/bin/hostname", "hostname")
			tool.print("run-box\n").exit(0)
			sh.wait(tool).print("2\n").exit(0)
			child.wait(sh)
			finish(first, child)
		}},
		{name: "a silent init, and a payload that prints", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("payload")
			child.probe()
			work := child.start()
			work.print(fmt.Sprintf("%s %d\n", work.hostname(), work.PIDSelf())).exit(0)
			child.wait(work)
			finish(first, child)
		}},
		{name: "a pipe that the parent copies, with a prefix", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).wired("null", "pipe", "pipe")
			child.pipe("host " + hostName + "\npid 1\n").sethostname("relayed").pipe("host relayed\n")
			first.print("child| host " + hostName + "\nchild| pid 1\n").print("child| host relayed\n")
			finish(first, child)
		}},
		{name: "a socket", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.sethostname("sock-et")
			child.write("socket", "socket:[5]", "PID=1\nIS=sock-et\n")
			first.print("PID=1\nIS=sock-et\n")
			finish(first, child)
		}},
		{name: "byte by byte, on standard error", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			say := func(s string) {
				for _, c := range []byte(s) {
					child.log(string(c))
				}
			}
			say("pid=1\nhost=" + hostName + "\n")
			child.sethostname("slow")
			say("host=slow\n")
			finish(first, child)
		}},
		{name: "fmt.Print without spaces", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("container")
			child.print("Hostname:containerPID:1done")
			finish(first, child)
		}},
		{name: "words that the ends of writes part", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).print(hostName).sethostname("box").print("box").print("pid 1")
			finish(first, child)
		}},
		{name: "a word over two writes", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("split-name").print("I am spl").print("it-name, pid 1\n")
			finish(first, child)
		}},
		{name: "in colour, with package log's clock", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("blue")
			child.log("2026/11/23 11:11:11 host \x1b[34mblue\x1b[0m pid \x1b[1m1\x1b[0m\n")
			finish(first, child)
		}},
		{name: "JSON", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("json-box")
			child.print(`{"pid":1,"original":"` + hostName + `","hostname":"json-box"}` + "\n")
			finish(first, child)
		}},
		{name: "sendfile, whose bytes nobody saw", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("zero-copy").sendfile("zero-copy 1\n")
			finish(first, child)
		}},
		{name: "cat, whose bytes nobody saw, twice", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).print("my pid is 1\n")
			cat := func() {
				c := child.clone().exec("/usr/bin/cat", "cat", "/proc/sys/kernel/hostname")
				c.sendfile(child.hostname() + "\n").exit(0)
				child.wait(c)
			}
			cat()
			child.sethostname("cat-box")
			cat()
			finish(first, child)
		}},
		{name: "the parent names the child from its namespace", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...).print("pid 1 is on " + hostName + "\n")
			first.joinUTS(child).sethostname("christened")
			child.print("pid 1 is on christened\n")
			finish(first, child)
		}},
		{name: "a process of the container dies with its pid 1", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "takes-all")
			child.clone().exec("/usr/bin/sleep", "sleep", "1000")
			finish(first, child)
		}},
		{name: "a helper that is killed and not waited for", main: func(first *proc, _ RunSpec) {
			helper := first.clone().exec("/usr/bin/cat", "cat")
			child := first.start(isolated...)
			speak(child, "helped")
			child.exit(0)
			first.wait(child)
			helper.killed("SIGKILL")
			first.exit(0)
		}},
		{name: "an orphan whose end the first process awaits through a pipe", main: func(first *proc, _ RunSpec) {
			shim := first.clone().exec("/usr/bin/setsid", "setsid")
			child := shim.start(isolated...)
			shim.exit(0)
			first.wait(shim)
			speak(child, "adopted")
			child.exit(0)
			first.exit(0)
		}},
		{name: "a name of 64 bytes", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "longest-longest-longest-longest-longest-longest-longest-longest-")
			finish(first, child)
		}},
		{name: "a name with digits", main: func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "box-1")
			finish(first, child)
		}},
	}
	for i := range all {
		all[i].exercise = ex03
	}
	return all
}

// again is a right program of exercise 02, but for what the arguments say.
func again(start func(*proc) *proc, hello func(*proc), ended func(first, child *proc)) func(*proc, RunSpec) {
	return func(first *proc, spec RunSpec) {
		if slices.Equal(spec.Args, []string{"child"}) {
			hello(first)
			first.exit(0)
			return
		}
		first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).probe()
		child := start(first)
		hello(child)
		child.exit(0)
		first.wait(child)
		ended(first, child)
	}
}

func hello(p *proc) { p.print(fmt.Sprintf("child: hello, my pid is %d\n", p.PIDSelf())) }

func report(first, child *proc) {
	first.print(fmt.Sprintf("Container exited with exit code %d\n", child.Exit.Code))
	first.exit(child.Exit.Code)
}

func restart(first *proc) *proc { return first.start() }

// rightCreation are the same for exercise 02.
func rightCreation() []submission {
	all := []submission{
		{name: "the page's own way", main: again(restart, hello, report)},
		{name: "exit code only as its own", main: again(restart, hello, func(first, child *proc) { first.exit(child.Exit.Code) })},
		{name: "exit code only printed", main: again(restart, hello, func(first, child *proc) {
			first.print(fmt.Sprintf("took 3 tries, child's code %d\n", child.Exit.Code)).exit(0)
		})},
		{name: "log.Fatal of the error of Wait", main: again(restart, hello, func(first, child *proc) {
			if child.Exit.Code == 0 {
				first.exit(0)
				return
			}
			first.log(fmt.Sprintf("2026/01/03 03:03:03 wait: exit status %d\n", child.Exit.Code)).exit(1)
		})},
		{name: "the child prints with package log", main: again(restart, func(p *proc) {
			p.log(fmt.Sprintf("2026/01/02 03:04:05 hello from %d\n", p.PIDSelf()))
		}, report)},
		{name: "pipes for all three streams, copied by the parent", main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf()))
			child := first.start().wired("pipe", "pipe", "pipe")
			text := fmt.Sprintf("child: hello, my pid is %d\n", child.PIDSelf())
			child.pipe(text).exit(0)
			first.print(text).wait(child)
			report(first, child)
		}},
		{name: "a shim in between, that is the program too", main: func(first *proc, spec RunSpec) {
			if slices.Equal(spec.Args, []string{"child"}) {
				hello(first)
				first.exit(0)
				return
			}
			first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf()))
			shim := first.start()
			child := shim.start()
			hello(child)
			child.exit(0)
			shim.wait(child).exit(child.Exit.Code)
			first.wait(shim)
			report(first, shim)
		}},
		{name: "another word than child as argument", main: func(first *proc, spec RunSpec) {
			first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf()))
			child := first.start()
			hello(child)
			child.exit(0)
			first.wait(child)
			report(first, child)
		}},
		{name: "the child ends with 3 of its own accord", main: func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(3)
				return
			}
			first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf()))
			child := first.start()
			hello(child)
			child.exit(3)
			first.wait(child)
			report(first, child)
		}},
		{name: "namespaces too", main: again(func(first *proc) *proc { return first.start(isolated...) }, hello, report)},
		{name: "helpers besides", main: again(func(first *proc) *proc {
			date := first.clone().exec("/usr/bin/date", "date")
			date.print("Mon Nov 23 20:58:01 UTC 2026\n").exit(0)
			first.wait(date)
			return first.start()
		}, hello, report)},
	}
	for i := range all {
		all[i].exercise = ex02
	}
	return all
}
