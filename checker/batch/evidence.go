package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"pidone/checker/scenario"
)

// evidenceVersion is the version of the JSON form of Evidence.
const evidenceVersion = 1

// maxEvidence is how large evidence may be when it is unpacked, in bytes.
const maxEvidence = 256 << 20

// Evidence is what of a submission's grading cannot be had again without
// running it. With its record it is all that judging it again needs.
type Evidence struct {
	Version int `json:"version"`
	// Started is that of the record: what another grading has left is not its
	// evidence.
	Started time.Time `json:"started"`
	// Submission, Checker and Go are parts of the record's key: a hash of what
	// was graded, one of the program that recorded, and the compiler's version.
	Submission string `json:"submission"`
	Checker    string `json:"checker"`
	Go         string `json:"go"`

	// Refused is the finding for a submission that was not even compiled, Unread
	// the reason why it could not be told what is in it. Both are empty if it was.
	Refused *scenario.Finding `json:"refused,omitempty"`
	Unread  string            `json:"unread,omitempty"`
	// Package is the program's folder in the submission.
	Package string `json:"package,omitempty"`
	// Lacks holds the features that scenarios asked for, and why the machine
	// lacked them; "" if it had them.
	Lacks map[string]string `json:"lacks,omitempty"`
	// Recording holds the runs of one that compiles.
	Recording scenario.Recording `json:"recording"`
}

// Evidence returns what was recorded of a submission, or nil if that was not kept.
func (s *Store) Evidence(name string) (*Evidence, error) {
	path := filepath.Join(s.dir, evidenceName(name))
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read evidence of %s: %w", name, reason(err))
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEvidence))
	if err != nil {
		return nil, fmt.Errorf("read evidence of %s: %w", name, err)
	}
	defer z.Close()
	var e Evidence
	if err := json.NewDecoder(io.LimitReader(z, maxEvidence)).Decode(&e); err != nil {
		return nil, fmt.Errorf("read evidence of %s: %s: %w", name, path, err)
	}
	if e.Version != evidenceVersion {
		return nil, fmt.Errorf("read evidence of %s: version %d, not %d: another checker wrote it", name, e.Version, evidenceVersion)
	}
	return &e, nil
}

// HasEvidence tells whether evidence of a submission was kept.
func (s *Store) HasEvidence(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, evidenceName(name)))
	return err == nil
}
