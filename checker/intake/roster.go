package intake

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A learner is one row of a roster.
type learner struct {
	name  string   // to be shown
	short string   // what tells namesakes apart: a number, login or address
	keys  []string // by which entries are known as theirs, the surest first
}

// maxRoster is the size of a roster in bytes.
const maxRoster = 16 << 20

// readRoster reads a CSV file of learners: with commas, semicolons or tabs, in
// UTF-8 or as Excel writes it on Windows, with a first line that names columns.
func readRoster(file string) ([]learner, error) {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("read roster %s: %w", file, fmt.Errorf(format, args...))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read roster: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRoster+1))
	switch {
	case err != nil:
		return nil, fail("%w", err)
	case len(data) > maxRoster:
		return nil, fail("it has more than %d MiB", maxRoster>>20)
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, fail("it is UTF-16; save it as CSV UTF-8")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, fail("it is a spreadsheet; save it as CSV UTF-8")
	}
	rows, err := csvRows(data)
	if err != nil {
		return nil, fail("%w", err)
	}
	if len(rows) == 0 {
		return nil, fail("it is empty")
	}
	columns := columnsOf(rows[0])
	if len(columns) == 0 {
		return nil, fail("no column of its first line says who it is (%s); wanted: name, student, first name and last name, login, email or id",
			showAll(rows[0]))
	}
	var all []learner
	for _, row := range rows[1:] {
		if l, ok := learnerOf(row, columns); ok {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return nil, fail("nobody is in it")
	}
	count := map[string]int{}
	for _, l := range all {
		count[l.name]++
	}
	for i, l := range all {
		if count[l.name] > 1 && l.short != "" {
			all[i].name += " (" + l.short + ")"
		}
	}
	return all, nil
}

func csvRows(data []byte) ([][]string, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) { // Excel on Windows; the letters agree with Latin-1
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		data = []byte(b.String())
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	for _, comma := range ",;\t" {
		if bytes.Count(first, []byte(string(comma))) > bytes.Count(first, []byte(string(r.Comma))) {
			r.Comma = comma
		}
	}
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	return r.ReadAll()
}

// A column says something of a learner.
type column int

const (
	fullName column = iota
	firstName
	lastName
	login
	email
	number
	role
)

// columnsOf tells which column of a roster is what, by what learning platforms
// and people call them.
func columnsOf(header []string) map[int]column {
	words := map[string]column{}
	for kind, list := range map[column]string{
		fullName:  "name fullname student students studentname displayname learner participant",
		firstName: "firstname givenname forename vorname prenom nombre",
		lastName:  "lastname surname familyname nachname nom apellido apellidos",
		login:     "login loginid sisloginid username user github githubusername githublogin netid account kennung",
		email:     "email emailaddress mail emails",
		number:    "id studentid sid sisid sisuserid userid idnumber identifier rosteridentifier participantid matriculationnumber matrikelnummer studentnumber number",
		role:      "role",
	} {
		for word := range strings.FieldsSeq(list) {
			words[word] = kind
		}
	}
	columns := map[int]column{}
	who := false
	for i, cell := range header {
		if kind, ok := words[key(cell)]; ok {
			columns[i] = kind
			who = who || kind != role
		}
	}
	if !who {
		return nil
	}
	return columns
}

// learnerOf reads one row; false if there is no learner in it.
func learnerOf(row []string, columns map[int]column) (learner, bool) {
	get := map[column][]string{}
	for i, cell := range row {
		if kind, ok := columns[i]; ok && strings.TrimSpace(cell) != "" {
			get[kind] = append(get[kind], strings.TrimSpace(cell))
		}
	}
	if r := get[role]; len(r) > 0 && key(r[0]) != "student" && key(r[0]) != "learner" {
		return learner{}, false // staff
	}
	names := get[fullName]
	if len(get[firstName])+len(get[lastName]) > 0 {
		names = append(names, strings.Join(slices.Concat(get[firstName], get[lastName]), " "))
	}
	var l learner
	for _, n := range names {
		if k := key(n); k == "pointspossible" || k == "studenttest" || k == "teststudent" {
			return learner{}, false // rows that Canvas puts into a grade book
		}
	}
	for _, cells := range [][]string{get[number], get[login], get[email]} {
		for _, cell := range cells {
			l.keys = append(l.keys, key(cell))
			if digits, ok := strings.CutPrefix(cell, "Participant "); ok {
				l.keys = append(l.keys, key(digits)) // Moodle's grading worksheet
			}
		}
	}
	for _, cell := range get[email] {
		local, _, _ := strings.Cut(cell, "@")
		l.keys = append(l.keys, key(local))
	}
	for _, n := range names {
		l.keys = append(l.keys, nameKeys(n)...)
	}
	others := slices.Concat(get[number], get[login], get[email])
	if len(others) > 0 {
		l.short = clean(others[0])
	}
	if shown := slices.Concat(names, get[login], get[email], get[number]); len(shown) > 0 {
		l.name = clean(shown[0])
		return l, true
	}
	return learner{}, false
}

// key makes texts alike that people take for the same: letters and digits
// alone, without case and accents.
func key(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// nameKeys returns the keys of the ways to write a person's name: "Jane Mary
// Doe" is "Doe, Jane Mary" too.
func nameKeys(s string) []string {
	keys := []string{key(s)}
	if last, first, ok := strings.Cut(s, ","); ok {
		return append(keys, key(first+last))
	}
	if i := strings.LastIndexByte(strings.TrimSpace(s), ' '); i >= 0 {
		keys = append(keys, key(s[i:]+s[:i]))
	}
	return keys
}

// match names the entries as the roster does, and adds who handed in nothing.
func (l *Listing) match(roster string) error {
	all, err := readRoster(roster)
	if err != nil {
		return err
	}
	by := map[string]int{} // key to index, -1 where it could be several
	for i, who := range all {
		for _, k := range who.keys {
			if at, taken := by[k]; taken && at != i {
				by[k] = -1
			} else if k != "" {
				by[k] = i
			}
		}
	}
	handed := make([]bool, len(all))
	for i := range l.Entries {
		e := &l.Entries[i]
		at := -1
		for _, k := range slices.Concat(e.keys(), nameKeys(e.Name)) {
			if found, ok := by[k]; ok && found >= 0 {
				at = found
				break
			}
		}
		if at < 0 {
			e.unknown = true
			continue
		}
		handed[at] = true
		e.Name = all[at].name
	}
	for i, who := range all {
		if !handed[i] {
			l.Entries = append(l.Entries, Entry{Name: who.name})
		}
	}
	return nil
}

func (e *Entry) keys() []string {
	var keys []string
	for _, id := range e.ids {
		keys = append(keys, key(id))
	}
	return keys
}
