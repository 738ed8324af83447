package command

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"pidone/checker/gradescope"
)

// gradescope makes the autograder of an exercise for Gradescope.
func (a *app) gradescope(args []string) int {
	fs := flag.NewFlagSet("gradescope", flag.ContinueOnError)
	out := fs.String("out", "", "the zip file to write; default: gradescope-NN.zip")
	positional, _, _, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	e, step, err := selected(c, positional)
	if err != nil {
		return a.fail(err)
	}
	if step != nil {
		return a.fail(fmt.Errorf("an autograder is for a whole exercise: %s, not %s.%d", e.Number, e.Number, step.Number))
	}
	if *out == "" {
		*out = "gradescope-" + e.Number + ".zip"
	}
	path, err := absolute(*out)
	if err != nil {
		return a.fail(err)
	}
	var zip bytes.Buffer
	files, err := gradescope.Write(&zip, os.DirFS(a.root), e.ID)
	if err != nil {
		return a.fail(err)
	}
	temp := path + ".tmp"
	if err := os.WriteFile(temp, zip.Bytes(), 0o666); err != nil {
		os.Remove(temp)
		return a.fail(fmt.Errorf("write autograder: %w", err))
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return a.fail(fmt.Errorf("write autograder: %w", err))
	}
	fmt.Fprintf(a.out, "%s: %d files, %d KiB, for an assignment of %d points\n", *out, files, zip.Len()>>10, e.Points())
	fmt.Fprintln(a.out, "upload it as the assignment's autograder (docs/platforms.md)")
	return passed
}
