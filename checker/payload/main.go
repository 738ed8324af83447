// Command payload is what checks run in a learner's container. It does what its
// arguments tell and says, in a line of JSON (evidence.Said), what it sees.
//
//	payload say [TEXT...]      say what is there, limits and network too; standard input is read to its end, but on a person's terminal
//	payload read PATH...       say what these files hold, or why they cannot be read
//	payload write PATH TEXT    write a file; an error is said, and the exit code is 1
//	payload take SIZE          take that much memory and use it: 200M
//	payload spin TIME          use the processor that long: 2s
//	payload hang               wait until it is killed
//	payload die                be killed, by SIGKILL
//	payload ping ADDRESS       ask for an echo; say whether one came
//	payload fetch ADDRESS      ask for a web page at http://ADDRESS/ and say so
//	payload resolve NAME       ask the name server for NAME and say so; a * in it is a random word
//	payload fork INSTRUCTION   do the rest in a process of its own, and wait for it
//	payload exit N             end with that exit code
//
// Instructions follow each other with "then": payload write /x y then exit 3.
//
// It is static, needs no other file, and uses no package that it does not need:
// it is started several times in every check.
package main

import (
	"fmt"
	"os"
	"slices"
)

// instructions are what it can be told, by name.
func instructions() map[string]func(args []string) error {
	return map[string]func([]string) error{
		"say": say, "read": read, "write": write, "take": take, "spin": spin, "hang": hang, "die": die,
		"ping": ping, "fetch": fetch, "resolve": resolve, "fork": fork, "exit": exit,
	}
}

func main() {
	for rest := os.Args[1:]; len(rest) > 0; {
		one := rest
		if i := slices.Index(rest, "then"); i >= 0 {
			one, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if len(one) == 0 {
			continue
		}
		if one[0] == "fork" && rest != nil { // the process of its own does all the rest
			one, rest = append(append(slices.Clone(one), "then"), rest...), nil
		}
		do := instructions()[one[0]]
		if do == nil {
			fmt.Fprintf(os.Stderr, "payload: %q is no instruction\n", one[0])
			os.Exit(64)
		}
		if err := do(one[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "payload: %s: %v\n", one[0], err)
			os.Exit(1)
		}
	}
}
