// The shortest container: let unshare do it.
package main

import (
	"log"
	"os"
	"os/exec"
)

const script = `
echo "pid $$, hostname $(hostname)"
hostname lazy
echo "pid $$, hostname $(hostname)"
`

func main() {
	cmd := exec.Command("unshare", "--uts", "--pid", "--fork", "/bin/sh", "-e", "-c", script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		log.Fatal("unshare: ", err)
	}
}
