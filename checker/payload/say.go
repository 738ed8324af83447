package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// most is how many bytes of a file or of standard input are said.
const most = 4096

// word returns random letters.
func word() string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = 'a' + byte(rand.N(26)) // seeded by the kernel
	}
	return string(b)
}

// look says what every saying has.
func look(args []string) *evidence.Said {
	s := &evidence.Said{Word: word(), PID: os.Getpid(), Args: args, Errors: map[string]string{}}
	note := func(what string, err error) {
		if err != nil {
			s.Errors[what] = err.Error()
		}
	}
	var err error
	s.Hostname, err = os.Hostname()
	note("hostname", err)
	s.Dir, err = os.Getwd()
	note("dir", err)
	entries, err := os.ReadDir("/")
	note("/", err)
	for _, e := range entries {
		s.Root = append(s.Root, e.Name())
	}
	entries, err = os.ReadDir("/proc")
	note("/proc", err)
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			s.PIDs = append(s.PIDs, pid)
		}
	}
	for _, line := range linesOf("/proc/self/mountinfo", note) {
		if f := strings.Fields(line); len(f) > 4 {
			s.Mounts = append(s.Mounts, f[4])
		}
	}
	s.Groups = linesOf("/proc/self/cgroup", note)
	return s
}

func linesOf(path string, note func(string, error)) []string {
	data, err := os.ReadFile(path)
	note(path, err)
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// tell writes what was seen to standard output, in one write, and a word of its
// own to standard error.
func tell(s *evidence.Said) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "payload: error word %s\n", word())
	return err
}

func say(args []string) error {
	s := look(args)
	s.Limits, s.Interfaces, s.Routes = limits(s.Groups), interfaces(), routes()
	if os.Getenv(evidence.TerminalVariable) == "" {
		in, err := io.ReadAll(io.LimitReader(os.Stdin, most))
		if s.Stdin = string(in); err != nil {
			s.Errors["stdin"] = err.Error()
		}
	}
	return tell(s)
}

func read(paths []string) error {
	s := look(paths)
	s.Read = map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			s.Errors[path] = err.Error()
			continue
		}
		s.Read[path] = string(data[:min(len(data), most)])
	}
	return tell(s)
}
