package batch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Merge puts the results of shards, each graded into a folder of its own, into
// the store, in whichever order. All must be of one class and be judged by the
// same scenarios, no submission may have two results, and none may lack one:
// the error says which, and nothing is written then. The notes are what the
// user should know and need not act on.
func Merge(store *Store, dirs []string) (m *Manifest, notes []string, err error) {
	fail := func(format string, args ...any) (*Manifest, []string, error) {
		return nil, nil, fmt.Errorf("merge: "+format, args...)
	}
	var shards []*Manifest
	from := map[string]string{} // the folder that has a submission's result, by name
	for _, dir := range dirs {
		part, err := ReadManifest(dir)
		if err != nil {
			return nil, nil, err
		}
		if len(shards) > 0 {
			if why := differs(shards[0], part); why != "" {
				return fail("%s and %s do not belong together: %s", dirs[0], dir, why)
			}
			if part.Checker != shards[0].Checker {
				notes = append(notes, fmt.Sprintf("%s was graded by another build of the checker than %s", dir, dirs[0]))
			}
		}
		shards = append(shards, part)
		for _, name := range part.Share() {
			if _, err := os.Stat(filepath.Join(dir, recordName(name))); errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return fail("%w", reason(err))
			}
			if other, twice := from[name]; twice && !sameFile(filepath.Join(other, recordName(name)), filepath.Join(dir, recordName(name))) {
				return fail("%s has two results, in %s and in %s: leave one of the folders out", name, other, dir)
			}
			from[name] = dir
		}
	}
	whole := *shards[0]
	whole.Shard = Shard{}
	if missing := lacking(whole.Names, from, shards); missing != "" {
		return fail("%s", missing)
	}
	for _, name := range whole.Names {
		if err := store.adopt(from[name], name); err != nil {
			return nil, nil, err
		}
	}
	return &whole, notes, store.WriteManifest(&whole)
}

// differs says why two shards are not of one class; "" if they are.
func differs(a, b *Manifest) string {
	switch {
	case a.Class.Exercise != b.Class.Exercise:
		return fmt.Sprintf("one is of %s, the other of %s", a.Class.Exercise, b.Class.Exercise)
	case !reflect.DeepEqual(a.Class, b.Class) || a.Kit != b.Kit:
		return "they were judged by different scenarios or points: grade one of them again"
	case !slices.Equal(a.Names, b.Names):
		return fmt.Sprintf("they were graded from folders with different submissions, %d and %d", len(a.Names), len(b.Names))
	case a.Shard.Of != b.Shard.Of && !a.Shard.Whole() && !b.Shard.Whole():
		return fmt.Sprintf("one is shard %s, the other %s", a.Shard, b.Shard)
	}
	return ""
}

// lacking says which submissions have no result, and where they should be; ""
// if all have one.
func lacking(names []string, from map[string]string, shards []*Manifest) string {
	var missing, where []string
	for _, name := range names {
		if from[name] == "" {
			missing = append(missing, name)
		}
	}
	of := shards[0].Shard.Of
	for n := 1; n <= of; n++ {
		if slices.ContainsFunc(missing, Shard{n, of}.Has) {
			where = append(where, Shard{n, of}.String())
		}
	}
	if len(missing) == 0 {
		return ""
	}
	some := strings.Join(missing[:min(len(missing), 3)], ", ")
	if len(missing) > 3 {
		some += ", ..."
	}
	text := fmt.Sprintf("%d of %d submissions have no result (%s)", len(missing), len(names), some)
	if len(where) > 0 {
		text += ": grade shard " + strings.Join(where, ", ") + ", and merge again with that folder too"
	} else {
		text += ": run the same checker grade again, and merge then"
	}
	return text
}

func sameFile(a, b string) bool {
	x, err1 := os.ReadFile(a)
	y, err2 := os.ReadFile(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// adopt copies the result of a submission, and its evidence if there is any.
func (s *Store) adopt(dir, name string) error {
	path := evidenceName(name)
	f, err := os.Open(filepath.Join(dir, path))
	switch {
	case err == nil:
		defer f.Close()
		if err := os.MkdirAll(filepath.Join(s.dir, evidenceFolder), 0o777); err != nil {
			return fmt.Errorf("write evidence: %w", reason(err))
		}
		if err := s.write(path, func(w io.Writer) error {
			_, err := io.Copy(w, f)
			return err
		}); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read evidence of %s: %w", name, reason(err))
	default:
		if err := os.Remove(filepath.Join(s.dir, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove evidence: %w", reason(err))
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, recordName(name)))
	if err != nil {
		return fmt.Errorf("read result of %s: %w", name, reason(err))
	}
	return s.write(recordName(name), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
