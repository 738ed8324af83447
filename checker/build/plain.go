package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Plain is an Exec without a sandbox, in a scratch folder of its own that goes
// with it. The time limit ends the whole process group; Memory is only a limit
// of each process; the compiler can read what the caller can, and it writes to
// the user's build cache, as a `go build` by hand would. It is for tests, for
// Warm, and for machines that have no sandbox.
func Plain(ctx context.Context, job *Job) (res *JobResult, err error) {
	place, err := newScratch()
	if err != nil {
		return nil, fmt.Errorf("make a folder to compile in: %w", cause(err))
	}
	defer func() {
		if e := place.remove(); e != nil && err == nil {
			err = fmt.Errorf("remove the folder compiled in: %w", e)
		}
	}()
	dir := place.dir
	paths := Paths{
		Source: filepath.Join(dir, "src"), Program: filepath.Join(dir, "program"),
		Cache: job.Cache, Temp: filepath.Join(dir, "tmp"),
	}
	if paths.Cache == "" {
		paths.Cache = filepath.Join(dir, "cache")
	}
	if err := os.Mkdir(paths.Temp, 0o700); err != nil {
		return nil, err
	}
	if err := writeFiles(paths.Source, job.Files); err != nil {
		return nil, err
	}
	res, err = plainRun(ctx, job, paths, place.mounted)
	if err != nil || res.Code != 0 {
		return res, err
	}
	return res, readProgram(paths.Program, job.Limits.Program, res)
}

func writeFiles(dir string, files []File) error {
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func readProgram(name string, limit int64, res *JobResult) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	res.ProgramSize = fi.Size()
	if fi.Size() > limit {
		return nil
	}
	res.Program = make([]byte, fi.Size())
	_, err = io.ReadFull(f, res.Program)
	return err
}

func plainRun(ctx context.Context, job *Job, paths Paths, privileged bool) (*JobResult, error) {
	timed, cancel := context.WithTimeout(ctx, job.Limits.Time)
	defer cancel()
	argv := job.Argv(paths)
	messages := &capped{limit: job.Limits.Output}
	cmd := exec.CommandContext(timed, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = job.Env(paths), paths.Source
	cmd.Stdout, cmd.Stderr = messages, messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if privileged {
		// What the go command has started ends with it: pid_namespaces(7).
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	// The signal comes when the thread ends that started the command.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// The go command starts its tools much later than this.
	limit := unix.Rlimit{Cur: uint64(job.Limits.Memory), Max: uint64(job.Limits.Memory)}
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &limit, nil)
	err := cmd.Wait()
	res := &JobResult{Source: paths.Source, Code: cmd.ProcessState.ExitCode(), Messages: messages.data, Cut: messages.cut}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if timed.Err() != nil {
		res.TimedOut = true
		return res, nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return nil, err
	}
	return res, nil
}

// capped keeps the first bytes of what is written to it.
type capped struct {
	data  []byte
	limit int
	cut   bool
}

func (c *capped) Write(p []byte) (int, error) {
	room := max(c.limit-len(c.data), 0)
	c.cut = c.cut || len(p) > room
	c.data = append(c.data, p[:min(len(p), room)]...)
	return len(p), nil
}
