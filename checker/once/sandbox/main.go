// Command sandbox runs one program of this machine in a sandbox: see package once.
//
// It does not live long enough for the number of processors to change.
//
//go:debug updatemaxprocs=0
package main

import (
	"errors"
	"fmt"
	"os"

	"pidone/checker/once"
	"pidone/checker/sandbox"
)

func main() {
	status, err := once.Run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
		var refused *sandbox.RefusedError
		if errors.As(err, &refused) && refused.Remedy != "" {
			fmt.Fprintf(os.Stderr, "         try: %s\n", refused.Remedy)
		}
		status = 2
	}
	os.Exit(status)
}
