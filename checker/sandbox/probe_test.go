package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	h := open(t)
	seen := map[string]bool{}
	for _, f := range Probe(t.Context()) {
		assert.False(t, seen[f.Name], f.Name)
		seen[f.Name] = true
		assert.Equal(t, f.Answer == Yes, f.Why == "" && f.Remedy == "", "%+v", f)
		if f.Name == CgroupV2 { // some exercises need it, sandboxes do not
			assert.NotEqual(t, CouldNotTell, f.Answer, "%+v", f)
			continue
		}
		want := Yes
		if f.Optional && h.NoGroups() != nil {
			want = No
		}
		// Sandboxes run here, so that what they need must be there.
		assert.Equal(t, want, f.Answer, "%+v", f)
	}
	assert.Greater(t, len(seen), 8)
}

// TestNoProgramsInMemory is a machine that forbids them. The setting is the PID
// namespace's.
func TestNoProgramsInMemory(t *testing.T) {
	needRoot(t)
	out := again(t, "^TestForbidden$", 0, syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Unshareflags: unix.CLONE_NEWNS}, forbidEnv+"=1")
	assert.Contains(t, out, passed+"Forbidden")
}

// TestForbidden is run by TestNoProgramsInMemory.
func TestForbidden(t *testing.T) {
	if os.Getenv(forbidEnv) == "" {
		t.Skip("needs a machine of its own: TestNoProgramsInMemory")
	}
	require.NoError(t, unix.Mount("proc", "/proc", "proc", 0, ""))
	defer unix.Unmount("/proc", unix.MNT_DETACH)
	err := os.WriteFile("/proc/sys/vm/memfd_noexec", []byte("2"), 0)
	if os.IsNotExist(err) {
		return // before Linux 6.3
	}
	require.NoError(t, err)
	h := open(t)
	_, err = h.Run(t.Context(), attack(t, "hello"))
	assert.ErrorIs(t, err, unix.EACCES)
	assert.ErrorContains(t, err, "vm.memfd_noexec = 2; try: sudo sysctl")
	f := Probe(t.Context())[0]
	assert.Equal(t, No, f.Answer)
	assert.Equal(t, memfdRemedy, f.Remedy)
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Answer
	}{
		{nil, Yes}, {unix.EPERM, No}, {fmt.Errorf("mount: %w", unix.ENOSYS), No}, {unix.ENOSPC, No},
		{unix.EMFILE, CouldNotTell}, {unix.ENOMEM, CouldNotTell}, {errors.New("odd"), CouldNotTell},
	} {
		assert.Equal(t, c.want, answer("x", c.err, "do this").Answer, "%v", c.err)
	}
}

func TestRefusalNamesTheSetting(t *testing.T) {
	t.Parallel()
	err := error(explainRefusal(unix.EPERM))
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.ErrorIs(t, err, unix.EPERM)
	assert.NotEmpty(t, refused.Remedy)
	assert.False(t, inChroot())
}

// TestNamespacesUsedUp is a machine on which user namespaces are forbidden, made
// of a user namespace.
func TestNamespacesUsedUp(t *testing.T) {
	needRoot(t)
	out := again(t, "^TestProbe", 0, syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: ordinaryID, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: ordinaryID, Size: 1}},
	}, dropEnv+"=namespaces "+fmt.Sprint(unix.CAP_SYS_ADMIN))
	assert.NotContains(t, out, passed)
	assert.Contains(t, out, "forbidden by user.max_user_namespaces = 0")
	data, err := os.ReadFile("/proc/sys/user/max_user_namespaces")
	require.NoError(t, err)
	assert.NotEqual(t, "0", strings.TrimSpace(string(data)), "the machine's own setting")
}
