package intake

import (
	"strings"

	"pidone/checker/pattern"
)

// A platformEntry is what a learning platform's name for a file or folder tells.
type platformEntry struct {
	platform string
	name     string // of the learner
	id       string // the platform's number for the learner
	file     string // the learner's name for the file; of a folder empty
	text     bool   // it was typed into a form
}

// The names that platforms make of what they export.
//
//	Moodle   Jane Doe_12345_assignsubmission_file_/...
//	         Jane Doe_12345_assignsubmission_file_.zip, packed by hand
//	         Jane Doe_12345_assignsubmission_file_main.go
//	         Jane Doe_12345_assignsubmission_onlinetext_/onlinetext.html
//	Canvas   doejane_12345_67890_hand-in.zip
//	         doejane_LATE_12345_67890_hand-in.zip
//	         doejane_12345_text.html
//
// Canvas counts files that are handed in again: main-1.go, which does no harm,
// and go-1.mod, which is no go.mod any more.
var (
	moodleName = pattern.Lazy(`^(.+?)_([0-9]+)_assignsubmission_(file|onlinetext)(_.*|\..*)?$`)
	canvasName = pattern.Lazy(`^(.+?)(?:_LATE)?_([0-9]{3,})_([0-9]{3,})_(.+)$`)
	canvasText = pattern.Lazy(`^(.+?)(?:_LATE)?_([0-9]{3,})_text\.html$`)
	goMod      = pattern.Lazy(`^go-[0-9]+\.mod$`)
	gradescope = pattern.Lazy(`^submission_([0-9]+)$`)
)

// platformName reads what the name of a file or folder tells.
func platformName(n name) (platformEntry, bool) {
	if m := moodleName().FindStringSubmatch(n.base); m != nil {
		file := strings.TrimPrefix(m[4], "_")
		if (isArchive(file) || isSealed(file)) && strings.HasPrefix(file, ".") { // a folder that somebody packed, and no hidden file
			file = "files" + file
		}
		return platformEntry{"Moodle", m[1], m[2], file, m[3] == "onlinetext"}, true
	}
	if m := canvasName().FindStringSubmatch(n.base); m != nil {
		if goMod().MatchString(m[4]) {
			m[4] = "go.mod"
		}
		return platformEntry{"Canvas", m[1], m[2], m[4], false}, true
	}
	if m := canvasText().FindStringSubmatch(n.base); m != nil && !n.isDir {
		return platformEntry{"Canvas", m[1], m[2], "text.html", true}, true
	}
	return platformEntry{}, false
}

// isExported tells whether a name in a folder is one that only a platform's
// export has.
func isExported(base, folder string) bool {
	if assignment, ok := strings.CutSuffix(folder, "submissions"); ok && len(assignment) > 1 && strings.HasPrefix(base, assignment) {
		return true // gh classroom clone student-repos
	}
	_, ok := platformName(name{base: base})
	return ok || gradescope().MatchString(base) || base == gradescopeFile
}
