// Command bench measures what docs/performance.md promises: each figure is a
// ratio of two medians, whose two sides took turns in one run on one machine.
// A peer that is not installed is named, and its row left out.
//
//	go run ./checker/bench [-n rounds] [-row name]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	rounds := flag.Int("n", 60, "rounds of each row")
	only := flag.String("row", "", "measure only rows with this in their name")
	flag.Parse()
	if err := run(*rounds, *only); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct {
	name   string
	most   float64 // the ratio promised
	ours   side
	theirs side
	rounds int
}

// side is one of the two things compared. prepare runs before each round and
// is not measured.
type side struct {
	name    string
	prepare func(round int) error
	argv    []string
	dir     string
	env     []string
}

func run(rounds int, only string) error {
	// The solution runs under strace without a sandbox: what it does to a
	// hostname then it does to this one.
	if os.Geteuid() == 0 {
		if err := isolate(); err != nil {
			return err
		}
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "pidone-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	rows, missing, err := rows(root, work, rounds)
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %10s %10s %7s %6s\n", "medians, ms", "ours", "other", "ratio", "most")
	worse := 0
	for _, r := range rows {
		if !strings.Contains(r.name, only) {
			continue
		}
		ours, theirs, err := r.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		ratio := ours / theirs
		note := ""
		if ratio > r.most {
			note, worse = "  more than wanted", worse+1
		}
		fmt.Printf("%-34s %10.2f %10.2f %7.2f %6.2f%s\n", r.name, ours, theirs, ratio, r.most, note)
	}
	if strings.Contains("memory", only) {
		if err := memory(root, work); err != nil {
			return err
		}
	}
	for _, m := range missing {
		fmt.Println(m)
	}
	if worse > 0 {
		fmt.Printf("%d ratios are more than wanted; a busy machine does that, so measure again when it is idle\n", worse)
	}
	return nil
}

// isolate starts this program once more in namespaces of its own.
func isolate() error {
	if os.Getenv("PIDONE_BENCH_ISOLATED") != "" {
		return nil
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PIDONE_BENCH_ISOLATED=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Pdeathsig: unix.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// settle is how long a short row waits before each run. The kernel takes network
// namespaces and memory of the run before back when that has ended, and whoever
// used two CPUs then would pay for what the other side left.
const settle = 20 * time.Millisecond

func (r row) measure() (ours, theirs float64, err error) {
	var a, b []time.Duration
	warm := 3 // rounds that warm caches
	if r.rounds < 10 {
		warm = 0 // these are long enough to be warm
	}
	for i := range r.rounds + warm {
		for _, s := range []struct {
			side
			times *[]time.Duration
		}{{r.ours, &a}, {r.theirs, &b}} {
			if s.prepare != nil {
				if err := s.prepare(i); err != nil {
					return 0, 0, err
				}
			}
			if warm > 0 {
				time.Sleep(settle)
			}
			cmd := exec.Command(s.argv[0], s.argv[1:]...)
			cmd.Dir = s.dir
			cmd.Env = append(os.Environ(), s.env...)
			start := time.Now()
			out, err := cmd.CombinedOutput()
			took := time.Since(start)
			if err != nil {
				return 0, 0, fmt.Errorf("%s: %w: %s", s.name, err, out)
			}
			if i >= warm {
				*s.times = append(*s.times, took)
			}
		}
		if i%10 == 9 {
			fmt.Fprintf(os.Stderr, "\r%s: %d of %d\033[K", r.name, i+1, r.rounds+warm)
		}
	}
	fmt.Fprint(os.Stderr, "\r\033[K")
	return median(a), median(b), nil
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2]) / float64(time.Millisecond)
}

func rows(root, work string, rounds int) (all []row, missing []string, err error) {
	sandbox := filepath.Join(root, "bin", "sandbox")
	if _, err := os.Stat(sandbox); err != nil {
		return nil, nil, fmt.Errorf("%w: run make bench", err)
	}
	tiny := filepath.Join(work, "tiny")
	if err := os.WriteFile(tiny, tinyProgram(), 0o755); err != nil {
		return nil, nil, err
	}
	solution := filepath.Join(work, "solution")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", solution, "./solutions/03-namespace-isolation")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build solution: %w: %s", err, out)
	}
	recorded := side{name: "recorded", argv: []string{sandbox, "--record", "--", solution}}

	if bwrap, err := exec.LookPath("bwrap"); err != nil {
		missing = append(missing, "sandbox / bwrap: bwrap is missing (Debian: apt-get install bubblewrap)")
	} else {
		all = append(all, row{"sandbox / bwrap", 1.0,
			side{name: "sandbox", argv: []string{sandbox, "--", tiny}},
			side{name: "bwrap", argv: bwrapArgs(bwrap, tiny)}, rounds})
	}
	all = append(all, row{"recorded / not recorded", 1.5, recorded,
		side{name: "not recorded", argv: []string{sandbox, "--", solution}}, rounds})
	if strace, err := exec.LookPath("strace"); err != nil {
		missing = append(missing, "recorded / strace: strace is missing (Debian: apt-get install strace)")
	} else {
		all = append(all, row{"recorded / strace", 1.0, recorded,
			side{name: "strace", argv: []string{strace, "-f", "--seccomp-bpf", "-o", "/dev/null",
				"-e", "trace=clone,clone3,fork,vfork,unshare,setns,sethostname,execve,write", solution}}, rounds})
	}
	check, err := checkRow(root, work, max(rounds/3, 10))
	if err != nil {
		return nil, nil, err
	}
	whole, without, err := allRow(root, work, max(rounds/6, 5))
	if err != nil {
		return nil, nil, err
	}
	grade, err := gradeRow(root, work, max(rounds/20, 1))
	return append(all, check, whole, grade), append(missing, without...), err
}

// bwrapArgs gives bubblewrap the mounts that our sandbox has.
func bwrapArgs(bwrap, program string) []string {
	args := []string{bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "host",
		"--tmpfs", "/", "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev",
		"--tmpfs", "/tmp", "--tmpfs", "/work", "--chdir", "/work", "--ro-bind", program, "/submission/main"}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if target, err := os.Readlink("/" + dir); err == nil {
			args = append(args, "--symlink", target, "/"+dir)
		}
	}
	return append(args, "--remount-ro", "/", "/submission/main")
}

// checkRow compares a check after an edit with a plain build after the same edit.
func checkRow(root, work string, rounds int) (row, error) {
	src, err := os.ReadFile(filepath.Join(root, "solutions", "03-namespace-isolation", "main.go"))
	if err != nil {
		return row{}, err
	}
	module := []byte("module learner\n\ngo 1.24\n")
	dirs := [2]string{filepath.Join(work, "check"), filepath.Join(work, "build")}
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return row{}, err
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), module, 0o644); err != nil {
			return row{}, err
		}
	}
	edit := func(dir string) func(int) error {
		return func(round int) error {
			return os.WriteFile(filepath.Join(dir, "main.go"), append(slices.Clip(src), edited(os.Getpid(), round)...), 0o644)
		}
	}
	return row{"make check / go build", 1.25,
		side{"make check", edit(dirs[0]), []string{"make", "-s", "check", "STEP=03", "SUBMISSION=" + dirs[0]}, root, nil},
		side{"go build", edit(dirs[1]), []string{"go", "build", "-o", filepath.Join(work, "out"), "."}, dirs[1], nil},
		rounds}, nil
}
