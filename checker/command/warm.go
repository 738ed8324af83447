package command

import (
	"context"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"pidone/checker/build"
)

// warmer compiles what submissions import into the user's build cache, which
// they all read and none of them writes to.
type warmer struct {
	root  string
	stock *build.Stock
	// slow, if not nil, is told when preparing takes so long that one wonders.
	slow func()

	first sync.Once
	mu    sync.Mutex // held while something is compiled
	tried map[string]bool
}

// usual is what programs of these exercises import.
func usual() []string {
	return strings.Fields("bufio bytes errors flag fmt io log os os/exec os/signal path path/filepath runtime strconv strings syscall time")
}

// begin compiles what the exercise's solution imports, and what is usual; most
// submissions need no more. It does so once, and all wait for it.
func (w *warmer) begin(ctx context.Context, exercise string) {
	w.first.Do(func() {
		if w.slow != nil {
			defer time.AfterFunc(2*time.Second, w.slow).Stop()
		}
		files, _ := filepath.Glob(filepath.Join(w.root, "solutions", exercise, "*.go"))
		paths := usual()
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				continue // make verify says what is wrong with it
			}
			for _, i := range file.Imports {
				if p, err := strconv.Unquote(i.Path.Value); err == nil {
					paths = append(paths, p)
				}
			}
		}
		w.add(ctx, paths)
	})
}

// add compiles packages that a build found missing: the next submission that
// imports them need not.
func (w *warmer) add(ctx context.Context, packages []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var fresh []string
	for _, p := range packages {
		if !w.tried[p] {
			w.tried[p] = true
			fresh = append(fresh, p)
		}
	}
	if len(fresh) > 0 {
		// Without it builds are slow, no more.
		_ = w.stock.Add(ctx, fresh)
	}
}
