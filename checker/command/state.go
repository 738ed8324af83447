package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pidone/checker/course"
)

// stateFile is the one file in which a learner's state lives; git ignores it.
const stateFile = ".pidone.json"

// state is what is remembered between two commands.
type state struct {
	Exercises map[string]*progress `json:"exercises"`
}

// progress is how far a learner is with one exercise.
type progress struct {
	Best    int         `json:"best"`              // highest score reached
	Last    int         `json:"last"`              // score of the last check
	Checked bool        `json:"checked,omitempty"` // it was, whatever it came to
	Hints   map[int]int `json:"hints,omitempty"`   // hints shown, by step
}

// readState returns what was remembered; a missing file is an empty state.
func readState(root string) (*state, error) {
	s := &state{Exercises: map[string]*progress{}}
	path := filepath.Join(root, stateFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read state: %s: %w: delete that file, only hints and scores shown are in it", path, err)
	}
	if s.Exercises == nil {
		s.Exercises = map[string]*progress{}
	}
	return s, nil
}

func (s *state) exercise(id string) *progress {
	p := s.Exercises[id]
	if p == nil {
		p = &progress{}
		s.Exercises[id] = p
	}
	if p.Hints == nil {
		p.Hints = map[int]int{}
	}
	return p
}

// done tells which exercises of a course have their full score.
func (s *state) done(c *course.Course) map[string]bool {
	done := map[string]bool{}
	for _, e := range c.Exercises {
		p := s.Exercises[e.ID]
		done[e.ID] = p != nil && p.Best >= e.Points()
	}
	return done
}

// write replaces the file as a whole, so that who reads it never sees half of
// it. It belongs to the owner of the kit's folder, also when sudo wrote it.
func (s *state) write(root string) (err error) {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	f, err := os.CreateTemp(root, stateFile+".*")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	chownLike(f.Name(), root)
	if err := os.Rename(f.Name(), filepath.Join(root, stateFile)); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}
