// Command fetch gets images with a shell in them, for people: one made out of
// Debian's BusyBox, or one from a registry. It is a program of its own because a
// client for registries would make every start of the checker slower.
//
//	fetch rootfs [--package FILE.deb] [NAME]
//	fetch pull [--platform OS/ARCH] IMAGE [NAME]
//	fetch list
//
// Images are kept in the user's cache (images.Store), where checker run finds
// them. Nothing of them is executed here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"pidone/checker/debian"
	"pidone/checker/images"
)

const usage = `usage: fetch rootfs [--package FILE.deb] [NAME]   an image out of Debian's busybox-static
       fetch pull [--platform OS/ARCH] IMAGE [NAME]   an image from a registry
       fetch list                                 the images that are there
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		os.Exit(fail(err))
	}
}

func fail(err error) int {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "fetch: interrupted; nothing is left behind")
		return 128 + int(unix.SIGINT)
	}
	fmt.Fprintf(os.Stderr, "fetch: %v\n", err)
	var e *debian.Error
	if errors.As(err, &e) && e.Remedy != "" {
		fmt.Fprintf(os.Stderr, "       try: %s\n", e.Remedy)
	}
	return 2
}

func run(ctx context.Context, args []string, out, say io.Writer) error {
	store, err := images.OpenStore()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("say what to do\n" + usage)
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	file := fs.String("package", "", "")
	platform := fs.String("platform", "", "")
	if err := fs.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w\n%s", err, usage)
	}
	// make passes an empty word on where nothing was given.
	var rest []string
	for _, arg := range fs.Args() {
		if arg != "" {
			rest = append(rest, arg)
		}
	}
	if len(rest) > 2 || args[0] == "rootfs" && len(rest) > 1 {
		return errors.New("too many names\n" + usage)
	}
	rest = append(rest, "", "")
	switch args[0] {
	case "rootfs":
		return rootfs(ctx, store, *file, rest[0], out, say)
	case "pull":
		return pull(ctx, store, rest[0], rest[1], *platform, out, say)
	case "list":
		names, err := store.Names()
		for _, name := range names {
			fmt.Fprintln(out, name)
		}
		return err
	}
	return fmt.Errorf("%q is no command\n%s", args[0], usage)
}

// kept tells what came of it and what to type next.
func kept(out io.Writer, name, path string) {
	fmt.Fprintf(out, "image %s is there (%s)\ntry:  make run STEP=04 ARGS='run %s /bin/sh'\n", name, path, name)
}
