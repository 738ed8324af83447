package command

import (
	"flag"
	"fmt"

	"pidone/checker/batch"
)

// merge joins the results of shards.
func (a *app) merge(args []string) int {
	fs := flag.NewFlagSet("merge", flag.ContinueOnError)
	out := fs.String("out", "", "the folder for the whole")
	format := fs.String("format", "", "more reports")
	dirs, rest, _, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	dirs = append(dirs, rest...)
	if *out == "" || len(dirs) == 0 {
		return a.fail(fmt.Errorf("say where the whole goes and where its shards are: checker merge --out report shard-1 shard-2 ..."))
	}
	formats, err := extraFormats(*format)
	if err != nil {
		return a.fail(err)
	}
	whole, err := absolute(*out)
	if err != nil {
		return a.fail(err)
	}
	for i := range dirs {
		if dirs[i], err = absolute(dirs[i]); err != nil {
			return a.fail(err)
		}
		if dirs[i] == whole {
			return a.fail(fmt.Errorf("merge: %s is the folder for the whole; it cannot be a shard too", *out))
		}
		if _, err := batch.ReadManifest(dirs[i]); err != nil {
			return a.fail(err) // before the folder for the whole is made
		}
	}
	store, err := batch.OpenStore(whole)
	if err != nil {
		return a.fail(err)
	}
	defer store.Close()
	m, notes, err := batch.Merge(store, dirs)
	for _, n := range notes {
		a.tell("note: %s", n)
	}
	if err != nil {
		return a.fail(err)
	}
	return a.reports(whole, *out, m, formats)
}
