package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// said is one finding of a wrong program, with its words.
type said struct {
	submission
	step           int
	saw, why, hint string
}

func sayings() []said {
	in02 := func(main func(*proc, RunSpec)) submission { return submission{exercise: ex02, main: main} }
	in03 := func(main func(*proc, RunSpec)) submission { return submission{exercise: ex03, main: main} }
	return []said{
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(hostName + " 1\n").sethostname("box")
			finish(first, child)
		}), 3, `the child printed "` + hostName + ` 1", its old hostname, and not the new one, "box"`, "nothing was printed once it had the new one", "03.3"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(hostName + " 1\n").sethostname("my-container").print("now my-contaner\n")
			finish(first, child)
		}), 3, `the child printed "now my-contaner" when its hostname was "my-container"`, "", "03.3"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print("My hostname is" + hostName + " and my pid is1\n")
			finish(first, child)
		}), 1, `the child wrote "My hostname is` + hostName + ` and my pid is1", where its hostname, "` + hostName + `", is only a part of a longer word`, "", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "for-now")
			child.sethostname(hostName)
			finish(first, child)
		}), 3, `the child's hostname is "` + hostName + `", which the host had too`,
			`it had been "for-now", until sethostname was called with "` + hostName + `"`, "03.3"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...).joinUTS(first)
			finish(first, child)
		}), 2, "the child in the host's UTS namespace", "it had been in another, and setns brought it back", "03.2"},
		{in03(func(first *proc, _ RunSpec) {
			child, other := first.start(isolated...), first.start()
			other.print(hostName + " 1\n")
			finish(first, child, other)
		}), 1, "the child printed nothing", "pid 41735, outside the container, wrote \"" + hostName + ` 1": that is another process, not the child`, "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...).sethostname("1")
			child.print("I am 1\n")
			finish(first, child)
		}), 1, `the child wrote "I am 1", where 1 is its hostname, and no pid besides`, "", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.pipe("\x00")
			finish(first, child)
		}), 1, "the child printed nothing", "", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start()
			child.print(hostName + fmt.Sprintf(" %d\n", child.PIDSelf())).sethostname("box")
			finish(first, child)
		}), 3, `the child in the host's UTS namespace: its sethostname renamed the host to "box"`,
			"it was created by clone with no CLONE_NEW flag; CLONE_NEWUTS is missing", "03.2"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.write("file", "/tmp/out.txt", "before "+hostName+" 1\n")
			finish(first, child)
		}), 1, `the child wrote "before ` + hostName + ` 1" to the file "/tmp/out.txt", and nothing to the program's output`, "", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(strings.Repeat("noise\n", 20000))
			child.print("more\n").k.run.Events[len(child.k.run.Events)-1].Data = nil
			child.k.run.Events[len(child.k.run.Events)-1].Cut = true
			finish(first, child)
		}), 1, "no hostname that the child had in the first 117 KiB of what was printed",
			"only the first 117 KiB were looked at: there was more than is kept", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(strings.Repeat("noise\n", 20000))
			child.k.run.End.Cut = []string{"events"}
			finish(first, child)
		}), 1, "no hostname that the child had in the first 117 KiB of what was printed",
			"only the first 117 KiB were looked at: there was more than is kept", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.clone().unshare(isolated...).exec(program, "child")
			child.log("runtime: failed to create new OS thread (have 2 already; errno=22)\nfatal error: newosproc\n\ngoroutine 1 [running]:\n")
			child.exit(2)
			first.wait(child).exit(2)
		}), 1, "the child could make no thread, and Go's runtime gave it up",
			"it called unshare(CLONE_NEWPID) before it became its program, as Unshareflags has it do; that moves only processes that it makes later", "03.2"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "killed")
			first.call(evidence.Event{Call: "kill", PID: child.PIDs[0], Signal: "SIGTERM"})
			first.call(evidence.Event{Call: "pidfd_send_signal", PID: child.PIDs[0], Signal: "SIGKILL"})
			child.killed("SIGKILL")
			first.wait(child).exit(0)
		}), 4, "the child was ended by SIGKILL", "the first process sent it that signal", "03.4"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "killed")
			child.call(evidence.Event{Call: "kill", PID: child.PIDs[0], Signal: "SIGTERM"}) // another one, in there
			child.call(evidence.Event{Call: "kill", PID: 1, Signal: "SIGTERM"})
			child.killed("SIGTERM")
			first.wait(child).exit(0)
		}), 4, "the child was ended by SIGTERM", "it sent that signal to itself", "03.4"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			speak(child, "left")
			first.clone().exec("/usr/bin/sleep", "sleep", "9")
			finish(first, child)
		}), 4, `pid 41735 ("sleep") outlived the first process`, "", "03.4"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).clone()
			child.refuse("execve", "ENOENT").Path = "self/exe"
			child.exit(253)
			first.wait(child).log("fork/exec self/exe: no such file or directory\n").exit(1)
		}), 3, `the child could not execute "self/exe": no such file (ENOENT)`, "", "02.3"},
		{in02(func(first *proc, spec RunSpec) { // the argument forgotten
			p := first
			if len(spec.Args) > 0 {
				hello(p)
				p.exit(0)
				return
			}
			for range 30 {
				p.print(fmt.Sprintf("parent: my pid is %d\n", p.PIDSelf()))
				p = p.clone().exec(program, "/proc/self/exe")
			}
			first.k.run.End.OutOfPIDs = true
			first.k.allExit(1)
		}), 3, "the program started itself 30 times, each run from the one before, until the sandbox's limit of processes stopped it",
			"each run was started with no argument, and so took the way of the first", "02.3"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			first.panic("runtime error: index out of range [1] with length 1")
		}), 1, "started without an argument, the program panicked, and took neither way",
			`it wrote "panic: runtime error: index out of range [1] with length 1"`, "02.1"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			first.panic("runtime error: invalid memory address or nil pointer dereference") // in the parent's way?
		}), 3, "the first process panicked, and had not printed its pid",
			`it wrote "panic: runtime error: invalid memory address or nil pointer dereference"`, "02.3"},
		{in02(func(first *proc, spec RunSpec) { // a slip of the pen
			p := first
			if len(spec.Args) > 0 {
				hello(p)
				p.exit(0)
				return
			}
			for range 30 {
				p.print(fmt.Sprintf("parent: my pid is %d\n", p.PIDSelf()))
				p = p.clone().exec(program, "/proc/self/exe", "chlid")
			}
			first.k.allExit(1)
		}), 3, "the program started itself 30 times, each run from the one before",
			`each run was started with the argument "chlid", and took the way of the first`, "02.3"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				first.print(fmt.Sprintf("pid %x\nbye\n", first.PIDSelf())).exit(0)
			}
			first.log("step 3 is to do\n").exit(1)
		}), 2, `started as the child, it wrote "pid a305"`, "that is its pid, 41733, in hexadecimal", "02.2"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(hostName + " \x01\n").sethostname("box").print("box\n")
			finish(first, child)
		}), 1, `the child wrote "` + hostName + ` \x01"`, `'\x01' is the character number 1: string(1) is that, and not its digits`, "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(hostName + " pid 0\n").sethostname("box").print("box\n")
			finish(first, child)
		}), 1, `the child wrote "` + hostName + ` pid 0"`, "it is pid 1; 0 is what it gets for its parent's, which is outside its PID namespace", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			tool := first.clone().exec("/bin/true", "true")
			tool.exit(0)
			child := first.start(isolated...)
			child.print(fmt.Sprintf("%s pid %d\n", hostName, tool.PIDSelf())).sethostname("box").print("box\n")
			finish(first, child)
		}), 1, `the child wrote "` + hostName + ` pid 41734"`, "that is the pid of a process outside of the container; it itself is pid 1", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(append([]string{"CLONE_NEWUSER"}, isolated...)...)
			child.print(hostName+" 1\n").refuse("sethostname", "EPERM").Text = "box"
			finish(first, child)
		}), 3, `the child's hostname is "` + hostName + `", which the host had too`,
			`sethostname("box") failed: not permitted (EPERM); it is in a user namespace of its own, where no user is root`, "03.3"},
		{in03(func(first *proc, _ RunSpec) { // on a thread that was not moved
			child := first.start(isolated...)
			child.print(hostName + " 1\n")
			before := child.state()
			child.unshare("CLONE_NEWUTS").sethostname("box").write("stdout", "pipe:[1]", "box\n").After = &before
			finish(first, child)
		}), 3, `the child wrote "box" where the hostname was "` + hostName + `"`,
			"one of its threads has a UTS namespace of its own, and another wrote that", "03.3"},
		{in03(func(first *proc, _ RunSpec) { // UidMappings without CLONE_NEWUSER
			first.clone(isolated...)
			made := first.k.run.Events[len(first.k.run.Events)-1]
			made.Done, made.Result, made.After = 0, 0, nil
		}), 1, "after 10 s the child had not executed any program yet",
			"the clone that made it waits until it does (CLONE_VFORK), and it waited for something, too", "03.1"},
		{in03(func(first *proc, _ RunSpec) { // cmd.Dir is not there
			child := first.clone(isolated...)
			child.refuse("chdir", "ENOENT").Path = "/srv"
			child.exit(253)
			first.wait(child).log("fork/exec /proc/self/exe: no such file or directory\n").exit(1)
		}), 1, "the child exited with 253 before it executed any program", `chdir("/srv") failed: no such file (ENOENT)`, "03.1"},
		{in03(func(first *proc, _ RunSpec) { // Setctty without a terminal
			child := first.clone(isolated...)
			child.exit(253)
			first.wait(child).log("fork/exec /proc/self/exe: inappropriate ioctl for device\n").exit(1)
		}), 3, "the child exited with 253 before it executed any program",
			`the first process wrote "fork/exec /proc/self/exe: inappropriate ioctl for device"`, "03.3"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			first.call(evidence.Event{Call: "kill", PID: child.PIDs[0], Signal: "SIGKILL"})
			child.killed("SIGKILL")
			first.wait(child).exit(0)
		}), 1, "the child was ended by SIGKILL", "the first process sent it that signal", "03.1"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print("I am 1\n").sethostname("Box").print("on box\n")
			finish(first, child)
		}), 3, `the child wrote "on box", and its hostname is "Box"`, "with other capital letters it is another name", "03.3"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.clone().exec(program, "/proc/self/exe", "child")
			hello(child)
			child.exit(spec.ChildExit)
			first.wait(child).print(fmt.Sprintf("pid %d\nexit code %d\n", child.PIDs[0], spec.ChildExit)).exit(0)
		}), 3, `the first process wrote "pid 41734"`, "it is pid 41733; 41734 is the child", "02.3"},
		{in02(func(first *proc, spec RunSpec) { // told before it is known
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).clone().exec(program, "/proc/self/exe", "child")
			hello(child)
			first.print("exit code 3\n")
			child.exit(spec.ChildExit)
			first.wait(child).exit(0)
		}), 3, `the child exited with 3; the first process exited with 0 and wrote "exit code 3"`, "it wrote that before the child had ended", "02.3"},
		{in02(func(first *proc, spec RunSpec) {
			if len(spec.Args) > 0 {
				first.print("pid 0x4b16c0\n").exit(0)
			}
			first.log("step 3 is to do\n").exit(1)
		}), 2, `started as the child, it wrote "pid 0x4b16c0"`, "0x4b16c0 is no pid but an address, such as that of a function", "02.2"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print("I am 0x4b5a00, 1\n").sethostname("box")
			finish(first, child)
		}), 1, `the child printed "I am 0x4b5a00, 1" and no hostname that it had`, "what begins with 0x is an address, such as that of a function", "03.1"},
		{in03(func(first *proc, _ RunSpec) { // the 1 of a panic
			child := first.start(isolated...)
			child.print(hostName + "\n").sethostname("box").print("box\n")
			child.panic("runtime error: index out of range [1] with length 1")
			first.wait(child).exit(2)
		}), 1, "the child panicked before it came to that", `it wrote "panic: runtime error: index out of range [1] with length 1"`, "03.1"},
		{in02(func(first *proc, spec RunSpec) { // the 0 in +0x1d is no exit code
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).clone().exec(program, "/proc/self/exe", "child")
			hello(child)
			child.exit(spec.ChildExit)
			if spec.ChildExit != 0 {
				first.wait(child).exit(spec.ChildExit)
				return
			}
			first.wait(child).log("panic: no exit code\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:40 +0x1d\n").exit(2)
		}), 3, "the first process ended in a panic", `it wrote "panic: no exit code"`, "02.3"},
		{in03(func(first *proc, _ RunSpec) {
			child := first.start(isolated...)
			child.print(hostName + " 1\n")
		}), 3, "the child still running after 10 s", "sethostname had not been called by then", "03.3"},
		{in02(func(first *proc, spec RunSpec) { // a 3 learnt by heart
			if len(spec.Args) > 0 {
				hello(first)
				first.exit(0)
				return
			}
			child := first.print(fmt.Sprintf("parent: my pid is %d\n", first.PIDSelf())).clone().exec(program, "/proc/self/exe", "child")
			hello(child)
			child.exit(spec.ChildExit)
			first.wait(child).print("exit code 3\n").exit(0)
		}), 3, `the child exited with 3; the first process exited with 0 and wrote "exit code 3"`,
			`it wrote "exit code 3" in the run, too, in which the child exited with 0`, "02.3"},
	}
}

// A finding's words are true of what was recorded, and it is the first and
// only one of its step.
func TestWhatFindingsSay(t *testing.T) {
	for i, s := range sayings() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			outcomes := s.judge(t)
			for _, o := range outcomes[:s.step-1] {
				if s.exercise == ex02 {
					assert.Empty(t, o.Findings)
				}
			}
			require.NotEmpty(t, outcomes[s.step-1].Findings)
			f := outcomes[s.step-1].Findings[0]
			assert.Equal(t, s.saw, f.Saw)
			assert.Equal(t, s.why, f.Why)
			assert.Equal(t, "make hint STEP="+s.hint, f.Ask)
			if s.exercise == ex02 {
				assert.Len(t, outcomes[s.step-1].Findings, 1)
			}
		})
	}
}

// Who looks for an argument in a run that has none is told of ARGS; in a run that has
// some, and for another panic, not.
func TestArgumentIsWanted(t *testing.T) {
	for _, c := range []struct {
		args  []string
		words string
		told  bool
	}{
		{nil, "index out of range [1] with length 1", true},
		{nil, "index out of range [2] with length 2", false},
		{[]string{"run", "/bin/sh"}, "index out of range [3] with length 3", false},
	} {
		s := submission{exercise: ex03, args: c.args, main: func(first *proc, _ RunSpec) { first.panic("runtime error: " + c.words) }}
		f := s.judge(t)[0].Findings[0]
		assert.Equal(t, "first-panicked", f.Cause)
		assert.Equal(t, c.told, strings.Contains(f.Try, "ARGS='run ...' gives some"), "%v: %s: %s", c.args, c.words, f.Try)
	}
}
