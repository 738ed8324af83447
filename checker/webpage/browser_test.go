package webpage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBrowser looks at pages in a real browser, which is started once.
func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	t.Run("content", b.content)
	t.Run("spoken", b.spoken)
	t.Run("sorting", b.sorting)
	t.Run("sorting by keyboard", b.sortingByKeyboard)
	t.Run("filter", b.filter)
	t.Run("links", b.links)
	t.Run("widths", b.widths)
	t.Run("nothing of a submission runs", b.hostile)
	t.Run("what would run elsewhere does not run here", b.policy)
	t.Run("many submissions", b.many)
}

type browser struct {
	ctx context.Context
	dir string
}

// startBrowser starts Chromium. Where there is none the test is skipped, but
// not in CI, which has installed it.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, lacks := chromium()
	switch {
	case lacks == "":
	case os.Getenv("CI") == "true":
		t.Fatal(lacks)
	default:
		t.Skip(lacks)
	}
	home := t.TempDir() // of all that a browser writes beside its profile, too
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(home, "profile")), chromedp.Env("HOME="+home, "TMPDIR="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	if end, ok := t.Deadline(); ok { // of go test: a browser on a busy machine is slow, not broken
		ctx, cancel = context.WithDeadline(ctx, end.Add(-20*time.Second))
		t.Cleanup(cancel)
	}
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		assert.NoError(t, chromedp.Cancel(ctx), "end the browser")
		cancel()
	})
	require.NoError(t, chromedp.Do(ctx), "start %s", path)
	return &browser{ctx, t.TempDir()}
}

// chromium returns the browser's path, or what is missing.
func chromium() (path, lacks string) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return "", "chromium is missing: apt-get install chromium"
	}
	if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Base(real) == "snap" {
		return "", "chromium is missing: the one here is a snap, which sees none of the test's files"
	}
	return path, ""
}

// A tab shows one page, and keeps what goes on there that should not.
type tab struct {
	t   *testing.T
	ctx context.Context

	mutex    sync.Mutex
	url      string
	trouble  []string // messages of the console, exceptions, dialogues
	requests []string // of anything but the page
}

// open shows a page in a new tab.
func (b *browser) open(t *testing.T, html string) *tab {
	t.Helper()
	path := filepath.Join(b.dir, strings.ReplaceAll(t.Name(), "/", "-")+".html")
	require.NoError(t, os.WriteFile(path, []byte(html), 0o600))
	return b.visit(t, "file://"+path)
}

func (b *browser) visit(t *testing.T, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	w := &tab{t: t, ctx: ctx, url: url}
	require.NoError(t, chromedp.Listen(ctx, w.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	w.run(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url))
	return w
}

// hear keeps an event that should not be.
func (w *tab) hear(event any) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		w.trouble = append(w.trouble, fmt.Sprintf("console %s: %v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		w.trouble = append(w.trouble, fmt.Sprintf("exception: %s", e.ExceptionDetails.Text))
	case *log.EventEntryAdded:
		w.trouble = append(w.trouble, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
	case *page.EventJavascriptDialogOpening:
		w.trouble = append(w.trouble, "dialogue: "+e.Message)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, w.url) {
			w.requests = append(w.requests, e.Request.URL)
		}
	}
}

func (w *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.ctx, actions...))
}

// value evaluates an expression.
func value[T any](w *tab, expression string) T {
	w.t.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression))
	require.NoError(w.t, err, expression)
	return v
}

// quiet wants nothing to have gone wrong, and nothing to have been asked for.
func (w *tab) quiet() {
	w.t.Helper()
	w.run(chromedp.Evaluate[chromedp.Void](`new Promise(done => setTimeout(done, 50))`, chromedp.EvalAwaitPromise))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	assert.Empty(w.t, w.trouble)
	assert.Empty(w.t, w.requests)
}

// names are the rows of the table that are shown, in their order.
func (w *tab) names() []string {
	w.t.Helper()
	return value[[]string](w, `[...document.querySelectorAll("#table tbody tr:not([hidden]) th")].map(th => th.textContent)`)
}

// column is what the table has in a column, in its order.
func (w *tab) column(n int) []string {
	w.t.Helper()
	return value[[]string](w, fmt.Sprintf(`[...document.querySelectorAll("#table tbody tr")].map(row => row.cells[%d].innerText.trim())`, n))
}
