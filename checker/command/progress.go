package command

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// quiet is how long something may take before the seconds are counted.
const quiet = 2 * time.Second

// progress says on a terminal that can clear a line what takes time, and after a
// while for how long; done clears it, and may be called twice.
func (a *app) progress(what string) (done func()) {
	if !a.clearsLines() {
		return func() {}
	}
	text := fit(printable(what), screenOf(a.err).width-len(" ... 9999 s"))
	fmt.Fprintf(a.err, "\r%s ...\033[K", text)
	start := time.Now()
	still := everySecond(func() {
		if took := time.Since(start); took > quiet {
			fmt.Fprintf(a.err, "\r%s ... %d s\033[K", text, int(took.Seconds()))
		}
	})
	return sync.OnceFunc(func() {
		still()
		fmt.Fprint(a.err, "\r\033[K")
	})
}

// everySecond calls f until still is called.
func everySecond(f func()) (still func()) {
	stop := make(chan struct{})
	var going sync.WaitGroup
	going.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				f()
			}
		}
	})
	return func() {
		close(stop)
		going.Wait()
	}
}

func (a *app) clearsLines() bool {
	return term.IsTerminal(int(a.err.Fd())) && os.Getenv("TERM") != "dumb"
}

// note says what takes time, on a line of its own.
func (a *app) note(what string) {
	clear := ""
	if a.clearsLines() {
		clear = "\r\033[K" // of what progress says
	}
	fmt.Fprintf(a.err, "%schecker: %s ...\n", clear, what)
}

// fit leaves out the middle of a text that is too long for a line: a broken line
// cannot be cleared.
func fit(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	head := width / 3
	return string(r[:head]) + "..." + string(r[len(r)-(width-head-3):])
}
