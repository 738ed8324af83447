package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/network"
	"pidone/checker/sandbox"
)

// diagnosis is what doctor found out for one exercise, or for all of them.
type diagnosis struct {
	Exercise string            `json:"exercise"` // "all", an exercise's number, or placeVM
	Title    string            `json:"title"`
	Features []sandbox.Feature `json:"features"`
}

// uses lists what an exercise's containers are made of, besides what every check
// needs.
func uses(root string, e *course.Exercise) []string {
	names := []string{}
	switch {
	case e.Number == "03":
		names = append(names, "PID namespaces", "UTS namespaces")
	case e.Number > "03":
		names = append(names, "PID namespaces", "UTS namespaces", "mount namespaces")
	}
	// What is wrong with a scenario says the check itself.
	more, _ := needs(root, e)
	return append(names, more...)
}

// doctor tells what this machine can and cannot run, and what to do about it.
func (a *app) doctor(args []string) int {
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	format := fs.String("format", "text", "text or json")
	if _, _, _, err := parse(fs, args); err != nil {
		return a.fail(err)
	}
	if *format != "text" && *format != "json" {
		return a.fail(fmt.Errorf("no format %q; there are text and json", *format))
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	code, entered, err := sandbox.Enter()
	if entered {
		return code
	}
	var features []sandbox.Feature
	var refused *sandbox.RefusedError
	switch {
	case errors.As(err, &refused):
		features = append(features, sandbox.Feature{
			Name: "user namespaces", Answer: sandbox.No, Why: refused.Error(), Remedy: refused.Remedy,
		})
	case err != nil:
		return a.fail(err)
	default:
		features = append(sandbox.Probe(a.ctx), network.Probe()...)
	}
	features = append(features, a.probeGo())
	all := []diagnosis{{Exercise: "all", Title: "every exercise: sandbox, recorder, compiler", Features: features}}
	for _, e := range c.Exercises {
		d := diagnosis{Exercise: e.Number, Title: e.Title, Features: []sandbox.Feature{}}
		for _, name := range uses(a.root, e) {
			i := slices.IndexFunc(features, func(f sandbox.Feature) bool { return f.Name == name })
			if i >= 0 {
				d.Features = append(d.Features, features[i])
			} else {
				d.Features = append(d.Features, sandbox.Feature{Name: name, Answer: sandbox.CouldNotTell, Why: "it takes user namespaces to try"})
			}
		}
		all = append(all, d)
	}
	if !sandbox.Disposable() { // which is that VM itself
		all = append(all, diagnoseVM())
	}
	if *format == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(all); err != nil {
			return a.fail(err)
		}
	} else {
		a.printDiagnosis(all)
	}
	return verdictOf(features)
}

func (a *app) probeGo() sandbox.Feature {
	f := sandbox.Feature{Name: "Go toolchain", Answer: sandbox.Yes}
	if _, err := build.FindToolchain(a.ctx, a.root); err != nil {
		f.Answer, f.Why, f.Remedy = sandbox.No, err.Error(), "install Go (go.dev/dl) and put it on PATH"
	}
	return f
}

// verdictOf is passed if everything that is needed is there.
func verdictOf(features []sandbox.Feature) int {
	code := passed
	for _, f := range features {
		switch {
		case f.Optional || f.Answer == sandbox.Yes:
		case f.Answer == sandbox.No && code == passed:
			code = failed
		case f.Answer == sandbox.CouldNotTell:
			code = broken
		}
	}
	return code
}

// callerID is the user who called the checker, also when that runs as root of a
// user namespace (see sandbox.Enter).
func callerID() int {
	data, err := os.ReadFile("/proc/self/uid_map")
	var inside, outside, count int
	if err == nil {
		if n, _ := fmt.Sscan(string(data), &inside, &outside, &count); n == 3 && count == 1 {
			return outside
		}
	}
	return os.Getuid()
}

// canCheck says which exercises can be checked where every exercise's needs are
// met. The VM is none of them.
func canCheck(exercises []diagnosis) string {
	var not []string
	for _, d := range exercises {
		if d.Exercise != placeVM && slices.ContainsFunc(d.Features, func(f sandbox.Feature) bool { return f.Answer != sandbox.Yes }) {
			not = append(not, d.Exercise)
		}
	}
	if len(not) == 0 {
		return "All exercises can be checked here."
	}
	return fmt.Sprintf("All exercises can be checked here but %s: see there what is not yes.", strings.Join(not, ", "))
}

func (a *app) printDiagnosis(all []diagnosis) {
	width := screenOf(a.out).width
	fmt.Fprintf(a.out, "This machine, for user id %d:\n", callerID())
	for _, d := range all {
		name := d.Title
		if d.Exercise != "all" {
			name = d.Exercise + " " + d.Title
		}
		fmt.Fprintf(a.out, "\n%s\n", name)
		if len(d.Features) == 0 {
			fmt.Fprintln(a.out, "  nothing more")
		}
		for _, f := range d.Features {
			need := ""
			if f.Optional {
				need = " (not required)"
			}
			fmt.Fprintf(a.out, "  %-15s%s\n", f.Answer, wrap(f.Name+need, width-17, strings.Repeat(" ", 17)))
			if f.Answer == sandbox.Yes {
				continue
			}
			for _, l := range [...][2]string{{"why", f.Why}, {"try", f.Remedy}} {
				if l[1] != "" {
					fmt.Fprintf(a.out, "%20s  %s\n", l[0], wrap(strings.TrimSpace(l[1]), width-22, strings.Repeat(" ", 22)))
				}
			}
		}
	}
	sum := "It could not be told whether everything works here."
	switch verdictOf(all[0].Features) {
	case passed:
		sum = canCheck(all[1:])
	case failed:
		sum = "Nothing can be checked here until every line without (not required) says yes."
	}
	fmt.Fprintf(a.out, "\n%s\n", wrap(sum, width, ""))
}
