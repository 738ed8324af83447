package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"pidone/checker/grade"
)

// manifestVersion is the version of the JSON form of a Manifest.
const manifestVersion = 1

// manifestFile is where a Manifest lies.
const manifestFile = "class.json"

// A Manifest says what is graded in a folder.
type Manifest struct {
	Version int         `json:"version"`
	Class   grade.Class `json:"class"`
	// Kit is a hash of what judges: scenarios, points, titles. Checker is one
	// of the program that records and judges.
	Kit     string `json:"kit"`
	Checker string `json:"checker"`
	Shard   Shard  `json:"shard"`
	// Names are those of all submissions of the class, sorted; those of other
	// shards too.
	Names []string `json:"names"`
}

// Share returns the names that belong to the manifest's shard.
func (m *Manifest) Share() []string {
	var share []string
	for _, name := range m.Names {
		if m.Shard.Has(name) {
			share = append(share, name)
		}
	}
	return share
}

// ReadManifest reads the manifest of the folder dir.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: nothing was graded into this folder: it has no %s", dir, manifestFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read class: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("read class: %s: %w: grade into this folder again", filepath.Join(dir, manifestFile), err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("read class: %s: version %d, not %d: another checker wrote it; grade into this folder again",
			filepath.Join(dir, manifestFile), m.Version, manifestVersion)
	}
	if !slices.IsSorted(m.Names) {
		return nil, fmt.Errorf("read class: %s: its names are not sorted: grade into this folder again", filepath.Join(dir, manifestFile))
	}
	return &m, nil
}
