package export

import (
	"fmt"
	"io"

	"pidone/checker/grade"
	"pidone/checker/report"
)

// results is results.json: every entry as the JSON of one check, and its name.
type results struct {
	w     io.Writer
	class grade.Class
	any   bool
}

func newResults(w io.Writer, class grade.Class) Report { return &results{w: w, class: class} }

// begin writes what stands before the first entry, or between two.
func (r *results) begin() error {
	between := ",\n    "
	if !r.any {
		exercise, err := report.MarshalJSON(r.class.Exercise, "")
		if err != nil {
			return err
		}
		between = fmt.Sprintf("{\n  \"exercise\": %s,\n  \"submissions\": [\n    ", exercise)
	}
	r.any = true
	_, err := io.WriteString(r.w, between)
	return err
}

func (r *results) Add(rec *grade.Record) error {
	entry := grade.Entry{Name: rec.Entry.Name, Check: report.Whole(rec.Entry.Check)}
	data, err := report.MarshalJSON(entry, "    ")
	if err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	_, err = r.w.Write(data)
	return err
}

func (r *results) Close() error {
	if !r.any {
		if err := r.begin(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(r.w, "\n  ]\n}\n")
	return err
}
