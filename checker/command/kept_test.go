package command

import (
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pidone/checker/build"
)

// keptVariable names a folder in which programs of testdata/submissions lie that an
// earlier suite compiled: .ci/run has three suites, and each runs all of them.
const keptVariable = "PIDONE_TEST_PROGRAMS"

// keptPrograms is that folder; empty: there is none. What is in it was made by this
// kit from the same files, or is not found.
type keptPrograms string

var errNotKept = errors.New("not compiled yet")

// find is a build.Exec that compiles nothing.
func (k keptPrograms) find(_ context.Context, job *build.Job) (*build.JobResult, error) {
	if k == "" {
		return nil, errNotKept
	}
	f, err := os.Open(k.file(job))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNotKept
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	res := &build.JobResult{}
	return res, gob.NewDecoder(f).Decode(res)
}

// keep returns an Exec that compiles by another, and keeps what that makes, unless
// a limit of time had a part in it.
func (k keptPrograms) keep(by build.Exec) build.Exec {
	return func(ctx context.Context, job *build.Job) (*build.JobResult, error) {
		res, err := by(ctx, job)
		if err != nil || k == "" || res.TimedOut {
			return res, err
		}
		return res, k.write(k.file(job), res)
	}
}

// write has the file come whole, or not at all: others may read it by then.
func (k keptPrograms) write(name string, res *build.JobResult) error {
	f, err := os.CreateTemp(string(k), "new-")
	if err != nil {
		return fmt.Errorf("keep program: %w", err)
	}
	err = errors.Join(gob.NewEncoder(f).Encode(res), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("keep program: %w", err)
	}
	return nil
}

// file is named after all that a program depends on, the kit and where it lies aside.
func (k keptPrograms) file(job *build.Job) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%+v\n", job.Tools.Version, job.Limits)
	for _, f := range job.Files {
		if f.Path == "go.work" {
			continue // the folders of the kit's modules
		}
		fmt.Fprintf(sum, "%q %d\n%s\n", f.Path, len(f.Data), f.Data)
	}
	return filepath.Join(string(k), hex.EncodeToString(sum.Sum(nil)))
}
