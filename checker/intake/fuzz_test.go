package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pidone/checker/build"
)

// FuzzArchive: whatever an archive holds, there is one answer, in time, that is
// safe to print, and the names in the tree stay in it.
func FuzzArchive(f *testing.F) {
	tarred := tarOf(f, "x/main.go", hello, "x/go.mod", "module m\n", "y", "")
	f.Add(zipOf(f, "x/main.go", hello, "l", "->/etc", "y", ""))
	f.Add(zipStored(f, `x\main.go`, hello))
	f.Add(zipOf(f, "../main.go", hello))
	f.Add(tarred)
	f.Add(gzipOf(f, tarred))
	f.Add(zstdOf(f, tarred))
	f.Add(tarOf(f, "main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed y\nvar y string\n\nfunc main() {}\n", "y", "1"))
	want := wanted()
	want.Limits = Limits{Packed: 1 << 20, Entries: 1000, Stream: 4 << 20, File: 1 << 20, Kept: 4 << 20, Time: 5 * time.Second}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.tar")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		sub, problem, err := Open(t.Context(), Entry{Name: "a", Path: path, Files: []File{{"a.tar", path}}}, want)
		if err != nil || (sub == nil) == (problem == nil) {
			t.Fatal(sub, problem, err)
		}
		if problem != nil {
			if s := problem.String(); !utf8.ValidString(s) || strings.ContainsAny(s, "\n\x1b\x00") || problem.Try == "" {
				t.Fatalf("%q", s)
			}
			return
		}
		walk(t, sub.Tree, ".", 0)
	})
}

func walk(t *testing.T, tree build.Tree, folder string, depth int) {
	names, err := tree.List(folder, 1<<20)
	if err != nil || depth > maxDepth+2 {
		t.Fatal(folder, err)
	}
	for _, base := range names {
		if base == "" || base == "." || base == ".." || strings.ContainsAny(base, "/\x00") {
			t.Fatalf("%q", base)
		}
		name := filepath.Join(folder, base)
		if kind, err := tree.Kind(name); err != nil {
			t.Fatal(err)
		} else if kind == build.KindFolder {
			walk(t, tree, name, depth+1)
		}
	}
}

// FuzzNames: whatever files are called, each is an entry's or ignored, and no
// two entries have the same name.
func FuzzNames(f *testing.F) {
	f.Add("Jane Doe_12345_assignsubmission_file_\nJane Doe_12345_assignsubmission_onlinetext_/", true)
	f.Add("doejane_LATE_12345_67890_main.go\ndoejane_12345_67890_go-1.mod\nx.zip\nx.tar\nx", false)
	f.Add("a\xff.zip\na\xfe.zip\n?", false)
	f.Fuzz(func(t *testing.T, text string, isDir bool) {
		var names []name
		for _, base := range strings.Split(text, "\n") {
			if base != "" && len(base) < 256 && !strings.ContainsAny(base, "/\x00") && !isJunk(base) {
				names = append(names, name{base: base, isDir: isDir})
			}
		}
		l := &Listing{}
		l.sort("dir", names)
		makeUnique(l.Entries)
		seen, files := map[string]bool{}, len(l.Ignored)
		for _, e := range l.Entries {
			if seen[e.Name] || e.Name == "" || !utf8.ValidString(e.Name) || e.Path == "" {
				t.Fatalf("%+v", e)
			}
			seen[e.Name] = true
			files += max(len(e.Files), 1)
		}
		if files > len(names) || len(names) > 0 && files == 0 {
			t.Fatalf("%d of %d", files, len(names))
		}
	})
}

// FuzzRoster: whatever a roster holds, it is read or refused.
func FuzzRoster(f *testing.F) {
	f.Add([]byte("\ufeffname;login\nJane Doe;jane\n"))
	f.Add([]byte("Student,ID\n\"Doe, Jane\",1\n    Points Possible,\n"))
	f.Add([]byte("Identifier,Full name\nParticipant 12,\"a\nb\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "roster.csv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := readRoster(path)
		if (err == nil) != (len(all) > 0) {
			t.Fatal(all, err)
		}
		for _, l := range all {
			if l.name == "" || !utf8.ValidString(l.name) {
				t.Fatalf("%q", l.name)
			}
		}
	})
}
