package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/images"
	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// box is the image that checks make themselves.
const box = "box"

// show makes an image visible in a sandbox, and returns what a recorder looks
// for. The payload is there besides, so that it can be run without a container.
func (s *session) show(ctx context.Context, cmd *sandbox.Command, name string) (*trace.Image, error) {
	payload, err := s.payload(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := s.image(name, payload)
	if err != nil {
		return nil, err
	}
	image := &trace.Image{
		Image:    evidence.Image{Name: name, Path: images.Rootfs(name)},
		MarkFile: images.MarkFile, Mark: images.NewMark(), Payload: payload,
	}
	cmd.Files = append(cmd.Files, sandbox.File{Path: images.Program, Data: payload, Mode: 0o755})
	plant(cmd, name, images.Marked(nodes, image.Mark))
	return image, nil
}

// plant puts an image's files where the workshop has them.
func plant(cmd *sandbox.Command, name string, nodes []sandbox.Node) {
	cmd.Empty = append(cmd.Empty, images.Top)
	cmd.Trees = append(cmd.Trees, sandbox.Tree{Top: images.Top, Path: strings.TrimPrefix(images.Rootfs(name), images.Top+"/"), Nodes: nodes})
}

// provide makes folders in the working directory, and has what is there listed
// when all is over.
func provide(cmd *sandbox.Command, folders []string) {
	cmd.Look = sandbox.WorkDir
	for _, name := range folders {
		cmd.Trees = append(cmd.Trees, sandbox.Tree{Top: sandbox.WorkDir, Path: name, Nodes: []sandbox.Node{
			{Path: "seed", Mode: unix.S_IFREG | 0o644, Data: []byte("this lay on the host\n")},
		}})
	}
}

// image returns the files of an image: the one of checks, or one of the user's.
func (s *session) image(name string, payload []byte) ([]sandbox.Node, error) {
	if name == box {
		return images.Box(payload), nil
	}
	store, err := images.OpenStore()
	if err != nil {
		return nil, err
	}
	nodes, err := store.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = noImage(store, name)
	}
	return nodes, err
}

// haveImage returns an error if there is no image of that name.
func haveImage(name string) error {
	if name == box || name == "" {
		return nil
	}
	store, err := images.OpenStore()
	if err != nil {
		return err
	}
	names, err := store.Names()
	if err == nil && !slices.Contains(names, name) {
		err = noImage(store, name)
	}
	return err
}

// noImage says which images there are, and how to get one.
func noImage(store *images.Store, name string) error {
	if err := images.CheckName(name); err != nil {
		return err
	}
	names, err := store.Names()
	if err != nil {
		return err
	}
	there := "none is there yet but " + box
	if len(names) > 0 {
		there = "there are " + strings.Join(append([]string{box}, names...), ", ")
	}
	return fmt.Errorf("find image %s: %s; make rootfs IMAGE=%s makes one with a shell, make pull IMAGE=%s fetches a real one", name, there, name, name)
}

// payload is the kit's program for containers.
func (s *session) payload(ctx context.Context) ([]byte, error) {
	s.payloadOnce.Lock()
	defer s.payloadOnce.Unlock()
	if s.payloadData == nil {
		data, err := images.Payload(ctx, s.root, func() (string, error) {
			tools, err := build.FindToolchain(ctx, s.root)
			if err != nil {
				return "", err
			}
			return tools.Go(), nil
		})
		if err != nil {
			return nil, err
		}
		s.payloadData = data
	}
	return s.payloadData, nil
}
