package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// shell is a program that is large enough to be kept: the machine's shell, under
// another name.
func shell(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("/bin/sh")
	require.NoError(t, err)
	require.Greater(t, len(data), minKept)
	return data
}

// anew runs a script by the shell beside a tree with a large file and one that is
// another each time.
func anew(t *testing.T, h *Host, shell, large []byte, word, script string) *Result {
	t.Helper()
	attacker, err := helper()
	require.NoError(t, err)
	trees := grove()
	trees[0].Nodes = append(trees[0].Nodes,
		Node{Path: "large", Mode: unix.S_IFREG | 0o755, Data: large},
		Node{Path: "bin/large", Mode: unix.S_IFREG, Same: "large"},
		Node{Path: "word", Mode: unix.S_IFREG | 0o444, Data: []byte(word)})
	res, err := h.Run(t.Context(), Command{
		Path: "/here/sh", Args: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		Files: []File{
			{Path: "/here/sh", Data: shell, Mode: 0o755}, {Path: "/opt/large", Data: large, Mode: 0o755},
			{Path: submissionPath, Data: attacker, Mode: 0o755},
		},
		Dir: "/fs/box/rootfs", Empty: []string{"/fs"}, Trees: trees, Keep: true,
	})
	require.NoError(t, err)
	return res
}

func inodes(t *testing.T, h *Host, shell, large []byte) []string {
	t.Helper()
	res := anew(t, h, shell, large, "x", "stat -c %d:%i /here/sh /opt/large large")
	require.Empty(t, string(res.Stderr.Data))
	return strings.Fields(string(res.Stdout.Data))
}

// large is the data of a file that ends within a page.
func large() []byte { return bytes.Repeat([]byte("large\n"), minKept)[1:] }

func TestKeptForTheSameProgramAlone(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, file := shell(t), large()
	first := inodes(t, h, mine, file)
	require.Len(t, first, 3)
	// A process that has ended may have its files for a moment longer: then they are not
	// kept.
	eventually(t, "something is kept", func() bool {
		before := first
		first = inodes(t, h, mine, file)
		return slices.Equal(before, first)
	})
	for i, inode := range inodes(t, h, bytes.Clone(mine), file) {
		assert.NotEqual(t, first[i], inode, "another program has it too")
	}
}

// TestKeptIsAsNew has programs do things to what is kept, and looks at what the next run
// of the same one finds.
func TestKeptIsAsNew(t *testing.T) {
	t.Parallel()
	h := open(t)
	const look = `stat -c '%n %F %a %u %g %h %s' /fs /fs/* /fs/.* /fs/box/* . * */* /opt/large /here /here/sh; cat /fs/box/rootfs/word; cksum < large; cksum < /opt/large
		find /fs -newermt '1 minute ago' | sort; find /fs ! -newermt '1 minute ago' -o -newerat '1 minute' | sort
		stat -f -c '%b %f %c %d' /fs; du -a /fs /opt | sort; getcap large /opt/large 2>/dev/null
		for a in "tail-shown large" "flags-shown /fs large" "xattr-shown /fs large" "locked /opt/large" "locked large" "locked /here/sh"; do /submission/main $a; done`
	file := large()
	fresh := anew(t, h, shell(t), file, "new", look)
	want := string(fresh.Stdout.Data)
	require.Contains(t, want, "/opt/large regular file 755 0 0 1 393215")
	require.Contains(t, want, "/here directory 755 0 0 2 60\n")
	require.Contains(t, want, "large regular file 755 0 0 2 393215")
	for name, script := range map[string]string{
		"nothing":             ":",
		"large file changed":  "echo x >> large",
		"same size":           "printf X | dd of=large conv=notrunc",
		"mode":                "chmod 4755 large",
		"gone":                "rm large bin/large",
		"moved":               "mv large tmp/large",
		"another in place":    "rm large; ln -s /etc/passwd large",
		"folder is a link":    "mv bin tmp/bin; ln -s tmp/bin bin",
		"root of it is gone":  "mv /fs/box /fs/other",
		"root of it a link":   "mv /fs/box/rootfs /fs/x; ln -s ../x /fs/box/rootfs",
		"linked elsewhere":    "ln large /fs/second; ln large /fs/.0.7",
		"a folder in the way": "mkdir -p /fs/.0.6/a /fs/.0.7/a /fs/.0.8/a",
		"deep":                "cd /fs; for i in $(seq 300); do mkdir -p 0123456789012345 && cd 0123456789012345; done; touch x",
		"many":                "cd tmp; for i in $(seq 2000); do echo > $i; done",
		"modes above":         "chmod 700 /fs/box /fs/box/rootfs; chmod 755 /fs",
		"owners":              "chown 1:1 large /fs /fs/box; chown -R 1:1 .",
		"old":                 "touch -d 2001-01-01 large . /fs /fs/box bin",
		"group":               "chgrp 5 /fs; chgrp 5 /fs/box",
		"future":              "touch -a -d 2100-01-01 /fs large",
		"tail":                "/submission/main tail large; exit 0",
		"flags":               "/submission/main flags /fs large",
		"xattr":               "/submission/main xattr /fs large",
		"in flight":           "/submission/main in-flight /opt/large; /submission/main in-flight large; /submission/main in-flight /here/sh",
		"in flight and gone":  "dd if=/dev/zero of=/fs/x bs=1M count=40; /submission/main in-flight /fs/x; rm /fs/x",
		"reserved":            "fallocate -n -l 60M large",
		"holes":               "fallocate -p -o 0 -l 4096 large",
		"held open":           "exec 9>>large; sleep 0.1 & exec 8< /opt/large",
		"mounted over":        "unshare -m sh -c 'mount -t tmpfs t /fs/box; mkdir /fs/box/x'",
		"capability":          "setcap cap_net_raw+ep large; setcap cap_net_raw+ep /opt/large",
		"kept written":        "echo x > /opt/large; chmod 777 /opt/large; rm -f /opt/large; echo x > /here/sh",
		"kept remounted":      "mount -o remount,rw,bind /opt/large; mount -o remount,rw /opt/large; echo x > /opt/large; umount /opt/large; echo y > /opt/large",
		"kept bound":          "mkdir /tmp/a; touch /tmp/a/b; mount --bind /opt/large /tmp/a/b; mount -o remount,rw,bind /tmp/a/b; echo x > /tmp/a/b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := shell(t)
			for _, word := range []string{"one", "two"} {
				anew(t, h, mine, file, word, script)
				res := anew(t, h, mine, file, "new", look)
				assert.Equal(t, want, string(res.Stdout.Data))
				assert.Empty(t, res.Changes)
			}
		})
	}
}

// TestKeptHasLimits fills the kept folder, whose limits are its own.
func TestKeptHasLimits(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, file := shell(t), large()
	for range 2 {
		res := anew(t, h, mine, file, "x", "for i in 1 2 3; do dd if=/dev/zero of=/fs/$i bs=1M count=30; done; du -sm /fs")
		assert.Contains(t, string(res.Stderr.Data), "No space left on device")
		assert.Regexp(t, `^6[456]\t`, string(res.Stdout.Data))
		res = anew(t, h, mine, file, "x", "cd /fs; seq 9000 | xargs touch; ls | wc -l")
		assert.Contains(t, string(res.Stderr.Data), "No space left on device")
		assert.Regexp(t, `^8[12]\d\d\n`, string(res.Stdout.Data))
	}
}

// TestKeptTooDeep: for each level that is removed a descriptor is open.
func TestKeptTooDeep(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, file := shell(t), large()
	anew(t, h, mine, file, "x", "cd /fs; i=0; while [ $i -lt 80 ]; do mkdir d; cd d; i=$((i+1)); done")
	assert.Empty(t, h.keeper.kept)
}

// TestKeptOfRunsAtOnce: none has what another has meanwhile.
func TestKeptOfRunsAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, file := shell(t), large()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				res := anew(t, h, mine, file, "x", "exec 9< /opt/large 8< /here/sh 7< large; flock -n 9 && flock -n 8 && flock -n 7 && sleep 0.05 && echo alone")
				assert.Equal(t, "alone\n", string(res.Stdout.Data), "%s", res.Stderr.Data)
			}
		})
	}
	all.Wait()
}

func TestKeptOfFewPrograms(t *testing.T) {
	t.Parallel()
	h := open(t)
	file := large()
	for range mostKept + 3 {
		anew(t, h, shell(t), file, "x", ":")
	}
	require.NoError(t, h.keeper.do(func() error {
		assert.Len(t, h.keeper.kept, mostKept)
		entries, err := os.ReadDir("/")
		assert.NoError(t, err)
		assert.Len(t, entries, 2*mostKept, "two file systems of each")
		return err
	}))
}

// TestKeeperSeesNothingElse: the machine's mounts are not held by it.
func TestKeeperSeesNothingElse(t *testing.T) {
	t.Parallel()
	h := open(t)
	require.NoError(t, h.keeper.do(func() error {
		entries, err := os.ReadDir("/")
		assert.Empty(t, entries)
		if err != nil {
			return err
		}
		// Its own /proc it has not got: mount one, and look.
		if err := os.Mkdir("/proc", 0o755); err != nil {
			return err
		}
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			t.Log("needs a proc that can be mounted: ", err)
			return os.Remove("/proc")
		}
		mounts, err := os.ReadFile("/proc/thread-self/mountinfo")
		assert.Len(t, strings.Split(strings.TrimSpace(string(mounts)), "\n"), 2)
		return err
	}))
}

// TestKeeperLivesWhileItIsAsked: and not longer, whatever the collector thinks of who
// made it.
func TestKeeperLivesWhileItIsAsked(t *testing.T) {
	t.Parallel()
	k := open(t).keeper
	tid := 0
	collect := func() error {
		for range 3 {
			runtime.GC()
			time.Sleep(time.Millisecond) // cleanups have a goroutine of their own
		}
		tid = unix.Gettid()
		return nil
	}
	require.NoError(t, k.do(collect))
	require.NoError(t, k.do(collect))
	thread := fmt.Sprintf("/proc/self/task/%d", tid)
	eventually(t, "the thread ends", func() bool {
		runtime.GC()
		_, err := os.Stat(thread)
		return os.IsNotExist(err)
	})
}
