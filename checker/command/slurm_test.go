//go:build slurm

package command

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// insideVariable tells the test that it is in the namespaces made for it.
const insideVariable = "PIDONE_TEST_SLURM"

// TestSlurm submits docs/at-scale/slurm.sh to a real Slurm: one controller and
// one node, Debian's slurm-wlm and munge. All of it runs in a PID namespace, of
// which this test is the first process, with a loopback and a hostname of its
// own: when the test ends, in whatever way, the kernel ends the rest.
func TestSlurm(t *testing.T) {
	for _, program := range []string{"slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "munged", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing (Debian: apt-get install --no-install-recommends slurm-wlm munge)", program)
		}
	}
	require.Zero(t, os.Getuid(), "slurmd starts jobs as root alone: run this as root")
	if os.Getenv(insideVariable) == "" {
		enterForSlurm(t)
		return
	}
	require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	require.NoError(t, unix.Mount("proc", "/proc", "proc", 0, ""))
	require.NoError(t, unix.Sethostname([]byte("node")))
	raiseLoopback(t)
	work := startSlurm(t)

	kit := scaleKit(t)
	class, wanted := classFolder(t, false)
	script := filepath.Join(os.Getenv(rootVariable), "docs/at-scale/slurm.sh")
	submit := func(args ...string) string {
		cmd := exec.Command("sbatch", append([]string{"--parsable"}, args...)...)
		out, diagnostics, code := finish(t, cmd, kit, []string{"SLURM_CONF=" + filepath.Join(work, "slurm.conf")})
		require.Equal(t, 0, code, diagnostics)
		return strings.TrimSpace(out)
	}
	grade := func() {
		id := submit("--mem=0", script, class, "report", "03") // the node has what it has
		merge := submit("--dependency=afterany:"+id, "--output=merge.log", "--wrap", "bin/checker merge --out report report/shard-*")
		wait(t, work, id, merge)
	}
	grade()
	_, got := resultsFile(t, filepath.Join(kit, "report"))
	assert.Equal(t, wanted, got)
	logs, err := filepath.Glob(filepath.Join(kit, "grade-*-*.log"))
	require.NoError(t, err)
	assert.Len(t, logs, 8)

	// Submitted again, it goes on where it was: nothing is left to do.
	before := reportFiles(t, filepath.Join(kit, "report"))
	grade()
	after := reportFiles(t, filepath.Join(kit, "report"))
	for _, name := range []string{"gradescope/zipped/results.json", "classroom/no-child.json"} {
		assert.Equal(t, before[name], after[name])
	}

	// An array that is cancelled leaves no process of a submission behind, and
	// its results are used by the next.
	id := submit("--mem=0", script, class, "other", "03")
	require.Eventually(t, func() bool {
		done, _ := filepath.Glob(filepath.Join(kit, "other/shard-*/submissions/*.json"))
		return len(done) > 0
	}, time.Minute, 10*time.Millisecond)
	run(t, work, "scancel", id)
	wait(t, work, id)
	assert.Eventually(t, func() bool {
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, d := range dirs {
			exe, _ := os.Readlink(filepath.Join(d, "exe"))
			if strings.HasSuffix(exe, "/checker") || strings.Contains(exe, "/submission/") {
				return false
			}
		}
		return true
	}, 10*time.Second, 50*time.Millisecond)
}

// enterForSlurm runs this test once more, in namespaces.
func enterForSlurm(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestSlurm$", "-test.v")
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  unix.SIGKILL,
	}
	require.NoError(t, cmd.Run())
}

// raiseLoopback gives the namespace its loopback, and that an address besides
// 127.0.0.1: without one Slurm's getaddrinfo(3) (AI_ADDRCONFIG) finds no family.
func raiseLoopback(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	type request struct { // struct ifreq, netdevice(7)
		name [unix.IFNAMSIZ]byte
		data [24]byte
	}
	set := func(what uintptr, name string, data ...byte) {
		var req request
		copy(req.name[:], name)
		copy(req.data[:], data)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), what, uintptr(unsafe.Pointer(&req)))
		require.Zero(t, errno)
	}
	set(unix.SIOCSIFFLAGS, "lo", unix.IFF_UP|unix.IFF_RUNNING)
	set(unix.SIOCSIFADDR, "lo:1", unix.AF_INET, 0, 0, 0, 192, 0, 2, 1) // struct sockaddr_in
}

// startSlurm starts munge, a controller and a node, and waits until the node is
// idle. It returns their folder.
func startSlurm(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	require.NoError(t, os.Chmod(work, 0o755))
	for _, dir := range []string{"state", "spool"} {
		require.NoError(t, os.Mkdir(filepath.Join(work, dir), 0o755))
	}
	key := filepath.Join(work, "munge.key")
	require.NoError(t, os.WriteFile(key, []byte(strings.Repeat("a key for this test alone ", 8)), 0o600))
	socket := filepath.Join(work, "munge.socket")
	daemon(t, work, "munged", "--foreground", "--force", "--socket="+socket, "--key-file="+key,
		"--pid-file="+filepath.Join(work, "munge.pid"), "--seed-file="+filepath.Join(work, "munge.seed"), "--log-file="+filepath.Join(work, "munged.log"))
	require.Eventually(t, func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	conf := filepath.Join(work, "slurm.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `ClusterName=pidone
SlurmctldHost=node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=%[1]s/munge.socket
CredType=cred/munge
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/spool
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd.pid
SlurmctldLogFile=%[1]s/slurmctld.log
SlurmdLogFile=%[1]s/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
NodeName=node NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=grade Nodes=node Default=YES MaxTime=INFINITE State=UP
`, work), 0o644))
	daemon(t, work, "slurmctld", "-D", "-f", conf)
	daemon(t, work, "slurmd", "-D", "-f", conf)
	if !assert.Eventually(t, func() bool { return strings.TrimSpace(try(work, "sinfo", "-h", "-o", "%T")) == "idle" }, time.Minute, 200*time.Millisecond) {
		for _, log := range []string{"slurmctld.log", "slurmd.log", "munged.log"} {
			text, _ := os.ReadFile(filepath.Join(work, log))
			t.Logf("%s:\n%s", log, text)
		}
		t.FailNow()
	}
	return work
}

// daemon starts one that ends with the test, at the latest with the namespace.
func daemon(t *testing.T, work, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = work, append(os.Environ(), "SLURM_CONF="+filepath.Join(work, "slurm.conf"))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

func try(work, name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "SLURM_CONF="+filepath.Join(work, "slurm.conf"))
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func run(t *testing.T, work, name string, args ...string) {
	t.Helper()
	t.Log(name, args, try(work, name, args...))
}

// wait waits until the queue has none of the jobs any more.
func wait(t *testing.T, work string, ids ...string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		left := strings.TrimSpace(try(work, "squeue", "-h", "-j", strings.Join(ids, ",")))
		if left == "" || strings.Contains(left, "Invalid job id") {
			return
		}
		require.True(t, time.Now().Before(deadline), "still in the queue: %s", left)
	}
}
