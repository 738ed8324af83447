package webpage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

func (b *browser) content(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 40)...))
	assert.Equal(t, "Namespace isolation: 40 submissions", value[string](w, `document.title`))
	assert.Len(t, w.names(), 40)
	assert.Equal(t, 40, value[int](w, `document.querySelectorAll("article").length`))
	assert.Equal(t, 11, value[int](w, `document.querySelectorAll(".hist text:not(.n)").length`))
	assert.Equal(t, 4, value[int](w, `document.querySelectorAll(".bars svg").length`))
	assert.Zero(t, value[int](w, `document.querySelectorAll("details[open]").length`), "closed by default")
	// What a mark means is there without seeing it.
	assert.Equal(t, []string{"pass", "fail", "pass", "skip"}, value[[]string](w, `[...document.querySelectorAll("#table tbody tr:nth-child(2) td.s")].map(td => td.textContent)`))
	// The style is in force, or all bars would be black.
	assert.NotEqual(t, "rgb(0, 0, 0)", value[string](w, `getComputedStyle(document.querySelector("rect.pass")).fill`))
	assert.Positive(t, value[float64](w, `document.querySelector(".hist rect").getBoundingClientRect().height`))
	w.quiet()
}

// spoken: what a screen reader is told, on a narrow window too, where the rows
// are drawn as other boxes than a table's.
func (b *browser) spoken(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 14)...))
	w.run(chromedp.EmulateViewport(390, 900))
	tree, err := chromedp.Call(w.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(t, err)
	count, names := map[string]int{}, map[string][]string{}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		count[role]++
		if n.Name != nil {
			names[role] = append(names[role], strings.Trim(string(n.Name.Value), `"`))
		}
	}
	assert.Equal(t, 1, count["table"])
	assert.Equal(t, 15, count["row"])
	assert.Equal(t, 8, count["columnheader"])
	assert.Equal(t, 14, count["rowheader"])
	assert.Equal(t, 14*7, count["cell"]+count["gridcell"])
	assert.Contains(t, names["columnheader"], "2 Add namespace isolation")
	assert.Contains(t, names["cell"], "fail", "what a mark means")
	assert.NotContains(t, names["cell"], "✗")
	assert.Contains(t, names["searchbox"], "Filter the submissions")
	assert.Contains(t, strings.Join(names["image"], "\n"), "passed")
	assert.Contains(t, names["heading"], "One by one")
}

func (b *browser) sorting(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 40)...))
	before := w.names()
	assert.Equal(t, "ascending", value[string](w, `document.querySelector("thead th").ariaSort`))

	click := func(n int) {
		t.Helper()
		w.run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`thead th:nth-child(%d) button`, n))))
	}
	sorted := func() string {
		t.Helper()
		return value[string](w, `[...document.querySelectorAll("thead th")].map(th => th.ariaSort ?? "-").join(" ")`)
	}
	click(1)
	assert.Equal(t, "descending - - - - - - -", sorted())
	down := w.names()
	slices.Reverse(down)
	assert.Equal(t, before, down)

	scores := func() []int {
		t.Helper()
		return value[[]int](w, `[...document.querySelectorAll("#table tbody td.r")].map(td => parseInt(td.textContent))`)
	}
	click(3)
	assert.Equal(t, "- - ascending - - - - -", sorted())
	assert.True(t, slices.IsSorted(scores()), "100 comes after 20: %v", scores())
	assert.Equal(t, 100, scores()[39])
	ties := w.names()[37:]
	assert.True(t, slices.IsSorted(ties), "equal ones stay in the order of their names: %v", ties)
	click(3)
	assert.Equal(t, "- - descending - - - - -", sorted())
	assert.Equal(t, 100, scores()[0])

	click(2)
	assert.Equal(t, []string{"failed", "no verdict", "not run", "passed"}, slices.Compact(w.column(1)))
	click(5)
	assert.Equal(t, []string{"fail", "error", "skip", "pass"}, slices.Compact(value[[]string](w, `[...document.querySelectorAll("#table tbody tr")].map(row => row.cells[4].textContent)`)))
	click(8)
	causes := w.column(7)
	assert.NotEmpty(t, causes[0])
	assert.Empty(t, causes[39], "those without a cause come last")
	click(8)
	assert.NotEmpty(t, w.column(7)[0])
	assert.Empty(t, w.column(7)[39], "whichever way")
	click(1)
	assert.Equal(t, before, w.names())
	w.quiet()
}

func (b *browser) sortingByKeyboard(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 14)...))
	w.run(chromedp.Focus(chromedp.CSS(`#words`)), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "Score", value[string](w, `document.activeElement.textContent`))
	w.run(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(" "))
	assert.Equal(t, "descending", value[string](w, `document.activeElement.closest("th").ariaSort`))
	assert.Equal(t, "100/100", w.column(2)[0])
	assert.NotEqual(t, "none", value[string](w, `getComputedStyle(document.activeElement).outlineStyle`), "the focus can be seen")
	w.quiet()
}

func (b *browser) filter(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 40)...))
	w.run(chromedp.SendKeys(chromedp.CSS(`#words`), "Passed student-003"))
	names := w.names()
	assert.NotEmpty(t, names)
	for _, name := range names {
		assert.Contains(t, name, "student-003")
	}
	assert.Equal(t, fmt.Sprintf("%d of 40", len(names)), value[string](w, `document.getElementById("count").value`))
	assert.Equal(t, len(names), value[int](w, `document.querySelectorAll("article:not([hidden])").length`), "their sections alone")
	// A sorted table stays filtered.
	w.run(chromedp.Click(chromedp.CSS(`thead th button`)))
	slices.Reverse(names)
	assert.Equal(t, names, w.names())

	w.run(chromedp.SendKeys(chromedp.CSS(`#words`), "nobody"))
	assert.Empty(t, w.names())
	assert.True(t, value[bool](w, `document.getElementById("none").checkVisibility()`))
	w.run(chromedp.SendKeys(chromedp.CSS(`#words`), kb.Escape))
	assert.Len(t, w.names(), 40)
	assert.False(t, value[bool](w, `document.getElementById("none").checkVisibility()`))

	// What is counted at a glance leads to just those that were counted.
	found := value[map[string][2]int](w, `Object.fromEntries([...document.querySelectorAll("a[data-find]")].map(link => {
		link.click();
		return [link.dataset.find, [parseInt(link.closest("li").querySelector("b").textContent), document.querySelectorAll("#table tbody tr:not([hidden])").length]];
	}))`)
	for _, find := range []string{"is:pass", "is:error", "2:fail", "flag-missing-pid@2", "hostname-in-parent@3"} {
		assert.Contains(t, found, find)
	}
	for find, counts := range found {
		assert.Positive(t, counts[0], find)
		assert.Equal(t, counts[0], counts[1], find)
	}
	// A link to a section that is hidden shows it.
	w.run(chromedp.Evaluate[chromedp.Void](`location.hash = "s-student-0000"`), chromedp.WaitVisible(chromedp.CSS(`#s-student-0000`)))
	assert.Len(t, w.names(), 40)
	w.quiet()
}

func (b *browser) links(t *testing.T) {
	w := b.open(t, pageOf(t, students(t, 14)...))
	broken := value[[]string](w, `[...document.querySelectorAll("a")].map(a => a.getAttribute("href")).filter(to => !to.startsWith("#") || !document.getElementById(to.slice(1)))`)
	assert.Empty(t, broken, "every link leads to something on the page")
	twice := value[[]string](w, `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`)
	assert.Empty(t, twice)

	// A finding's line opens the source.
	w.run(chromedp.Evaluate[chromedp.Void](`document.querySelector("dl a").click()`), chromedp.WaitVisible(chromedp.CSS(`:target`)))
	assert.True(t, value[bool](w, `document.querySelector(":target").matches("li.hit")`))
	w.quiet()
}

// widths: no page is wider than its window, whatever is on it.
func (b *browser) widths(t *testing.T) {
	w := b.open(t, pageOf(t, append([]*grade.Record{hostile()}, students(t, 14)...)...))
	w.run(chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true; for (const a of document.querySelectorAll("article")) a.style.contentVisibility = "visible"`))
	for _, width := range []int64{320, 390, 768, 1280, 2560} {
		w.run(chromedp.EmulateViewport(width, 900))
		assert.LessOrEqual(t, value[int64](w, `document.documentElement.scrollWidth`), width, "at %d", width)
	}
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		require.NoError(t, err)
		assert.Empty(t, value[[]string](w, contrast), scheme)
	}
}

// contrast lists the texts that are hard to read on what is behind them
// (WCAG 2.2, 1.4.3: 4.5 to 1).
const contrast = `(() => {
  const parse = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const style = getComputedStyle(e);
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || parseFloat(style.fontSize) === 0 || e.closest("[hidden],svg,title")) continue;
    let behind = e;
    while (behind !== document.documentElement && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const a = light(parse(style.color)), b = light(parse(getComputedStyle(behind === document.documentElement ? document.body : behind).backgroundColor));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(e.tagName + "." + e.className + " in " + behind.tagName + "." + behind.className + ": " + ratio.toFixed(1));
  }
  return [...found];
})()`

// elsewhere is a server that nobody should ask for anything.
func elsewhere(t *testing.T) (url string, asked func() []string) {
	var mutex sync.Mutex
	var all []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		all = append(all, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(all)
	}
}

// hostile: a submission's name, findings, sources, output and processes are made
// of what would run or load something, and a megabyte of one line.
func (b *browser) hostile(t *testing.T) {
	url, asked := elsewhere(t)
	html := pageOf(t, hostileTo(url), students(t, 1)[0])
	for _, w := range []*tab{b.open(t, html), b.serve(t, html)} {
		w.run(chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true`))
		w.quiet()
		assert.True(t, value[bool](w, `window.owned === undefined`))
		assert.Equal(t, 1, value[int](w, `document.scripts.length`))
		assert.Zero(t, value[int](w, `document.querySelectorAll("img,iframe,frame,object,embed,form,base,link,template,audio,video,foreignObject,textarea").length`))
		assert.Equal(t, 1, value[int](w, `document.querySelectorAll("style").length`))
		assert.Equal(t, 1, value[int](w, `document.querySelectorAll("input").length`))
		assert.Equal(t, 2, value[int](w, `document.querySelectorAll("article").length`))
		odd := value[[]string](w, `[...document.querySelectorAll("*")].flatMap(e => e.getAttributeNames()).filter(name => name.startsWith("on") || name === "style" || name === "src" || name === "srcdoc")`)
		assert.Empty(t, odd)
		assert.Empty(t, value[[]string](w, `[...document.querySelectorAll("[href]")].map(a => a.getAttribute("href")).filter(to => !to.startsWith("#"))`))
		for _, attack := range attacks(url)[:10] {
			assert.True(t, value[bool](w, fmt.Sprintf(`document.querySelector(".out").textContent.includes(%q)`, attack)), "%q is there as text", attack)
		}
		assert.True(t, value[bool](w, `document.querySelector("article").offsetHeight > 100`), "their style is none")
		// The page works beside it.
		w.run(chromedp.SendKeys(chromedp.CSS(`#words`), "student"))
		assert.Equal(t, []string{"student-0000"}, w.names())
		w.quiet()
	}
	assert.Empty(t, asked())
}

// serve shows a page that comes from a server, as an instructor may put it on one.
func (b *browser) serve(t *testing.T, html string) *tab {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, html)
	}))
	t.Cleanup(s.Close)
	return b.visit(t, s.URL)
}

// policy: even what would get past the escaping is stopped. The same page
// without the policy shows that it would have done something.
func (b *browser) policy(t *testing.T) {
	const attack = `<script>window.owned=1</script><img src="%[1]s/image" onerror="window.owned=2"><iframe src="%[1]s/frame"></iframe>` +
		`<link rel="stylesheet" href="%[1]s/style"><script src="%[1]s/script"></script><svg onload="window.owned=3"></svg><style>h1{color:rgb(1,2,3)}</style>`
	url, asked := elsewhere(t)
	html := pageOf(t, students(t, 1)...)
	with := strings.Replace(html, "<main>", "<main>"+fmt.Sprintf(attack, url), 1)
	const color = `getComputedStyle(document.querySelector("h1")).color`

	w := b.open(t, with)
	w.run(chromedp.Sleep(100 * time.Millisecond))
	assert.True(t, value[bool](w, `window.owned === undefined`))
	assert.NotEqual(t, "rgb(1, 2, 3)", value[string](w, color))
	assert.Empty(t, asked())
	w.mutex.Lock()
	assert.GreaterOrEqual(t, strings.Count(strings.Join(w.trouble, "\n"), "Content Security Policy"), 6, "%v", w.trouble)
	w.mutex.Unlock()

	w = b.open(t, strings.Replace(with, "Content-Security-Policy", "x", 1))
	w.run(chromedp.Sleep(100 * time.Millisecond))
	assert.True(t, value[bool](w, `window.owned !== undefined`))
	assert.Equal(t, "rgb(1, 2, 3)", value[string](w, color))
	for _, path := range []string{"/image", "/frame", "/style", "/script"} {
		assert.Contains(t, asked(), path)
	}
}

// many: a large class opens, sorts and filters while one looks at it.
func (b *browser) many(t *testing.T) {
	html := pageOf(t, students(t, 800)...)
	start := time.Now()
	w := b.open(t, html)
	opened := time.Since(start)
	assert.Len(t, w.names(), 800)
	sort := value[float64](w, `(() => { const from = performance.now(); document.querySelector("thead th button").click(); document.body.offsetHeight; return performance.now() - from })()`)
	filter := value[float64](w, `(() => { const from = performance.now(); const words = document.getElementById("words"); words.value = "flag"; words.dispatchEvent(new Event("input")); document.body.offsetHeight; return performance.now() - from })()`)
	t.Logf("%.1f MB: opened in %.1f s, sorted in %.0f ms, filtered in %.0f ms", float64(len(html))/1e6, opened.Seconds(), sort, filter)
	w.quiet()
}
