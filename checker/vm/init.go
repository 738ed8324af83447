package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// The arguments with which the caller's program is started in the machine: as
// pid 1, which calls Init; and as the server, which calls Serve.
const (
	InitCommand  = "vm-init"
	ServeCommand = "vm-serve"
)

// ProgramPath is where the caller's program lies in the machine.
const ProgramPath = "/usr/lib/pidone/checker"

// Where other things lie there, and what they are called.
const (
	busyboxPath = "/usr/bin/busybox"
	modulesPath = "/modules"
	portName    = "pidone"
	// tokenName is what the kernel's command line has of ours; it also tells the
	// sandbox that this machine is thrown away.
	tokenName = sandbox.DisposableMark
)

// Init is what pid 1 of the machine does. It returns only to say why it could
// not; the kernel's panic then ends the machine.
func Init() error {
	if os.Getpid() != 1 {
		return fmt.Errorf("%s is for the VM's pid 1", InitCommand)
	}
	if err := errors.Join(loadModules(), makeRoot()); err != nil {
		return err
	}
	if err := setUp(); err != nil {
		return err
	}
	if _, err := wait(busyboxPath, "busybox", "--install", "-s"); err != nil {
		return err
	}
	status, err := wait(ProgramPath, ProgramPath, ServeCommand)
	if err != nil {
		return err
	}
	fmt.Printf("the server ended with wait status %#x\n", int(status))
	return unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
}

// wait runs a program and reaps whatever ends until it does: pid 1 inherits
// orphans.
func wait(path string, argv ...string) (unix.WaitStatus, error) {
	env := append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", path, err)
	}
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, unix.WALL, nil)
		if err != nil && err != unix.EINTR {
			return 0, fmt.Errorf("wait for %s: %w", path, err)
		}
		if err == nil && ended == pid {
			return status, nil
		}
	}
}

// loadModules loads the modules in the order of their files' names.
func loadModules() error {
	files, err := filepath.Glob(modulesPath + "/*.ko")
	if err != nil {
		return err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil && err != unix.EEXIST {
			return fmt.Errorf("load %s: %w", name, err)
		}
		os.Remove(name) // its memory
	}
	return nil
}

// newRoot is where the root is put together.
const newRoot = "/new"

// makeRoot moves the root from the initramfs, where pivot_root(2) fails, to a
// tmpfs. What is large stays where it is and is bound there.
func makeRoot() error {
	if err := os.Mkdir(newRoot, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", newRoot, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	for _, dir := range []string{"dev", "etc", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var", "var/tmp"} {
		mode := os.FileMode(0o755)
		if strings.HasSuffix(dir, "tmp") {
			mode = 0o777 | os.ModeSticky
		}
		if err := os.Mkdir(filepath.Join(newRoot, dir), mode); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(newRoot, dir), mode); err != nil { // umask
			return err
		}
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll("/usr/"+dir, 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+dir, filepath.Join(newRoot, dir)); err != nil {
			return err
		}
	}
	if err := unix.Mount("/usr", newRoot+"/usr", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind /usr: %w", err)
	}
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("change root: %w", err)
	}
	return os.Chdir("/")
}

// setUp mounts and sets what a machine has.
func setUp() error {
	for _, m := range []struct {
		fstype, at string
		flags      uintptr
		options    string
	}{
		{"proc", "/proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"sysfs", "/sys", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"cgroup2", "/sys/fs/cgroup", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"devtmpfs", "/dev", unix.MS_NOSUID, ""},
		{"devpts", "/dev/pts", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=620,gid=5,ptmxmode=666"},
		{"tmpfs", "/dev/shm", unix.MS_NOSUID | unix.MS_NODEV, ""},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.fstype, m.at, m.fstype, m.flags, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	for path, text := range map[string]string{
		"/etc/passwd":     "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
		"/etc/group":      "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
		"/etc/hostname":   "vm\n",
		"/etc/hosts":      "127.0.0.1 localhost vm\n::1 localhost\n",
		"/etc/os-release": "PRETTY_NAME=\"pidone VM\"\nID=pidone\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(target, "/dev/"+name); err != nil {
			return err
		}
	}
	// As systemd does it: what lies below may have limits of its own.
	controllers, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(controllers)) {
		if err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+c), 0); err != nil {
			return fmt.Errorf("enable cgroup controller %s: %w", c, err)
		}
	}
	if err := unix.Sethostname([]byte("vm")); err != nil {
		return fmt.Errorf("set hostname: %w", err)
	}
	return loopback()
}

// loopback brings lo up, netdevice(7).
func loopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(s)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("bring up loopback: %w", err)
	}
	return nil
}

// token returns what Boot wrote on the kernel's command line, or "".
func token() string {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(string(line)) {
		if value, ok := strings.CutPrefix(word, tokenName+"="); ok {
			return value
		}
	}
	return ""
}

// Serve opens the port, says that the machine is ready, and hands the port to
// serve, which returns when its other end is closed.
func Serve(serve func(port *os.File) error) error {
	t := token()
	if t == "" {
		return fmt.Errorf("%s is for the VM", ServeCommand)
	}
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return err
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err != nil || strings.TrimSpace(string(data)) != portName {
			continue
		}
		// Blocking: the device says the end of the stream by a read of nothing.
		fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(name)), unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open port: %w", err)
		}
		port := os.NewFile(uintptr(fd), portName)
		defer port.Close()
		if _, err := fmt.Fprintln(port, readyLine(t)); err != nil {
			return fmt.Errorf("write to port: %w", err)
		}
		return serve(port)
	}
	return fmt.Errorf("find port %s: there are %q", portName, names)
}
