package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"text/template"
)

// Namespace is a kind of Linux namespace.
type Namespace interface{ CloneFlag() uintptr }

type flagNamespace uintptr

func (f flagNamespace) CloneFlag() uintptr { return uintptr(f) }

// The supported namespaces.
var (
	UTS Namespace = flagNamespace(syscall.CLONE_NEWUTS)
	PID Namespace = flagNamespace(syscall.CLONE_NEWPID)
)

// Option configures a Runtime.
type Option func(*Runtime)

// WithNamespaces adds namespaces.
func WithNamespaces(ns ...Namespace) Option {
	return func(r *Runtime) { r.namespaces = append(r.namespaces, ns...) }
}

// WithHostname names the container.
func WithHostname(name string) Option { return func(r *Runtime) { r.hostname = name } }

// WithStreams connects the container.
func WithStreams(in io.Reader, out, errs io.Writer) Option {
	return func(r *Runtime) { r.in, r.out, r.errs = in, out, errs }
}

// Runtime runs containers.
type Runtime struct {
	namespaces []Namespace
	hostname   string
	in         io.Reader
	out, errs  io.Writer
}

// New returns a Runtime.
func New(opts ...Option) *Runtime {
	r := &Runtime{}
	for _, o := range opts {
		o(r)
	}
	return r
}

// Run starts the container and waits for it.
func (r *Runtime) Run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "init", r.hostname)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.in, r.out, r.errs
	attr := new(syscall.SysProcAttr)
	for _, ns := range r.namespaces {
		attr.Cloneflags |= ns.CloneFlag()
	}
	cmd.SysProcAttr = attr
	return cmd.Run()
}

var page = template.Must(template.New("identity").Parse(
	`{{define "row"}}{{printf "%-10s" .}}{{end -}}
{{template "row" "pid"}}{{.PID}}
{{template "row" "hostname"}}{{.Before}} => {{.After}}
`))

type identity struct {
	PID           int
	Before, After string
}

func initContainer(out io.Writer, name string) (err error) {
	id := identity{PID: os.Getpid()}
	if id.Before, err = os.Hostname(); err != nil {
		return err
	}
	if err = syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("sethostname %q: %w", name, err)
	}
	if id.After, err = os.Hostname(); err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	return page.Execute(w, id)
}

func realMain() error {
	if len(os.Args) == 3 && os.Args[1] == "init" {
		return initContainer(os.Stdout, os.Args[2])
	}
	return New(
		WithNamespaces(UTS, PID),
		WithHostname("enterprise-grade-container"),
		WithStreams(os.Stdin, os.Stdout, os.Stderr),
	).Run(context.Background())
}

func main() {
	if err := realMain(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
