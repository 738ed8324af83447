package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// It calls the tools that are installed, as a shell script would. Where one is
// missing the program's own few words of netlink take its place.
func sh(line string) error {
	words := strings.Fields(line)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, out)
	}
	return nil
}

func has(tool string) bool {
	path, err := exec.LookPath(tool)
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	return err == nil && filepath.Base(real) != "busybox" // which knows no veth
}

func all(lines ...string) error {
	for _, line := range lines {
		if err := sh(line); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	var code int
	var err error
	if len(os.Args) > 3 && os.Args[1] == "run" {
		code, err = run(os.Args[2:])
	} else if len(os.Args) > 3 && os.Args[1] == "inside" {
		err = inside(filepath.Join("/fs", os.Args[2], "rootfs"), os.Args[3:])
	} else {
		err = errors.New("usage: run IMAGE COMMAND [ARGS...]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"inside"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r.Close()
	if err = outside(cmd.Process.Pid); err == nil {
		fmt.Fprintln(w, "ready")
	}
	w.Close()
	waited := cmd.Wait()
	err = errors.Join(err, masquerade(false))
	var exit *exec.ExitError
	if err == nil && waited != nil && !errors.As(waited, &exit) {
		err = waited
	}
	return cmd.ProcessState.ExitCode(), err
}

func outside(pid int) error {
	var err error
	if has("ip") {
		err = all(
			"ip link add host1 type veth peer name cont1",
			fmt.Sprintf("ip link set cont1 netns %d", pid),
			"ip addr add 10.0.0.1/24 dev host1",
			"ip link set host1 up")
	} else {
		err = outsideByHand(pid)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return err
	}
	return masquerade(true)
}

func masquerade(on bool) error {
	switch {
	case has("iptables") && on:
		return sh("iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE")
	case has("iptables"):
		return sh("iptables -t nat -D POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE")
	case has("nft") && on:
		return all("nft add table ip box", "nft add chain ip box post { type nat hook postrouting priority 100 ; }", "nft add rule ip box post ip saddr 10.0.0.0/24 masquerade")
	case has("nft"):
		return sh("nft delete table ip box")
	}
	return masqueradeByHand(on)
}

func inside(rootfs string, command []string) error {
	line := make([]byte, 16)
	ready := os.NewFile(3, "ready")
	if n, _ := ready.Read(line); n == 0 {
		return errors.New("the network did not come")
	}
	ready.Close()
	var err error
	if has("ip") {
		err = all("ip link set lo up", "ip addr add 10.0.0.2/24 dev cont1", "ip link set cont1 up", "ip route add default via 10.0.0.1")
	} else {
		err = insideByHand()
	}
	if err != nil {
		return err
	}
	resolv := filepath.Join(rootfs, "etc/resolv.conf")
	return errors.Join(
		os.WriteFile(resolv, []byte("nameserver 8.8.8.8\nnameserver 1.1.1.1\n"), 0o644),
		syscall.Sethostname([]byte("tools")),
		syscall.Mount("", "/", "", syscall.MS_SLAVE|syscall.MS_REC, ""),
		syscall.Chroot(rootfs), os.Chdir("/"),
		syscall.Mount("proc", "/proc", "proc", 0, ""),
		syscall.Exec(command[0], command, os.Environ()))
}
