package trace

import (
	"errors"
	"fmt"
	"time"

	"pidone/checker/evidence"
)

// prepare looks at the host. It is done while the first process is on its way
// to the submission's program, so that it does not wait for it.
func (r *Recorder) prepare() error {
	if r.looks.mountinfo >= 0 {
		return nil
	}
	var err error
	if r.host, err = r.looks.openHost(r.init.PID); err != nil {
		return err
	}
	host := &r.run.Host
	host.Namespaces = r.looks.asMap(r.host)
	if host.Hostname, err = r.hostname(r.host[utsKind], r.init.PID); err != nil {
		return err
	}
	if _, host.Kernel, err = uname(); err != nil {
		return err
	}
	r.mounts, err = r.looks.mounts()
	host.Mounts = points(r.mounts)
	return err
}

// begin starts the record: the first process has just become the submission's
// program, and has run nothing of it.
func (r *Recorder) begin(t *task) error {
	if err := r.prepare(); err != nil {
		return err
	}
	if err := r.hostBefore(); err != nil {
		return err
	}
	r.image = r.imageRoot()
	r.begun, r.start = true, time.Now()
	data, err := r.proc.read(t.tid, "status")
	if err != nil {
		return fmt.Errorf("read status of the first process: %w", err)
	}
	s, ok := parseStatus(data)
	if !ok {
		return errors.New("read status of the first process: no NSpid in it")
	}
	r.program = r.programOf(t.tid)
	if r.opts.Resolve != nil {
		if data, err := r.proc.read(t.tid, "stat"); err == nil {
			r.code = parseCode(data)
		}
	}
	t.spaces, t.inherits = r.host, true // init made it, with no new namespaces
	r.record(r.first, t, s)
	r.lookAtGroups(evidence.GroupsAtStart, r.first)
	return nil
}
