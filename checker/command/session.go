package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/images"
	"pidone/checker/internet"
	"pidone/checker/network"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
	"pidone/checker/trace"
)

// session holds what is needed to build submissions and to run them.
type session struct {
	host     *sandbox.Host
	tools    *build.Toolchain
	root     string
	limit    time.Duration // of a run; 0: the sandbox's default
	building build.Limits  // of a compilation; fields that are zero have their default
	guest    *guest        // where runs take place; nil: on this machine
	asRoot   *sandbox.Host // where they take place as the machine's root; nil: they do not

	payloadOnce sync.Mutex // for payloadData
	payloadData []byte

	once       sync.Once // for scratch
	scratchErr error
}

// openSession prepares sandboxes. Where the caller is an ordinary user, the
// checker has to be started once more, as root of a user namespace: entered is
// true when that was done, and code is what it ended with.
func (a *app) openSession() (s *session, code int, entered bool, err error) {
	if code, entered, err = sandbox.Enter(); entered || err != nil {
		return nil, code, entered, err
	}
	h, err := sandbox.Open()
	if err != nil {
		return nil, 0, false, err
	}
	return &session{host: h, root: a.root}, 0, false, nil
}

// openSessionAt is openSession with the place where runs take place.
func (a *app) openSessionAt(p place) (s *session, code int, entered bool, err error) {
	s, code, entered, err = a.openSession()
	if s == nil {
		return nil, code, entered, err
	}
	if p.vm != "" {
		s.guest = a.openGuest(p)
	} else if p.as == "root" {
		if s.asRoot, err = sandbox.OpenRoot(); err != nil {
			s.close()
			return nil, 0, false, err
		}
	}
	return s, 0, false, nil
}

func (s *session) close() {
	s.guest.close()
}

// build compiles the submission in dir.
func (s *session) build(ctx context.Context, e *course.Exercise, dir string) (*build.Result, error) {
	return s.compile(ctx, e, build.Request{Dir: dir})
}

// compile compiles what the request's source is.
func (s *session) compile(ctx context.Context, e *course.Exercise, req build.Request) (*build.Result, error) {
	if s.tools == nil {
		tools, err := build.FindToolchain(ctx, s.root)
		if err != nil {
			return nil, err
		}
		s.tools = tools
	}
	req.Kit, req.Allowed, req.Tools, req.Limits = s.root, e.Imports, s.tools, s.building
	if req.Exec == nil {
		req.Exec = build.Sandboxed(s.host)
	}
	return build.Build(ctx, req)
}

// command is how a submission is started.
func (s *session) command(program []byte, args []string) sandbox.Command {
	cmd := sandbox.Submission(program, args)
	cmd.Limits.Time = s.limit
	if s.root != "" {
		cmd.Hide = []string{s.root} // it may lie below /usr
	}
	return cmd
}

// record runs the program once and returns the evidence.
func (s *session) record(ctx context.Context, b *build.Result, spec scenario.RunSpec) (*evidence.Run, error) {
	return s.recordCommand(ctx, b, s.command(b.Program, spec.Args), spec, false)
}

func (s *session) recordCommand(ctx context.Context, b *build.Result, cmd sandbox.Command, spec scenario.RunSpec, alone bool) (*evidence.Run, error) {
	cmd.Keep = s.slowness() > 1 // an emulator's work; elsewhere it would save next to nothing
	opts := trace.Options{Resolve: b.Lines.Line}
	if spec.ChildExit != 0 {
		opts.Inject = &evidence.Inject{ChildExit: spec.ChildExit}
	}
	if spec.Image != "" {
		image, err := s.show(ctx, &cmd, spec.Image)
		if err != nil {
			return nil, err
		}
		opts.Image, opts.Input = image, images.NewMark()+"\n"
		provide(&cmd, spec.Folders)
	}
	equip(&cmd, spec.Features)
	if slices.Contains(spec.Features, network.Veth) {
		opts.Internet = internet.New(internet.Options{})
	}
	if s.guest != nil {
		return s.guest.record(ctx, cmd, b.Lines, opts, alone)
	}
	host := s.host
	return trace.Record(ctx, host, cmd, opts)
}

// submission returns the folder to check, the learner's own by default, and
// how to name it to the learner.
func (a *app) submission(dir string, e *course.Exercise) (path, name string, own bool, err error) {
	if dir, err = expandHome(dir); err != nil {
		return "", "", false, err
	}
	own = dir == ""
	if own {
		dir = filepath.Join(a.root, "exercises", e.ID)
		name = filepath.Join("exercises", e.ID)
	} else {
		name = filepath.Clean(dir)
	}
	path, err = filepath.Abs(dir)
	if err != nil {
		return "", "", false, fmt.Errorf("find submission %s: %w", dir, err)
	}
	if own && !hasGoFile(path) {
		return "", "", false, fmt.Errorf("open submission %s: no Go file is there any more: make reset STEP=%s makes it anew", name, e.Number)
	}
	return path, name, own, nil
}

// hasGoFile tells whether there is one, or whether that could not be told: then
// it is for package build to say why.
func hasGoFile(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".go") })
}

// expandHome puts the home folder in the place of a tilde: not every shell does
// in SUBMISSION=~/x.
func expandHome(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", path, err)
	}
	return filepath.Join(home, rest), nil
}
