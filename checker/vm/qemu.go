package vm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pidone/checker/debian"
)

// ErrFailed is wrapped by errors that say that the machine did not come up, or
// died. It says nothing about what ran in it; another try may do.
var ErrFailed = errors.New("the VM failed")

// How long a machine may take to come up. It takes some 3 s of a processor, of
// which there may be little on a busy machine.
const bootTime = 4 * time.Minute

// Options say what machine to boot.
type Options struct {
	Kernel *Kernel
	// Program is the caller's own, static: pid 1, and the server. It is started
	// with one argument: InitCommand, ServeCommand.
	Program string
	// Files are there besides BusyBox and Program, before pid 1 starts.
	Files []File
	// KVM runs it on the processor itself, not emulated.
	KVM bool
	// Memory is the machine's, in MiB; 0 is 2048. What it does not use it does not
	// take.
	Memory int
	// Terminal, if not nil, is what the machine's /dev/hvc0 is connected with: a
	// stream socket of the caller's, which stays open.
	Terminal *os.File
}

// timers makes the kernel's timers as coarse as its tick, 4 ms. Go's runtime
// sleeps for 20 µs over and over while a program works, and each of that would
// have the emulator start a timer of its own: two thirds of all that a recorded
// program costs.
const timers = "highres=off"

// emulated is the processor without a KVM. Where a processor promises that copying
// byte by byte is as fast as anything (ERMS, FSRM), the kernel clears and copies
// pages so; the emulator does that byte by byte indeed. Without the promise a run
// takes half as many instructions. Without a fifth level of page tables (LA57), and
// without what keeps the kernel from its users' memory by mistake (SMAP, SMEP, PKU),
// each of which the emulator looks at again and again, it takes a sixth less.
const emulated = "max,-erms,-fsrm,-la57,-smap,-smep,-pku"

// trusting leaves out what guards against reading memory by speculation, which the
// emulator does not do: it is a part of that sixth. Nor does the kernel clear its memory
// more often than it has to, keep account of who waits for what, or set a timer anew at
// each tick: a tenth of the rest.
const trusting = "mitigations=off init_on_alloc=0 psi=0 nohz=off"

// Accelerators are what VM may be: how the machine's processor comes about.
func Accelerators() []string { return []string{"tcg", "kvm"} }

const qemu, qemuPackage = "qemu-system-x86_64", "qemu-system-x86"

// Ready returns an error that says what is missing to boot machines here,
// kernels aside.
func Ready() error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("boot VM: it is made for amd64, not for %s", runtime.GOARCH)
	}
	return debian.Need(qemu, qemuPackage)
}

// Machine is a machine that came up.
type Machine struct {
	// Port is the stream to the server in the machine.
	Port net.Conn

	kernel  *Kernel
	cmd     *exec.Cmd
	console *tail
	ended   chan struct{} // closed when QEMU has been waited for
	kill    func()
}

// Boot starts a machine and waits for its server. It is killed when ctx is
// done, or with Close.
func Boot(ctx context.Context, o Options) (*Machine, error) {
	if err := Ready(); err != nil {
		return nil, err
	}
	initrd, err := o.initramfs()
	if err != nil {
		return nil, fmt.Errorf("boot VM: %w", err)
	}
	defer initrd.Close()
	ours, theirs, err := SocketPair()
	if err != nil {
		return nil, fmt.Errorf("boot VM: %w", err)
	}
	nonce := make([]byte, 8)
	rand.Read(nonce) // never fails
	token := hex.EncodeToString(nonce)

	m := &Machine{Port: ours, kernel: o.Kernel, console: &tail{}, ended: make(chan struct{})}
	m.cmd = exec.Command(qemu, o.arguments(token)...)
	m.cmd.Stdout, m.cmd.Stderr = m.console, m.console
	m.cmd.ExtraFiles = []*os.File{theirs, initrd} // 3, 4
	if o.Terminal != nil {
		m.cmd.ExtraFiles = append(m.cmd.ExtraFiles, o.Terminal) // 5
	}
	m.cmd.WaitDelay = time.Second // it has no children that could hold its console
	m.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: unix.SIGKILL,
		Setsid:    true, // Ctrl-C is for the caller, who kills it
	}
	err = m.start()
	theirs.Close() // else the end of QEMU would not be the port's
	if err != nil {
		ours.Close()
		return nil, fmt.Errorf("boot VM: %w", err)
	}
	// Close and ctx both end it; whoever comes second finds it gone.
	stop := context.AfterFunc(ctx, func() { m.cmd.Process.Kill(); ours.Close() })
	m.kill = func() { stop(); m.cmd.Process.Kill(); ours.Close() }
	if err := m.awaitReady(token); err != nil {
		m.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return m, nil
}

// start starts QEMU on a thread of its own, which lives as long: the
// parent-death signal comes when the thread ends.
func (m *Machine) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := m.cmd.Start()
		started <- err
		if err == nil {
			m.cmd.Wait()
		}
		close(m.ended)
	}()
	return <-started
}

// awaitReady reads the server's first line.
func (m *Machine) awaitReady(token string) error {
	m.Port.SetReadDeadline(time.Now().Add(bootTime))
	line, err := readLine(m.Port, len(token)+64)
	if err == nil && line != readyLine(token) {
		err = fmt.Errorf("it said %q", line)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("it did not come up within %v", bootTime)
	}
	if err != nil {
		return m.Failed(err)
	}
	return m.Port.SetReadDeadline(time.Time{})
}

// readLine reads byte by byte, so that nothing behind the line is taken.
func readLine(r net.Conn, most int) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < most; {
		if _, err := r.Read(b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("it said %q", line)
}

func readyLine(token string) string { return "ready " + token }

// Close ends the machine and waits until nothing of it is left.
func (m *Machine) Close() {
	m.kill()
	<-m.ended
}

// Effort returns what the machine's threads have had of this one's CPUs since it
// was started: time on one, and time in which they waited for one. Both are 0
// where the kernel does not count. Documentation/scheduler/sched-stats.rst
func (m *Machine) Effort() (cpu, waited time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", m.cmd.Process.Pid))
	for _, name := range files {
		data, err := os.ReadFile(name)
		var c, w time.Duration
		if err != nil {
			continue // the thread has ended
		}
		if n, _ := fmt.Sscan(string(data), &c, &w); n == 2 {
			cpu, waited = cpu+c, waited+w
		}
	}
	return cpu, waited
}

// Failed returns err as the failure of this machine: with the kernel's name and
// what the machine's console said last. The error wraps ErrFailed.
func (m *Machine) Failed(err error) error {
	select {
	case <-m.ended:
	case <-time.After(100 * time.Millisecond): // it may be saying why
	}
	said := m.console.last(5)
	if said != "" {
		said = "; its console said:\n" + said
	}
	return fmt.Errorf("%w (%s): %w%s", ErrFailed, m.kernel, err, said)
}

// arguments are QEMU's.
func (o Options) arguments(token string) []string {
	accel, cpu, settings := "tcg", emulated, " "+trusting
	if o.KVM {
		accel, cpu, settings = "kvm", "host", ""
	}
	memory := o.Memory
	if memory == 0 {
		memory = 2048
	}
	args := []string{
		"-accel", accel, "-machine", "pc", "-cpu", cpu, "-smp", "1", "-m", strconv.Itoa(memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-kernel", filepath.Join(o.Kernel.dir, imageFile), "-initrd", "/proc/self/fd/4",
		"-append", "console=ttyS0 quiet panic=-1 cryptomgr.notests " + timers + settings + " rdinit=" + ProgramPath + " " + tokenName + "=" + token + " -- " + InitCommand,
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=port,fd=3", "-device", "virtserialport,chardev=port,name=" + portName,
	}
	if o.Terminal != nil {
		args = append(args, "-chardev", "socket,id=terminal,fd=5", "-device", "virtconsole,chardev=terminal")
	}
	return args
}

// initramfs returns a file without a name.
func (o Options) initramfs() (_ *os.File, err error) {
	program, err := os.ReadFile(o.Program)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("initramfs", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make initramfs: %w", err)
	}
	f := os.NewFile(uintptr(fd), "initramfs")
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	busybox, err := o.Kernel.read(busyboxFile)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	a := newArchive(w)
	a.add(File{Path: ProgramPath, Mode: 0o755, Data: program})
	a.add(File{Path: busyboxPath, Mode: 0o755, Data: busybox})
	for i, name := range o.Kernel.Modules {
		data, err := o.Kernel.read(name)
		if err != nil {
			return nil, err
		}
		// In the order of their names, which is that of loading.
		a.add(File{Path: fmt.Sprintf("%s/%03d-%s", modulesPath, i, name), Mode: 0o644, Data: data})
	}
	for _, file := range o.Files {
		a.add(file)
	}
	if err := errors.Join(a.close(), w.Flush()); err != nil {
		return nil, err
	}
	return f, nil
}

// SocketPair returns the two ends of a stream, the second for QEMU.
func SocketPair() (net.Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "port"), os.NewFile(uintptr(fds[1]), "port")
	defer ours.Close() // net.FileConn has a copy
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("use socket pair: %w", err)
	}
	return conn, theirs, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const maxTail = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if extra := len(t.data) - maxTail; extra > 0 {
		t.data = slices.Delete(t.data, 0, extra)
	}
	return len(p), nil
}

// last returns the last n lines that are not empty, without what moves a cursor.
func (t *tail) last(n int) string {
	t.mu.Lock()
	text := string(bytes.ToValidUTF8(t.data, nil))
	t.mu.Unlock()
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' {
				return -1
			}
			return r
		}, line))
		if line != "" {
			lines = append(lines, "    "+line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
