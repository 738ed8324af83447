// A program that starts itself a second time. The first run is the parent; the
// second, told apart by its argument, is the child. In the next exercise that
// child becomes a container.
package main

import (
	"errors"
	"fmt"
	"os"
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
	// TODO step 1: in place of the line below: if the first argument is
	// "child", return 0 and what child returns. If not, return what parent
	// returns.
	return 0, errors.New("parent or child? Step 1 is still to do")
}

// child is the second run, which the parent has started.
func child() error {
	// TODO step 2: in place of the line below: say hello, and which pid this
	// process has.
	fmt.Println("child: nothing to say. Step 2 is still to do")

	return nil
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	// TODO step 3: in place of the line below, start the child:
	// - print the pid of this process
	// - prepare the command /proc/self/exe with the argument "child"
	// - give it this process's standard input, output and error
	// - start it, and wait for it
	// - print "Container exited with exit code N", and return that N
	return 0, errors.New("the parent has no child. Step 3 is still to do")
}

// TODO step 4: done with steps 1 to 3? Build, run and test it all:
// make run STEP=02
// make check STEP=02
