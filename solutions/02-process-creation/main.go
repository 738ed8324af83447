// A program that starts itself a second time. The first run is the parent; the
// second, told apart by its argument, is the child. In the next exercise that
// child becomes a container.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run decides which of the two this run is. It returns the exit code with
// which the program shall end.
func run() (int, error) {
	// step 1 begin: in place of the line below: if the first argument is
	// "child", return 0 and what child returns. If not, return what parent
	// returns.
	if len(os.Args) > 1 && os.Args[1] == "child" {
		return 0, child()
	}
	return parent()
	// step 1 else
	// return 0, errors.New("parent or child? Step 1 is still to do")
	// step 1 end
}

// child is the second run, which the parent has started.
func child() error {
	// step 2 begin: in place of the line below: say hello, and which pid this
	// process has.
	fmt.Printf("child: hello, my pid is %d\n", os.Getpid())
	// step 2 else
	// fmt.Println("child: nothing to say. Step 2 is still to do")
	// step 2 end

	return nil
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	// step 3 begin: in place of the line below, start the child:
	// - print the pid of this process
	// - prepare the command /proc/self/exe with the argument "child"
	// - give it this process's standard input, output and error
	// - start it, and wait for it
	// - print "Container exited with exit code N", and return that N
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the child: %w", err)
	}

	// Wait calls every exit code but 0 an error. To this program it is an answer.
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the child: %w", err)
	}

	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	return code, nil
	// step 3 else
	// return 0, errors.New("the parent has no child. Step 3 is still to do")
	// step 3 end
}

// step 4 begin: done with steps 1 to 3? Build, run and test it all:
// make run STEP=02
// make check STEP=02
// step 4 end
