package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sweep removes groups of checkers that are gone and whose janitor is too.
func (g *groups) sweep() {
	for _, dir := range g.dirs {
		left, _ := filepath.Glob(filepath.Join(dir, groupPrefix+"*"))
		for _, l := range left {
			f := strings.Split(filepath.Base(l), "-")
			if len(f) != 5 {
				continue
			}
			if stat, err := os.ReadFile(filepath.Join("/proc", f[1], "stat")); err != nil || startTime(stat) != f[2] {
				os.Remove(filepath.Join(l, box))
				os.Remove(l) // fails while processes are in it, which then are not ours to end
			}
		}
	}
}

// startJanitor forks a process that outlives the checker by a moment: when the
// checker is gone, however that came, it removes the groups. It has a session
// of its own, so that no signal from a terminal reaches it.
func (g *groups) startJanitor() (err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(p[0])
	g.alive = p[1]
	s := newScript()
	s.state.pause = unix.Timespec{Nsec: int64(5 * time.Millisecond)}
	s.try("set name", unix.SYS_PRCTL, unix.PR_SET_NAME, s.str("pidone-janitor"))
	s.try("setsid", unix.SYS_SETSID)
	s.closeExcept(p[0])
	// The standard streams too: who reads ours must see their end when we end.
	s.do("close standard streams", unix.SYS_CLOSE_RANGE, 0, 2, 0)
	buf := make([]byte, 8)
	s.try("read", unix.SYS_READ, uintptr(p[0]), s.bytes(buf), 1)
	for slot := range slots {
		for _, dir := range g.paths(slot) {
			if g.v2 {
				s.try("rmdir", unix.SYS_UNLINKAT, atFDCWD, s.str(filepath.Join(dir, box)), unix.AT_REMOVEDIR).kind = busy
			}
			s.try("rmdir", unix.SYS_UNLINKAT, atFDCWD, s.str(dir), unix.AT_REMOVEDIR).kind = busy
		}
	}
	g.pid, g.janitor, err = s.start(cloneArgs{}, 2)
	if err != nil {
		unix.Close(g.alive)
	}
	return err
}

// close ends the janitor. No group may be in use.
func (g *groups) close() {
	if g == nil {
		return
	}
	unix.PidfdSendSignal(g.janitor, unix.SIGKILL, nil, 0)
	for {
		if _, err := unix.Wait4(g.pid, nil, unix.WALL, nil); err != unix.EINTR {
			break
		}
	}
	unix.Close(g.janitor)
	unix.Close(g.alive)
}
