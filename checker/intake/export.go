package intake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Exports whose folder has a file that names the learners.

// A gradescopeSubmission is what submission_metadata.yml tells of one.
type gradescopeSubmission struct {
	Submitters []struct {
		Name  string `yaml:":name"`
		SID   string `yaml:":sid"`
		Email string `yaml:":email"`
	} `yaml:":submitters"`
}

const gradescopeFile = "submission_metadata.yml"

// nameGradescope names the entries submission_ID of a Gradescope export.
func (l *Listing) nameGradescope(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, gradescopeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var all map[string]gradescopeSubmission
	if err := yaml.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, gradescopeFile), err)
	}
	l.Layout = "Gradescope"
	l.Ignored = slices.DeleteFunc(l.Ignored, func(s string) bool { return s == gradescopeFile })
	for i := range l.Entries {
		e := &l.Entries[i]
		base := filepath.Base(e.Path)
		id := gradescope().FindStringSubmatch(base)
		if id == nil {
			continue
		}
		e.ids = []string{id[1]}
		var names []string
		for _, s := range all[base].Submitters {
			names = append(names, s.Name)
			e.ids = append(e.ids, s.SID, s.Email)
		}
		if name := clean(strings.Join(names, ", ")); len(names) > 0 && name != "?" {
			e.Name = name
		}
	}
	return nil
}

// nameClassroom names the repositories assignment-login of a GitHub Classroom
// assignment. That they are such is told by the folder's name,
// assignment-submissions, as gh makes it, by a CSV file of grades as Classroom
// offers it, or by every folder being a repository.
func (l *Listing) nameClassroom(dir string) error {
	var repos []int
	for i, e := range l.Entries {
		if len(e.Files) == 0 && len(e.ids) == 0 {
			repos = append(repos, i)
		}
	}
	if l.Layout != "" || len(repos) == 0 {
		return nil
	}
	logins, err := l.classroomGrades(dir)
	if err != nil {
		return err
	}
	prefix := l.assignment(dir, repos)
	if len(logins) == 0 && prefix == "" {
		return nil
	}
	l.Layout = "GitHub Classroom"
	for _, i := range repos {
		e := &l.Entries[i]
		base := filepath.Base(e.Path)
		if who, ok := logins[base]; ok {
			e.Name, e.ids = clean(who[0]), who
		} else if login, ok := strings.CutPrefix(base, prefix); ok && prefix != "" && login != "" {
			e.Name = clean(login)
		}
	}
	return nil
}

// assignment returns what the names of all repositories begin with, or "" where
// they are none of one assignment.
func (l *Listing) assignment(dir string, repos []int) string {
	prefix := filepath.Base(l.Entries[repos[0]].Path)
	all := true
	for _, i := range repos {
		base := filepath.Base(l.Entries[i].Path)
		for !strings.HasPrefix(base, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
		_, err := os.Lstat(filepath.Join(l.Entries[i].Path, ".git"))
		all = all && err == nil
	}
	abs, err := filepath.Abs(dir)
	if named, ok := strings.CutSuffix(filepath.Base(abs), "submissions"); err == nil && ok && strings.HasSuffix(named, "-") && len(named) > 1 && strings.HasPrefix(prefix, named) {
		return named
	}
	prefix = prefix[:strings.LastIndexByte(prefix, '-')+1]
	if !all || len(repos) < 2 {
		return ""
	}
	return prefix
}

// classroomGrades reads the login and the roster's identifier for each
// repository from the CSV file that GitHub Classroom offers.
func (l *Listing) classroomGrades(dir string) (map[string][]string, error) {
	logins := map[string][]string{}
	for _, base := range slices.Clone(l.Ignored) {
		if !strings.EqualFold(filepath.Ext(base), ".csv") {
			continue
		}
		file := filepath.Join(dir, base)
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxRoster {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		rows, err := csvRows(data)
		if err != nil || len(rows) == 0 {
			continue
		}
		at := func(name string) int {
			return slices.IndexFunc(rows[0], func(s string) bool { return key(s) == name })
		}
		repo, login, id := at("studentrepositoryname"), at("githubusername"), at("rosteridentifier")
		if repo < 0 || login < 0 {
			continue
		}
		for _, row := range rows[1:] {
			if len(row) <= max(repo, login, id) || row[login] == "" {
				continue
			}
			who := []string{row[login]}
			if id >= 0 && row[id] != "" {
				who = append(who, row[id])
			}
			logins[row[repo]] = who
		}
		l.Ignored = slices.DeleteFunc(l.Ignored, func(s string) bool { return s == base })
	}
	return logins, nil
}
