package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leader: another thread than the leader executes another program.
func leader([]string) {
	runtime.LockOSThread() // the main thread
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			fail("thread", fmt.Errorf("it is the leader"))
		}
		fail("exec", unix.Exec("/bin/sh", []string{"sh", "-c", "exit 5"}, nil))
	}()
	<-done
}

// many makes as many processes as it is told, which all live at once, two
// levels deep.
func many(args []string) {
	var gate [2]int
	fail("pipe", unix.Pipe(gate[:]))
	pids := make([]int, 0, number(args[0]))
	for range cap(pids) {
		pid := rawFork(gate[0], gate[1])
		if pid < 0 {
			fail("fork", unix.Errno(-pid))
		}
		pids = append(pids, pid)
	}
	unix.Close(gate[1])
	for _, pid := range pids {
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 3 {
			os.Exit(98)
		}
	}
}

// rawFork makes a child that waits for the end of the pipe and exits with 3.
//
//go:norace
//go:nosplit
func rawFork(gate, other int) int {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return -int(errno)
	}
	if pid == 0 {
		var b [1]byte
		unix.RawSyscall(unix.SYS_CLOSE, uintptr(other), 0, 0)
		unix.RawSyscall(unix.SYS_READ, uintptr(gate), uintptr(unsafe.Pointer(&b)), 1)
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 3, 0, 0)
		}
	}
	return int(pid)
}

// killInit ends a container by killing its first process, which has a child.
func killInit(args []string) {
	if len(args) > 0 {
		cmd := self("sleep")
		fail("start", cmd.Start())
		fmt.Println("ready")
		unix.Pause()
	}
	cmd := in(unix.CLONE_NEWPID|unix.CLONE_NEWUTS, "kill", "1")
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	fail("pipe", err)
	fail("start", cmd.Start())
	out.Read(make([]byte, 10))
	fail("kill", cmd.Process.Kill())
	cmd.Wait()
}

// rawExit executes a program of one thread that ends by exit(2).
func rawExit([]string) {
	machine, code := elf.EM_X86_64, []byte{0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05} // mov eax, 60; xor edi, edi; syscall
	if runtime.GOARCH == "arm64" {
		machine = elf.EM_AARCH64
		code = []byte{0xa8, 0x0b, 0x80, 0xd2, 0, 0, 0x80, 0xd2, 1, 0, 0, 0xd4} // mov x8, 93; mov x0, 0; svc 0
	}
	const base, head = 0x400000, 64 + 56
	var program bytes.Buffer
	binary.Write(&program, binary.LittleEndian, elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1,
		Entry: base + head, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	})
	size := uint64(head + len(code))
	binary.Write(&program, binary.LittleEndian, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 1 << 16,
	})
	program.Write(code)
	name := fmt.Sprintf("/tmp/exit-%d", os.Getpid())
	fail("write", os.WriteFile(name, program.Bytes(), 0o755))
	fail("exec", unix.Exec(name, []string{name}, nil))
}

// late: the leader ends, and after that another thread renames the host.
func late([]string) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		fail("thread", fmt.Errorf("it is not the leader"))
	}
	leader := unix.Gettid()
	go func() {
		runtime.LockOSThread()
		awaitZombie(leader)
		fail("sethostname", unix.Sethostname([]byte("named-late")))
		os.Exit(0)
	}()
	unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

// spawn starts a program and waits for it, or does not, or only until it has
// ended ("see"), which leaves a zombie.
func spawn(args []string) {
	cmd := self(args[1:]...)
	fail("start", cmd.Start())
	switch args[0] {
	case "wait":
		cmd.Wait()
		fmt.Println("exit code", cmd.ProcessState.ExitCode())
	case "see":
		fail("waitid", unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
	}
}

// orphan: a child whose child outlives it.
func orphan(args []string) {
	switch {
	case len(args) == 0:
		fail("run", self("orphan", "1").Run())
	case args[0] == "1":
		fail("start", self("orphan", "2", strconv.Itoa(unix.Getpid())).Start())
	default:
		for unix.Getppid() == number(args[1]) {
			runtime.Gosched()
		}
		os.Exit(6)
	}
}

// sibling: a child that is its maker's sibling.
func sibling([]string) {
	pid := rawClone3(&cloneArgs{flags: unix.CLONE_PARENT}, []byte("sibling\n"), 0)
	if pid < 0 {
		fail("clone3", unix.Errno(-pid))
	}
}

// stop: a child stops itself, is continued, and exits.
func stop(args []string) {
	if len(args) > 0 {
		unix.Kill(unix.Getpid(), unix.SIGSTOP)
		fmt.Println("continued")
		os.Exit(8)
	}
	cmd := self("stop", "1")
	fail("start", cmd.Start())
	var status unix.WaitStatus
	unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil)
	if !status.Stopped() {
		os.Exit(98)
	}
	unix.Kill(cmd.Process.Pid, unix.SIGCONT)
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

// spared: pid 1 of a PID namespace would stop itself, and another one of it would
// have it stopped: the kernel ignores both.
func spared(args []string) {
	switch {
	case len(args) == 0:
		cmd := in(unix.CLONE_NEWPID, "spared", "1")
		fail("start", cmd.Start())
		var status unix.WaitStatus
		unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil)
		fmt.Println("seen stopped:", status.Stopped())
		os.Exit(status.ExitStatus())
	case args[0] == "1":
		unix.Kill(1, unix.SIGSTOP)
		fail("run", self("spared", "2").Run())
		fmt.Println("went on")
		os.Exit(8)
	default:
		unix.Kill(1, unix.SIGSTOP)
	}
}

// fork: one child by fork(2) or what is left of it, one by a shell.
func fork([]string) {
	var p [2]int
	fail("pipe", unix.Pipe(p[:]))
	pid := rawFork(p[0], p[1])
	unix.Close(p[1])
	unix.Wait4(pid, nil, 0, nil)
	cmd := exec.Command("/bin/sh", "-c", "hostname; hostname | cat")
	cmd.Stdout = os.Stdout
	fail("run", cmd.Run())
}

// crowd: many short-lived processes, some of which nobody waits for, while
// other threads of this process make threads and exit.
func crowd(args []string) {
	done := make(chan bool)
	for i := range 4 {
		go func() {
			for j := range number(args[0]) {
				cmd := self("exit", "0")
				if err := cmd.Start(); err != nil {
					continue
				}
				if (i+j)%3 != 0 {
					cmd.Wait()
				} else if j%2 == 0 {
					cmd.Process.Kill()
				}
			}
			done <- true
		}()
		go func() {
			for range 50 {
				go func() { runtime.LockOSThread() }() // a thread that ends
				runtime.Gosched()
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// threads: the leader's exit(2) leaves the process to another thread, which
// starts a child, waits for it and ends.
func threads([]string) {
	runtime.LockOSThread()
	go func() {
		runtime.LockOSThread()
		for unix.Tgkill(unix.Getpid(), unix.Getpid(), 0) == nil {
			data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", unix.Getpid()))
			if err != nil || strings.Contains(string(data), ") Z ") {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cmd := self("exit", "0")
		fail("run", cmd.Run())
		os.Exit(9)
	}()
	unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}
