package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"pidone/checker/internet"
	"pidone/checker/sandbox"
)

// execute runs a program outside of any sandbox.
func (s *server) execute(ctx context.Context, p *Program) (*Output, error) {
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), p.Env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if p.Terminal {
		tty, err := s.takeTerminal()
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", p.Path, err)
		}
		defer tty.Close()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
	err := cmd.Run()
	out := &Output{Text: text.Bytes()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		out.Status = exit.ExitCode()
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			out.Status = 128 + int(ws.Signal())
		}
	case err != nil:
		return nil, fmt.Errorf("run %s: %w", p.Path, err)
	}
	return out, nil
}

// try runs a command in a sandbox on a terminal.
func (s *server) try(ctx context.Context, t *try) (*Output, error) {
	host, err := s.host(t.Root)
	if err != nil {
		return nil, err
	}
	tty, err := s.takeTerminal()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", t.Command.Path, err)
	}
	defer tty.Close()
	t.Command.Terminal = sandbox.Terminal(int(tty.Fd()))
	if t.Internet {
		beyond := internet.New(internet.Options{Plain: true})
		defer beyond.Close()
		beyond.Provide(&t.Command, sandbox.RetAllow)
	}
	res, err := host.Run(ctx, t.Command)
	if err != nil {
		return nil, err
	}
	return &Output{Status: res.Code(), OutOfMemory: res.OutOfMemory, OutOfPIDs: res.OutOfPIDs}, nil
}

func (s *server) openTerminal(t *Terminal) error {
	tty, err := t.open()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tty != nil {
		s.tty.Close()
	}
	s.tty = tty
	return nil
}

// takeTerminal returns the terminal that was opened. Whoever reads its other end
// has seen all that was written when it is closed.
func (s *server) takeTerminal() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tty := s.tty
	s.tty = nil
	if tty == nil {
		return nil, errors.New("no terminal is open")
	}
	return tty, nil
}

func (t *Terminal) open() (_ *os.File, err error) {
	fd, err := unix.Open(t.Path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open terminal %s: %w", t.Path, err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	size := unix.Winsize{Row: uint16(t.Rows), Col: uint16(t.Columns)}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size); err != nil {
		return nil, fmt.Errorf("set size of terminal: %w", err)
	}
	if t.Plain {
		settings, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return nil, fmt.Errorf("read settings of terminal: %w", err)
		}
		settings.Lflag &^= unix.ECHO
		settings.Oflag &^= unix.OPOST
		if err := unix.IoctlSetTermios(fd, unix.TCSETS, settings); err != nil {
			return nil, fmt.Errorf("set terminal: %w", err)
		}
	}
	return os.NewFile(uintptr(fd), t.Path), nil
}
