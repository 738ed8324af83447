package command

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// look describes the machine.
func (c *canaries) look() map[string]string {
	m := map[string]string{}
	c.lookAtFiles(m)
	c.lookAtKernel(m)
	c.lookAtGroups(m)
	for i, v := range c.victims {
		pid := v.Process.Pid
		nice, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
		var cpus unix.CPUSet
		unix.SchedGetaffinity(pid, &cpus)
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		state, _, _ := strings.Cut(string(stat[max(0, bytes.Index(stat, []byte("State:"))):]), "\n")
		tracer, _, _ := strings.Cut(string(stat[max(0, bytes.Index(stat, []byte("TracerPid:"))):]), "\n")
		limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		m[fmt.Sprint("victim ", i)] = fmt.Sprint(nice, err, cpus.Count(), state, tracer, string(limits))
	}
	return m
}

func (c *canaries) lookAtFiles(m map[string]string) {
	for _, dir := range canaryDirs() {
		names, _ := filepath.Glob(filepath.Join(dir, "*"+c.mark+"*"))
		m["names in "+dir] = strings.Join(names, " ")
	}
	for _, file := range append([]string{"/etc/passwd", "/etc/hostname", "/etc/ld.so.preload", "/usr/bin/env", "/bin/sh", "/usr/local/go/bin/go", "/dev/null", "/dev/zero", "/dev/tty", "/usr", "/usr/bin", "/tmp", "/dev/shm"}, c.files...) {
		var st unix.Stat_t
		err := unix.Stat(file, &st)
		text := fmt.Sprint(err, st.Ino, st.Mode, st.Uid, st.Gid, st.Rdev)
		if f, err := os.Open(file); err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
			sum := sha256.New()
			io.Copy(sum, f)
			f.Close()
			text += fmt.Sprintf(" %d %x", st.Mtim.Nano(), sum.Sum(nil))
		}
		m[file] = text
	}
	for _, dir := range []string{"testdata", "solutions", "exercises", "docs", "checker", "go.mod", "Makefile"} {
		sum := sha256.New()
		filepath.WalkDir(filepath.Join(c.root, dir), func(path string, d fs.DirEntry, err error) error {
			fmt.Fprintln(sum, path, err)
			if err == nil && d.Type().IsRegular() {
				data, err := os.ReadFile(path)
				fmt.Fprintln(sum, len(data), err)
				sum.Write(data)
			}
			return nil
		})
		m["kit "+dir] = fmt.Sprintf("%x", sum.Sum(nil))
	}
}

func (c *canaries) lookAtKernel(m map[string]string) {
	var u unix.Utsname
	unix.Uname(&u)
	m["hostname"] = unix.ByteSliceToString(u.Nodename[:]) + " " + unix.ByteSliceToString(u.Domainname[:])
	for _, file := range []string{
		"self/mountinfo", "self/limits", "self/oom_score_adj", "modules", "swaps", "sys/kernel/core_pattern", "sys/kernel/sysrq", "sys/kernel/modprobe",
		"sys/kernel/hotplug", "sys/kernel/poweroff_cmd", "sys/kernel/panic", "sys/kernel/randomize_va_space", "sys/kernel/pid_max",
		"sys/kernel/threads-max", "sys/kernel/shmmax", "sys/kernel/msgmax", "sys/kernel/sem", "sys/vm/overcommit_memory", "sys/vm/swappiness",
		"sys/vm/panic_on_oom", "sys/fs/file-max", "sys/fs/suid_dumpable", "sys/fs/protected_symlinks", "sys/fs/mqueue/queues_max",
		"sys/user/max_user_namespaces", "sys/user/max_mnt_namespaces", "sys/net/ipv4/ip_forward", "sys/net/core/somaxconn",
	} {
		data, err := os.ReadFile("/proc/" + file)
		m[file] = fmt.Sprint(string(data), errors.Unwrap(err))
	}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		addresses, _ := i.Addrs()
		m["interface "+i.Name] = fmt.Sprint(i.Index, i.MTU, i.HardwareAddr, i.Flags, addresses)
	}
	keys, _ := os.ReadFile("/proc/keys")
	m["keys"] = fmt.Sprint(strings.Count(string(keys), c.mark))
	for _, kind := range []string{"shm", "sem", "msg"} {
		f, err := os.Open("/proc/sysvipc/" + kind)
		if err != nil {
			continue
		}
		for sc := bufio.NewScanner(f); sc.Scan(); {
			if fields := strings.Fields(sc.Text()); len(fields) > 0 && fields[0] == fmt.Sprint(c.key) {
				m["System V "+kind] = sc.Text()
			}
		}
		f.Close()
	}
	name := append([]byte(c.mark), 0)
	fd, _, errno := unix.RawSyscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_RDONLY, 0, 0, 0, 0)
	if errno == 0 {
		unix.Close(int(fd))
	}
	m["message queue"] = errno.Error()
	var real, boot unix.Timespec
	unix.ClockGettime(unix.CLOCK_REALTIME, &real)
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot)
	m["clock"] = time.Unix(real.Sec-boot.Sec, 0).Round(time.Hour).String()
	var cpus unix.CPUSet
	unix.SchedGetaffinity(0, &cpus)
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	m["scheduling"] = fmt.Sprint(cpus.Count(), nice)
}

// lookAtGroups describes the control groups that are the machine's.
func (c *canaries) lookAtGroups(m map[string]string) {
	own, _ := os.ReadFile("/proc/self/cgroup")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if !strings.Contains(line, " - cgroup") || len(fields) < 5 {
			continue
		}
		dirs := []string{fields[4]}
		for group := range strings.Lines(string(own)) {
			if parts := strings.SplitN(strings.TrimSpace(group), ":", 3); len(parts) == 3 && parts[2] != "/" {
				dirs = append(dirs, filepath.Join(fields[4], parts[2]))
			}
		}
		for _, dir := range dirs {
			for _, file := range []string{"release_agent", "notify_on_release", "memory.limit_in_bytes", "memory.max", "pids.max", "cpu.cfs_quota_us", "cpu.max", "cpu.shares", "freezer.state", "cgroup.freeze", "devices.list", "cpuset.cpus"} {
				if data, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
					m[filepath.Join(dir, file)] = string(data)
				}
			}
			names, _ := filepath.Glob(filepath.Join(dir, "*"+c.mark+"*"))
			m["groups in "+dir] = strings.Join(names, " ")
		}
	}
}
