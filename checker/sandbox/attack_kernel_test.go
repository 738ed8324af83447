package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"calls"}, {"nested", "calls"}} {
		for _, x := range ran(t, h, attack(t, how...)) {
			want := "EPERM"
			if strings.HasPrefix(x.what, "io_") {
				want = "ENOSYS"
			}
			assert.Equal(t, want, x.result, x.what)
		}
	}
	ran(t, h, attack(t, "keyring")).every(t, "", "EPERM")
}

func TestTypingIntoATerminal(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "tiocsti"))
	got.every(t, "TIOC", "EPERM")
	assert.Equal(t, "ok", got.of(t, "TCGETS"), "it had no terminal")
}

func TestForeignCallsEndTheProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("needs amd64: other ABIs are called by its machine code")
	}
	h := open(t)
	got := ran(t, h, attack(t, "foreign"))
	refused := fmt.Sprint("signal ", int(unix.SIGSYS))
	gate := refused
	if !gateOpen(t) {
		gate = "exit 2" // of Go's runtime, for SIGSEGV
	}
	assert.Equal(t, tries{{"x32", refused}, {"int80", gate}}, got)
}

// gateOpen tells whether this machine's kernel takes calls by int $0x80 at all, of
// which one that harms nothing is made outside a sandbox. In some virtual machines that
// is a general protection fault.
func gateOpen(t *testing.T) bool {
	t.Helper()
	program, err := helper()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "helper")
	require.NoError(t, writeTo(path, program, 0o700, unix.O_CREAT))
	out, err := exec.Command(path, "int80").Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		require.Contains(t, string(exit.Stderr), "SIGSEGV")
		return false
	}
	require.NoError(t, err)
	require.Equal(t, "ok\tint80\n", string(out))
	return true
}

func TestSocketFamilies(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "sockets"))
	for _, name := range []string{"unix", "unix pair", "inet", "route"} {
		assert.Equal(t, "ok", got.of(t, name), "an exercise needs it: %s", name)
	}
	assert.Equal(t, "EPROTONOSUPPORT", got.of(t, "netfilter"))
	assert.Equal(t, "EPROTONOSUPPORT", got.of(t, "xfrm"))
	for _, name := range []string{"vsock", "alg", "packet", "xdp", "can", "bluetooth", "rds", "tipc", "key", "smc", "qipcrtr", "kcm", "x25"} {
		assert.Equal(t, "EAFNOSUPPORT", got.of(t, name), name)
		assert.Contains(t, []string{"EAFNOSUPPORT", "ENOTSUP"}, got.of(t, name+" pair"), name)
	}
}

func TestServicesOfTheMachineCannotBeReached(t *testing.T) {
	t.Parallel()
	h := open(t)
	var args []string
	accepted := make(chan string, 8)
	file := filepath.Join(t.TempDir(), "socket")
	for _, l := range [][2]string{{"tcp", "127.0.0.1:0"}, {"tcp", "[::1]:0"}, {"unix", "@pidone-test-" + randomLetters(8)}, {"unix", file}} {
		listener, err := net.Listen(l[0], l[1])
		if l[1] == "[::1]:0" && err != nil {
			continue // a machine without IPv6
		}
		require.NoError(t, err)
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				c.Close()
				accepted <- listener.Addr().String()
			}
		}()
		c, err := net.Dial(l[0], listener.Addr().String()) // the control
		require.NoError(t, err)
		c.Close()
		<-accepted
		args = append(args, l[0], listener.Addr().String())
	}
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
			args = append(args, "tcp", net.JoinHostPort(ip.IP.String(), "22"))
		}
	}
	args = append(args, "tcp", "192.0.2.1:80", "udp", "192.0.2.1:53")
	got := ran(t, h, attack(t, append([]string{"connect"}, args...)...))
	for _, proto := range []string{"tcp ", "unix "} {
		got.every(t, proto, "ECONNREFUSED", "ENOENT", "ENETUNREACH", "EADDRNOTAVAIL", "EHOSTUNREACH")
	}
	got.every(t, "udp ", "ENETUNREACH")
	assert.Empty(t, accepted)
	assert.Equal(t, []string{"interface lo"}, got.with("up true"), "loopback, and it alone, is up")
}

func TestSharedMemoryIsTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	name := "pidone-test-" + randomLetters(8)
	path := "/dev/shm/" + name
	if err := os.WriteFile(path, []byte("of the machine"), 0o666); err != nil {
		t.Skip("needs /dev/shm: ", err)
	}
	t.Cleanup(func() { os.Remove(path) })
	key := 0x70000000 | os.Getpid()
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|unix.IPC_EXCL|0o666)
	require.NoError(t, err)
	t.Cleanup(func() { unix.SysvShmCtl(id, unix.IPC_RMID, nil) })

	got := ran(t, h, attack(t, "shm", name, fmt.Sprint(key)))
	assert.Equal(t, "ENOENT", got.of(t, "open "+path))
	assert.Equal(t, "0", got.of(t, "names in /dev/shm"))
	assert.Equal(t, "ok", got.of(t, "create"))
	assert.Equal(t, "ENOENT", got.of(t, "shmget"))
	assert.Equal(t, "ok", got.of(t, "shmget own"))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "of the machine", string(data))
}
