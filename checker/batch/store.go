package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"pidone/checker/grade"
)

const (
	recordFolder   = "submissions"
	evidenceFolder = "evidence"
	lockFile       = ".lock"
	// temporary begins the names of files that are being written.
	temporary = ".new-"
)

// A Store is a folder with the results of a class, held by one program.
type Store struct {
	dir  string
	lock *os.File
}

// BusyError says that another program works in the folder.
type BusyError struct{ Dir, Holder string }

func (e *BusyError) Error() string {
	holder := ""
	if e.Holder != "" {
		holder = " (process " + e.Holder + ")"
	}
	return fmt.Sprintf("open %s: another checker%s is grading into this folder; wait for it, or name another one", e.Dir, holder)
}

// OpenStore makes the folder if it is not there, takes hold of it, and removes
// what a killed grader was writing. Close the Store when done. The error is a
// *BusyError if another program holds it. A folder in which other things lie is
// refused: reports replace what has their names.
func OpenStore(dir string) (_ *Store, err error) {
	if err := ours(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, recordFolder), 0o777); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, reason(err))
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, reason(err))
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	if err := hold(lock, dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock}
	return s, s.sweep()
}

// ours says what speaks against a folder: it holds something, and neither
// results nor, for those who join them, folders with results.
func ours(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, reason(err))
	}
	isStore := func(dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, manifestFile))
		return err == nil
	}
	if isStore(dir) {
		return nil
	}
	for _, e := range entries {
		name := e.Name()
		if name[0] == '.' || name == recordFolder || name == evidenceFolder || e.IsDir() && isStore(filepath.Join(dir, name)) {
			continue
		}
		return fmt.Errorf("open %s: %s lies there, and no results: name a new folder, so that nothing of yours is replaced", dir, name)
	}
	return nil
}

// patience is how long a folder may be held by what a killed grader leaves
// behind for a moment: its sandboxes, which are ending.
const patience = 2 * time.Second

func hold(lock *os.File, dir string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			if err := lock.Truncate(0); err != nil {
				return fmt.Errorf("lock %s: %w", dir, reason(err))
			}
			_, err := lock.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
			if err != nil {
				return fmt.Errorf("lock %s: %w", dir, reason(err))
			}
			return nil
		case err != unix.EWOULDBLOCK && err != unix.EINTR:
			return fmt.Errorf("lock %s: %w", dir, err)
		case time.Now().After(deadline):
			holder, _ := io.ReadAll(io.LimitReader(lock, 32))
			return &BusyError{dir, strings.TrimSpace(string(holder))}
		}
	}
}

// Close lets go of the folder.
func (s *Store) Close() { s.lock.Close() }

// Dir returns the folder.
func (s *Store) Dir() string { return s.dir }

// sweep removes what was being written when a grader was killed.
func (s *Store) sweep() error {
	for _, folder := range []string{".", recordFolder, evidenceFolder} {
		entries, err := os.ReadDir(filepath.Join(s.dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open %s: %w", s.dir, reason(err))
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), temporary) {
				continue
			}
			if err := os.Remove(filepath.Join(s.dir, folder, e.Name())); err != nil {
				return fmt.Errorf("open %s: %w", s.dir, reason(err))
			}
		}
	}
	return nil
}

// reason drops the path that os puts into its errors.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", filepath.Base(e.Path), e.Err)
	}
	return err
}

// write gives a file of the folder its content as a whole. It is not forced to
// the disk: a file that a power cut has damaged is no result, see Record.
func (s *Store) write(name string, content func(io.Writer) error) (err error) {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", filepath.Join(s.dir, name), reason(err)) }
	f, err := os.CreateTemp(filepath.Dir(filepath.Join(s.dir, name)), temporary)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	err = content(f)
	if err := errors.Join(err, f.Chmod(0o666&^umask()), f.Close()); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), filepath.Join(s.dir, name)); err != nil {
		return fail(err)
	}
	return nil
}

// umask returns the caller's, which proc_pid_status(5) shows without changing it.
func umask() os.FileMode {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		var mask os.FileMode
		if n, _ := fmt.Sscanf(line, "Umask: %o", &mask); n == 1 {
			return mask
		}
	}
	return 0o022
}

func (s *Store) writeJSON(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(s.dir, name), err)
	}
	return s.write(name, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

// WriteManifest says what is graded here.
func (s *Store) WriteManifest(m *Manifest) error {
	full := *m
	full.Version = manifestVersion
	return s.writeJSON(manifestFile, &full)
}

func recordName(name string) string {
	return filepath.Join(recordFolder, grade.FileName(name)+".json")
}

func evidenceName(name string) string {
	return filepath.Join(evidenceFolder, grade.FileName(name)+".json.zst")
}

// Record returns what a submission came to, or nil if it is not known: it was
// not graded, or its file is damaged or of another version.
func (s *Store) Record(name string) (*grade.Record, error) {
	return ReadRecord(s.dir, name)
}

// ReadRecord is Store.Record for a folder that nobody works in.
func ReadRecord(dir, name string) (*grade.Record, error) {
	data, err := os.ReadFile(filepath.Join(dir, recordName(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read result of %s: %w", name, reason(err))
	}
	var r grade.Record
	if err := json.Unmarshal(data, &r); err != nil || r.Version != grade.RecordVersion || r.Entry.Name != name {
		return nil, nil
	}
	return &r, nil
}

// Keep writes the result of a submission, and its evidence if there is any.
// Without, evidence of an earlier result is removed: it is another's.
func (s *Store) Keep(r *grade.Record, e *Evidence) error {
	path := evidenceName(r.Entry.Name)
	if e == nil {
		if err := os.Remove(filepath.Join(s.dir, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove evidence: %w", reason(err))
		}
	} else if err := s.writeEvidence(path, e); err != nil {
		return err
	}
	return s.KeepRecord(r)
}

// KeepRecord writes the result of a submission and leaves its evidence as it is.
func (s *Store) KeepRecord(r *grade.Record) error {
	full := *r
	full.Version = grade.RecordVersion
	return s.writeJSON(recordName(r.Entry.Name), &full)
}

func (s *Store) writeEvidence(path string, e *Evidence) error {
	if err := os.MkdirAll(filepath.Join(s.dir, evidenceFolder), 0o777); err != nil {
		return fmt.Errorf("write evidence: %w", reason(err))
	}
	full := *e
	full.Version = evidenceVersion
	return s.write(path, func(w io.Writer) error {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			return err
		}
		return errors.Join(json.NewEncoder(z).Encode(&full), z.Close())
	})
}
