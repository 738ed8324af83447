package grade

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"pidone/checker/evidence"
)

// RecordVersion is the version of the JSON form of a Record.
const RecordVersion = 1

// A Class is what many submissions were graded for.
type Class struct {
	Exercise string `json:"exercise"` // "03-namespace-isolation"
	Title    string `json:"title"`    // of its page
	Steps    []Step `json:"steps"`    // in order
}

// MaxScore returns what all steps of the class are worth together.
func (c Class) MaxScore() int {
	sum := 0
	for _, s := range c.Steps {
		sum += s.Points
	}
	return sum
}

// An Entry is one submission of many: a line of results.json.
type Entry struct {
	Name string `json:"name"` // whose it is; no two of a class have the same
	Check
}

// A Record is all that reports need of one graded submission, and the content
// of its result file: from the records of a class, in the order of their
// names, every report is made, whoever graded them and where.
type Record struct {
	Version int `json:"version"`
	// Key is a hash of all that the result depends on: submission, scenarios
	// and checker. The result is good as long as the key would be the same.
	Key     string    `json:"key"`
	Started time.Time `json:"started"` // UTC
	Entry   Entry     `json:"entry"`
	// Sources are the Go files that were compiled, sorted by path.
	Sources []Source `json:"sources"`
	// Run is the first run, cut to what reports show; nil if nothing ran.
	Run *evidence.Run `json:"run,omitempty"`
}

// A Source is one source file of a submission.
type Source struct {
	Path string `json:"path"` // as in a Finding's At and a Message's File: relative to the submission
	Text string `json:"text"` // valid UTF-8, else as the submission has it: escape before showing
	Cut  bool   `json:"cut,omitempty"`
}

// maxFileName is how long the file names are that FileName returns, in bytes:
// ".json.zst" and a temporary file's letters still fit behind it.
const maxFileName = 120

// FileName returns a file name for a submission's name: no two names share one,
// and it consists of letters, digits, and "-", "_", ".", "=" alone, begins with
// none of "-" and ".", and is not empty. Names that are made of these, but "=",
// stay as they are.
func FileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' ||
			i > 0 && (c == '-' || c == '.')
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	if name == "" {
		return "="
	}
	file := b.String()
	if len(file) <= maxFileName {
		return file
	}
	sum := sha256.Sum256([]byte(name))
	tail := "==" + hex.EncodeToString(sum[:8])
	return file[:maxFileName-len(tail)] + tail
}
