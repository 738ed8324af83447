package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// effort is what tasks had of the machine's CPUs: time on one, and time in
// which they could have run and waited for one. Documentation/scheduler/sched-stats.rst
type effort struct{ cpu, waited time.Duration }

// hadMachine tells whether a run had of the machine what it would have had if it
// were alone there: its tasks were on a CPU for all of its limit of time, or nearly
// so, or they waited for one for less than a quarter of it, all together, because
// then they slept, or ran, in all the rest.
func (e effort) hadMachine(limit time.Duration) bool {
	return e.cpu >= limit-limit/16 || e.waited < limit/4
}

// patience is how many times its limit of time a run may take on a machine that
// is busy with other things.
const patience = 4

// after calls f when a time has passed, unless stop was called before; stop
// returns when f does not run any more.
func after(d time.Duration, f func()) (stop func()) {
	return every(d, func() bool { f(); return false })
}

// every calls f each time that a time has passed, until f returns false or stop was
// called; stop returns when f does not run any more.
func every(d time.Duration, f func() (again bool)) (stop func()) {
	var mu sync.Mutex // held while f runs
	var timer *time.Timer
	stopped := false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(d, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped && f() {
			timer.Reset(d)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// effortOf adds up what the threads of init, of all that it leads to, and the
// thread that follows them have had. proc is a descriptor of /proc. What has
// ended already is not in it. On a kernel that does not count it, both are 0.
func effortOf(proc, init, follower int) (sum effort) {
	procs, err := openAt(proc, ".")
	if err != nil {
		return sum
	}
	defer procs.Close()
	names, _ := procs.Readdirnames(-1)
	parents := map[int]int{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			parents[pid] = parentOf(proc, pid)
		}
	}
	sum.add(proc, fmt.Sprintf("%d/task/%d/schedstat", os.Getpid(), follower))
	for pid := range parents {
		if !leadsTo(parents, init, pid) {
			continue
		}
		dir := fmt.Sprintf("%d/task", pid)
		tasks, err := openAt(proc, dir)
		if err != nil {
			continue // it has ended
		}
		tids, _ := tasks.Readdirnames(-1)
		tasks.Close()
		for _, tid := range tids {
			sum.add(proc, filepath.Join(dir, tid, "schedstat"))
		}
	}
	return sum
}

func leadsTo(parents map[int]int, init, pid int) bool {
	for range len(parents) {
		if pid == init {
			return true
		}
		up, ok := parents[pid]
		if !ok {
			return false
		}
		pid = up
	}
	return false
}

// parentOf returns field 4 of /proc/PID/stat, 0 if there is no such process.
func parentOf(proc, pid int) int {
	data, err := readAt(proc, fmt.Sprintf("%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field, the name, may hold blanks and brackets.
	f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(f) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(f[1])
	return parent
}

// add adds what one schedstat file says, if it is there.
func (e *effort) add(proc int, path string) {
	data, err := readAt(proc, path)
	var cpu, waited int64
	if err != nil {
		return
	}
	if n, _ := fmt.Sscan(string(data), &cpu, &waited); n == 2 {
		e.cpu += time.Duration(cpu)
		e.waited += time.Duration(waited)
	}
}

func openAt(dir int, path string) (*os.File, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

func readAt(dir int, path string) ([]byte, error) {
	f, err := openAt(dir, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4096))
}
