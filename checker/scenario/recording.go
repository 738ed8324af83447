package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"pidone/checker/evidence"
)

// A Recording is the evidence of one submission: all the runs that the
// scenarios of one exercise ask for. It can be judged again at any time.
type Recording struct {
	Exercise string        `json:"exercise"`
	About    string        `json:"about,omitempty"` // what was recorded
	Of       string        `json:"of,omitempty"`    // hash of the program's source, where it is one of the kit's
	Args     []string      `json:"args,omitempty"`  // Script.Args
	Runs     []RecordedRun `json:"runs"`
	// Causes holds, by step, the causes that judging it must tell, if the
	// recording is a fixture. A step that is not there passes, or is skipped.
	Causes map[int][]string `json:"causes,omitempty"`
}

// A RecordedRun is one run and how it was started.
type RecordedRun struct {
	Spec RunSpec       `json:"spec"`
	Run  *evidence.Run `json:"run"`
}

// maxRecording is how large a recording may be, in bytes.
const maxRecording = 64 << 20

// ReadRecording reads a recording from a JSON file.
func ReadRecording(path string) (*Recording, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if info.Size() > maxRecording {
		return nil, fmt.Errorf("read recording %s: more than %d bytes", path, maxRecording)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var r Recording
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("read recording %s: %w", path, err)
	}
	return &r, nil
}

// Run is a Runner: it returns the recorded evidence.
func (r *Recording) Run(_ context.Context, spec RunSpec) (*evidence.Run, error) {
	for _, run := range r.Runs {
		if run.Spec.Key() == spec.Key() {
			return run.Run, nil
		}
	}
	return nil, fmt.Errorf("find run %s: %w", spec.Key(), ErrNotRecorded)
}

// ErrNotRecorded is wrapped by the error for a run that a Recording does not hold.
var ErrNotRecorded = errors.New("it was not recorded")

// Record returns a Runner that runs what is not recorded yet, once, and keeps
// the evidence. It is for one goroutine.
func (r *Recording) Record(run Runner) Runner {
	return func(ctx context.Context, spec RunSpec) (*evidence.Run, error) {
		if found, err := r.Run(ctx, spec); err == nil {
			return found, nil
		}
		got, err := run(ctx, spec)
		if err == nil {
			r.Runs = append(r.Runs, RecordedRun{spec, got})
		}
		return got, err
	}
}
