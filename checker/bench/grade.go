package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// classSize is how many submissions the row about grading has.
const classSize = 200

// gradeRow compares grading a class, two at a time, with a plain build of the
// same submissions, two at a time. Each round has new ones, so that no build
// cache knows them. Both sides have two cores.
func gradeRow(root, work string, rounds int) (row, error) {
	source, err := solutionSource(root)
	if err != nil {
		return row{}, err
	}
	class := filepath.Join(work, "class")
	round := 0
	fresh := func(int) error {
		round++
		return writeClass(class, source, round, classSize)
	}
	grade := fmt.Sprintf("exec %q grade --step 03 --jobs 2 --out %q %q >/dev/null 2>&1", filepath.Join(root, "bin/checker"), filepath.Join(work, "report"), class)
	build := fmt.Sprintf("ls %q | xargs -P2 -I{} go build -C %q/{} -o /dev/null .", class, class)
	cores := twoCores()
	return row{fmt.Sprintf("%d graded / go build, 2 at once", classSize), 1.0,
		side{"grade", fresh, append(cores, "sh", "-c", grade), root, nil},
		side{"go build", fresh, append(cores, "sh", "-c", build), root, nil},
		rounds}, nil
}

// twoCores is a command in front of another that leaves it two cores, where
// there are more.
func twoCores() []string {
	if runtime.NumCPU() <= 2 {
		return nil
	}
	return []string{"taskset", "-c", "0,1"}
}

func solutionSource(root string) ([]byte, error) {
	return os.ReadFile(filepath.Join(root, "solutions", "03-namespace-isolation", "main.go"))
}

// writeClass makes a folder of n submissions, no two of them the same, nor the
// same as those of another round.
func writeClass(dir string, source []byte, round, n int) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for i := range n {
		one := filepath.Join(dir, fmt.Sprintf("student-%04d", i))
		if err := os.MkdirAll(one, 0o755); err != nil {
			return err
		}
		text := string(source) + edited(os.Getpid(), round, i)
		for name, data := range map[string]string{"main.go": text, "go.mod": "module learner\n\ngo 1.24\n"} {
			if err := os.WriteFile(filepath.Join(one, name), []byte(data), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// memory prints how much memory the grader itself takes for classes of
// different sizes: the highest resident set (VmHWM of proc_pid_status(5)), not
// that of compilers and submissions.
func memory(root, work string) error {
	source, err := solutionSource(root)
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %10s %10s\n", "memory of the grader", "MiB", "s")
	for _, n := range []int{50, 200, 800} {
		class := filepath.Join(work, "class")
		if err := writeClass(class, source, -n, n); err != nil {
			return err
		}
		start := time.Now()
		peak, err := peakOf(exec.Command(filepath.Join(root, "bin/checker"), "grade", "--step", "03", "--jobs", "2", "--out", filepath.Join(work, fmt.Sprint("report-", n)), class))
		if err != nil {
			return fmt.Errorf("grade %d: %w", n, err)
		}
		fmt.Printf("%-34s %10.1f %10.1f\n", fmt.Sprintf("%d submissions, 2 at once", n), float64(peak)/1024, time.Since(start).Seconds())
	}
	return os.RemoveAll(filepath.Join(work, "class"))
}

// peakOf runs a command and returns its highest resident set, in KiB.
func peakOf(cmd *exec.Cmd) (peak int, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return peak, err
		case <-time.After(50 * time.Millisecond):
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(data)) {
				var kib int
				if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
					peak = max(peak, kib)
				}
			}
		}
	}
}
