package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const usage = `usage: box run COMMAND [ARGUMENT...]`

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(64)
	}
	verb, argv := os.Args[1], os.Args[2:]
	switch verb {
	case "run":
		os.Exit(start(exec.Command("/proc/self/exe", append([]string{"init"}, argv...)...)))
	case "init":
		if err := syscall.Sethostname([]byte("box")); err != nil {
			fmt.Fprintln(os.Stderr, "box: sethostname:", err)
			os.Exit(1)
		}
		path, err := exec.LookPath(argv[0])
		if err != nil {
			fmt.Fprintln(os.Stderr, "box:", err)
			os.Exit(127)
		}
		err = syscall.Exec(path, argv, os.Environ())
		fmt.Fprintln(os.Stderr, "box: exec:", err)
		os.Exit(126)
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(64)
	}
}

func start(cmd *exec.Cmd) int {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		fmt.Fprintln(os.Stderr, "box:", err)
		return 125
	}
}
