package skeleton

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pidone/checker/pattern"
)

// Sums is where Update records the skeletons that it made last, relative to the
// root of the kit: a file for sha256sum -c. A learner's file is unchanged, and
// may be replaced, if and only if it is what is recorded there.
const Sums = "solutions/skeletons.sum"

// sums maps paths of skeletons, relative to the root, to their SHA-256 in hex.
type sums map[string]string

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

var sumLine = pattern.Lazy(`^([0-9a-f]{64})  (exercises/\S.*)$`)

// readSums returns what is recorded; nothing if there is no record yet.
func readSums(root string) (sums, error) {
	content, err := os.ReadFile(filepath.Join(root, Sums))
	if errors.Is(err, fs.ErrNotExist) {
		return sums{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read sums: %w", err)
	}
	read := sums{}
	for i, line := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		if line == "" {
			continue
		}
		parts := sumLine().FindStringSubmatch(strings.TrimSuffix(line, "\r"))
		if parts == nil || !fs.ValidPath(parts[2]) {
			return nil, fmt.Errorf("read sums: %s:%d: want a SHA-256, two spaces and a path below exercises/", Sums, i+1)
		}
		read[parts[2]] = parts[1]
	}
	return read, nil
}

func (s sums) String() string {
	var text strings.Builder
	for _, path := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s  %s\n", s[path], path)
	}
	return text.String()
}
