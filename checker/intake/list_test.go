package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed lists a folder and returns each entry as "name: path, path".
func listed(t testing.TB, dir, roster string) (*Listing, []string) {
	t.Helper()
	l, err := List(dir, roster)
	require.NoError(t, err)
	var lines []string
	for _, e := range l.Entries {
		line := e.Name + ":"
		rel, err := filepath.Rel(dir, e.Path)
		switch {
		case e.Path == "":
			line += " nothing"
		case len(e.Files) == 0:
			require.NoError(t, err)
			line += " " + rel + "/"
		}
		for _, f := range e.Files {
			rel, err := filepath.Rel(dir, f.Path)
			require.NoError(t, err)
			line += " " + f.Name + "=" + rel
		}
		lines = append(lines, line)
	}
	return l, lines
}

func TestListLayouts(t *testing.T) {
	t.Parallel()
	const metadata = `---
submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: '4711'
    :email: jane@example.org
  :created_at: 2025-09-01 10:00:00.000000000 Z
  :score: 12.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    output: x
submission_12:
  :submitters:
  - :name: John Roe
    :sid: ''
    :email: john@example.org
  - :name: Ann Poe
    :email: ann@example.org
`
	const grades = `"assignment_name","assignment_url","starter_code_url","github_username","roster_identifier","student_repository_name","student_repository_url","submission_timestamp","points_awarded","points_available"
"box","https://x","","jdoe","Jane Doe","box-jdoe","https://x/box-jdoe","2025","0","100"
`
	tests := []struct {
		name, layout string
		files        []string
		want         []string
		ignored      []string
	}{
		{"plain", "", []string{"bob/main.go", "alice.zip", "carol.TAR.GZ", "dave.tgz", "erin.tar.zst", "frank.tar", "gina.go", "henry.rar",
			".DS_Store", "__MACOSX/x", "Thumbs.db", ".git/config", "~$x.zip", "notes.txt", "x_test.go", "grades.csv"},
			[]string{"alice: alice.zip=alice.zip", "bob: bob/", "carol: carol.TAR.GZ=carol.TAR.GZ", "dave: dave.tgz=dave.tgz",
				"erin: erin.tar.zst=erin.tar.zst", "frank: frank.tar=frank.tar", "gina: gina.go=gina.go", "henry: henry.rar=henry.rar"},
			[]string{"grades.csv", "notes.txt", "x_test.go"}},
		{"the same name", "", []string{"alice/main.go", "alice.zip", "alice.tar"},
			[]string{"alice: alice/", "alice (alice.tar): alice.tar=alice.tar", "alice (alice.zip): alice.zip=alice.zip"}, nil},
		{"Moodle", "Moodle", []string{"Jane Doe_12345_assignsubmission_file_/main.go", "Jane Doe_12345_assignsubmission_onlinetext_/onlinetext.html",
			"John Roe_12346_assignsubmission_file/x.zip", "Ann_Mary Poe_12347_assignsubmission_onlinetext_/onlinetext.html",
			"Jane Doe_12348_assignsubmission_file_/main.go"},
			[]string{"Ann_Mary Poe: Ann_Mary Poe_12347_assignsubmission_onlinetext_/", "Jane Doe (12345): Jane Doe_12345_assignsubmission_file_/",
				"Jane Doe (12348): Jane Doe_12348_assignsubmission_file_/", "John Roe: John Roe_12346_assignsubmission_file/"}, nil},
		{"Moodle without folders", "Moodle", []string{"Jane Doe_12345_assignsubmission_file_main.go", "Jane Doe_12345_assignsubmission_file_go.mod",
			"Jane Doe_12345_assignsubmission_onlinetext_onlinetext.html", "John Roe_12346_assignsubmission_file_a_b.zip"},
			[]string{"Jane Doe: go.mod=Jane Doe_12345_assignsubmission_file_go.mod main.go=Jane Doe_12345_assignsubmission_file_main.go",
				"John Roe: a_b.zip=John Roe_12346_assignsubmission_file_a_b.zip"}, nil},
		{"Moodle's folders, packed", "Moodle", []string{"Jane Doe_12345_assignsubmission_file_.zip", "John Roe_12346_assignsubmission_file.tar.gz"},
			[]string{"Jane Doe: files.zip=Jane Doe_12345_assignsubmission_file_.zip", "John Roe: files.tar.gz=John Roe_12346_assignsubmission_file.tar.gz"}, nil},
		{"Canvas", "Canvas", []string{"doejane_12345_67890_hand-in.zip", "roejohn_LATE_12346_67891_main.go", "roejohn_LATE_12346_67892_util.go",
			"poeann_12347_67893_report_1.pdf", "loefay_12348_text.html"},
			[]string{"doejane: hand-in.zip=doejane_12345_67890_hand-in.zip", "loefay: text.html=loefay_12348_text.html", "poeann: report_1.pdf=poeann_12347_67893_report_1.pdf",
				"roejohn: main.go=roejohn_LATE_12346_67891_main.go util.go=roejohn_LATE_12346_67892_util.go"}, nil},
		{"Canvas, handed in again", "Canvas", []string{"doejane_12345_67890_main-1.go", "doejane_12345_67891_go-2.mod"},
			[]string{"doejane: main-1.go=doejane_12345_67890_main-1.go go.mod=doejane_12345_67891_go-2.mod"}, nil},
		{"Canvas, unpacked", "Canvas", []string{"doejane_12345_67890_hand-in/main.go"}, []string{"doejane: doejane_12345_67890_hand-in/"}, nil},
		{"Gradescope", "Gradescope", []string{"submission_11/main.go", "submission_12/main.go", "submission_13/main.go", "submission_metadata.yml", metadata},
			[]string{"Jane Doe: submission_11/", "John Roe, Ann Poe: submission_12/", "submission_13: submission_13/"}, nil},
		{"Gradescope, as it was unpacked", "Gradescope", []string{"assignment_7_export/submission_11/main.go", "assignment_7_export/submission_metadata.yml", metadata},
			[]string{"Jane Doe: assignment_7_export/submission_11/"}, nil},
		{"GitHub Classroom, repositories", "GitHub Classroom", []string{"box-jdoe/.git/config", "box-john-roe/.git/config"},
			[]string{"jdoe: box-jdoe/", "john-roe: box-john-roe/"}, nil},
		{"GitHub Classroom, by gh", "GitHub Classroom", []string{"my-box-submissions/my-box-jdoe/main.go"}, []string{"jdoe: my-box-submissions/my-box-jdoe/"}, nil},
		{"GitHub Classroom, with grades", "GitHub Classroom", []string{"box-jdoe/main.go", "box-else/main.go", "classroom_grades.csv", grades},
			[]string{"box-else: box-else/", "jdoe: box-jdoe/"}, nil},
		{"folders that begin alike", "", []string{"student-1/main.go", "student-2/main.go"}, []string{"student-1: student-1/", "student-2: student-2/"}, nil},
		{"numbers that are no platform's", "", []string{"team_1_2_final.zip", "team_1_3_final.zip"},
			[]string{"team_1_2_final: team_1_2_final.zip=team_1_2_final.zip", "team_1_3_final: team_1_3_final.zip=team_1_3_final.zip"}, nil},
		{"names of bytes", "", []string{"a\xff.zip", "a\xfe.zip", "\x1b[31m.zip"},
			[]string{"\x1b[31m: \x1b[31m.zip=\x1b[31m.zip", "a\uFFFD (a\uFFFD.zip): a\xfe.zip=a\xfe.zip", "a\uFFFD (a\uFFFD.zip) (2): a\xff.zip=a\xff.zip"}, nil},
		{"a long name", "", []string{strings.Repeat("é", 120) + ".zip"},
			[]string{strings.Repeat("é", 100) + ": " + strings.Repeat("é", 120) + ".zip=" + strings.Repeat("é", 120) + ".zip"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for i := 0; i < len(tt.files); i++ {
				text := ""
				if i+1 < len(tt.files) && strings.Contains(tt.files[i+1], "\n") {
					text = tt.files[i+1]
				}
				write(t, dir, tt.files[i], text)
				if text != "" {
					i++
				}
			}
			l, lines := listed(t, dir, "")
			assert.Equal(t, tt.want, lines)
			assert.Equal(t, tt.layout, l.Layout)
			assert.ElementsMatch(t, tt.ignored, l.Ignored)
		})
	}
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(write(t, t.TempDir(), "x.zip", ""), "x.zip")
	for dir, want := range map[string]string{
		"/nonexistent/dir": "list submissions: /nonexistent/dir: no such folder",
		file:               "not a folder; unpack it, and give the folder that holds the submissions",
		t.TempDir():        "no submission in it (it is empty); wanted: folders or archives (.zip .tar .tar.gz .tgz .tar.zst .tzst), one a submission",
		write(t, t.TempDir(), "notes.txt", "", "grades.csv", ""):                         "no submission in it (it holds only grades.csv, notes.txt)",
		write(t, t.TempDir(), "main.go", hello):                                          "it holds main.go, and looks like one submission; give the folder above it, or type: make check SUBMISSION=",
		write(t, t.TempDir(), "go.mod", "", "cmd/main.go", ""):                           "it holds go.mod, and looks like one submission",
		write(t, t.TempDir(), "submission_1/x", "", "submission_metadata.yml", "a: [\n"): "submission_metadata.yml: yaml:",
	} {
		_, err := List(dir, "")
		require.ErrorContains(t, err, want)
	}
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(write(t, t.TempDir(), "alice/main.go", hello), link))
	_, lines := listed(t, link, "")
	assert.Equal(t, []string{"alice: alice/"}, lines, "an instructor's own link is followed")
}

func TestRoster(t *testing.T) {
	t.Parallel()
	moodle := []string{"Jané Doe_12345_assignsubmission_file_/main.go", "Participant 77_12346_assignsubmission_file_/main.go", "Zoe_12347_assignsubmission_file_/main.go"}
	canvas := []string{"doejane_12345_67890_x.zip", "roejohn_12346_67891_x.zip"}
	tests := []struct {
		name, roster string
		files        []string
		want         []string
		unknown      []string
	}{
		{"names", "\ufeffname\nJane\u0301 Doe\nJohn Roe\n", moodle,
			[]string{"Jane\u0301 Doe: Jané Doe_12345_assignsubmission_file_/", "John Roe: nothing",
				"Participant 77: Participant 77_12346_assignsubmission_file_/", "Zoe: Zoe_12347_assignsubmission_file_/"}, []string{"Participant 77", "Zoe"}},
		{"Moodle's grading worksheet", "Identifier,\"Full name\",\"Email address\",Status\nParticipant 12345,Jane Doe,j@x,\nParticipant 12346,John Roe,r@x,\nParticipant 12347,Zoe Foe,,\n", moodle,
			[]string{"Jane Doe: Jané Doe_12345_assignsubmission_file_/", "John Roe: Participant 77_12346_assignsubmission_file_/", "Zoe Foe: Zoe_12347_assignsubmission_file_/"}, nil},
		{"Canvas's grade book", "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n\"Doe, Jane\",12345,s1,jdoe,A\n\"Roe, John\",99,s2,jroe,A\n\"Poe, Ann\",98,s3,apoe,A\n\"Student, Test\",97,,x,A\n", canvas,
			[]string{"Doe, Jane: x.zip=doejane_12345_67890_x.zip", "Poe, Ann: nothing", "Roe, John: x.zip=roejohn_12346_67891_x.zip"}, nil},
		{"first and last name, semicolons, Latin-1", "Vorname;Nachname;E-Mail\r\nJan\xe9;Doe;jd@x.org\r\nJohn;Roe;jr@x.org\r\n", []string{"jd.zip", "Roe John/main.go"},
			[]string{"Jané Doe: jd.zip=jd.zip", "John Roe: Roe John/"}, nil},
		{"tabs and staff", "Name\tEmail\tRole\nJane Doe\tjane@x\tStudent\nTom Tee\ttom@x\tTA\n", []string{"jane/main.go", "tom/main.go"},
			[]string{"Jane Doe: jane/", "tom: tom/"}, []string{"tom"}},
		{"logins", "login\njdoe\n\n", []string{"JDoe.zip", "x.zip"}, []string{"jdoe: JDoe.zip=JDoe.zip", "x: x.zip=x.zip"}, []string{"x"}},
		{"two of one name", "name,id\nJane Doe,1\nJane Doe,2\n", []string{"Jane Doe/main.go", "2/main.go"},
			[]string{"Jane Doe: Jane Doe/", "Jane Doe (1): nothing", "Jane Doe (2): 2/"}, []string{"Jane Doe"}},
		{"nobody handed in", "name\nJane Doe\n", nil, []string{"Jane Doe: nothing"}, nil},
		{"twice handed in", "name,login\nJane Doe,jane\n", []string{"jane.zip", "Jane Doe/main.go"},
			[]string{"Jane Doe: Jane Doe/", "Jane Doe (jane.zip): jane.zip=jane.zip"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, f := range tt.files {
				write(t, dir, f, "")
			}
			roster := filepath.Join(write(t, t.TempDir(), "roster.csv", tt.roster), "roster.csv")
			l, lines := listed(t, dir, roster)
			assert.Equal(t, tt.want, lines)
			assert.Equal(t, tt.unknown, l.Unknown)
		})
	}
}

func TestRosterErrors(t *testing.T) {
	t.Parallel()
	dir := write(t, t.TempDir(), "alice/main.go", hello)
	for text, want := range map[string]string{
		"":                        "it is empty",
		"Jane Doe\nJohn Roe\n":    "no column of its first line says who it is (Jane Doe); wanted: name, student, first name and last name, login, email or id",
		"role,grade\nstudent,1\n": "no column of its first line says who it is (role, grade)",
		"name\n\n":                "nobody is in it",
		"\xff\xfen\x00":           "it is UTF-16; save it as CSV UTF-8",
		"PK\x03\x04xl":            "it is a spreadsheet; save it as CSV UTF-8",
	} {
		roster := filepath.Join(write(t, t.TempDir(), "roster.csv", text), "roster.csv")
		_, err := List(dir, roster)
		assert.ErrorContains(t, err, "read roster "+roster+": "+want)
	}
	_, err := List(dir, "/nonexistent.csv")
	assert.EqualError(t, err, "read roster: open /nonexistent.csv: no such file or directory")
}
