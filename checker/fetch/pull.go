package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"pidone/checker/images"
)

// pull fetches an image from a registry, puts its layers together and keeps it.
func pull(ctx context.Context, store *images.Store, reference, as, platform string, out, say io.Writer) error {
	if reference == "" {
		return errors.New("say which image: make pull IMAGE=alpine")
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		return fmt.Errorf("fetch image: %w", err)
	}
	if as == "" {
		as = nameOf(ref)
	}
	if err := images.CheckName(as); err != nil {
		return err
	}
	if platform == "" {
		platform = "linux/" + runtime.GOARCH
	}
	want, err := v1.ParsePlatform(platform)
	if err != nil {
		return fmt.Errorf("fetch image %s: %w", ref, err)
	}
	fmt.Fprintf(say, "fetching %s for %s ...\n", ref, want)
	img, err := remote.Image(ref, remote.WithContext(ctx), remote.WithPlatform(*want), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return pullError(ctx, ref, err)
	}
	// An image that is made for another platform alone is given out all the same.
	if config, err := img.ConfigFile(); err != nil {
		return pullError(ctx, ref, err)
	} else if config.Architecture != "" && config.Architecture != want.Architecture {
		return fmt.Errorf("fetch image %s: it is for %s/%s, not for %s", ref, config.OS, config.Architecture, want)
	}
	layers := mutate.Extract(img)
	defer layers.Close()
	where, err := store.Save(as, layers)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("fetch image %s: %w", ref, err)
	}
	kept(out, as, where)
	return nil
}

// nameOf is what an image is called here: "alpine" for "alpine" and for
// "docker.io/library/alpine:latest", "alpine-3.22" for "alpine:3.22".
func nameOf(ref name.Reference) string {
	base := ref.Context().RepositoryStr()
	base = base[strings.LastIndexByte(base, '/')+1:]
	if tag, ok := ref.(name.Tag); ok && tag.TagStr() != name.DefaultTag {
		return base + "-" + tag.TagStr()
	}
	return base
}

func pullError(ctx context.Context, ref name.Reference, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("fetch image %s: %w\nwithout a network: make rootfs makes an image with a shell from a package of Debian's", ref, err)
}
