package scenario

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// What came out of a pipe
//
// A word that a process wrote to a pipe, a socket or a terminal came out if
// somebody copied it from there to the submission's output. That the bare word
// stands there is not enough: the parent's own "1 container finished" is no
// pid. Its line must have come out after it was written, or the word with
// context characters of what stands around it in the line. A word that has a
// line for itself must begin or end a line there, and the lines before and
// after it too, in the same order; the only line of a text must end one, or stand in
// quotes. A copy in which quotes and line ends are escaped, as in JSON, will do.
//
// Who takes values from a pipe and words them anew copies no line. So a hostname
// came out too if it stands anywhere in what came after it was written, and a
// number if it stands there in a line that speaks of a pid. A pid that was sent
// in binary is in no text: whether it came from there cannot be told, which is an
// error and no finding.

const (
	nearby   = 8        // bytes around a word
	maxLine  = 200      // bytes of a line that are looked at, on each side of a word
	maxLooks = 2000     // words looked for in a run: more is not after an exercise
	maxPlain = 64 << 10 // bytes of an output of which the escaped form is looked at
)

// A place is a word in a text.
type place struct {
	text       *text
	start, end int
	anew       bool // it may have been worded anew
}

// came is what came out of the submission, as a whole.
type came struct {
	out     []string     // standard output and standard error, without escapes
	writes  [2][]mark    // those that returned, in that order; ends in out
	numbers map[int]bool // those in it
	cut     bool         // it is not all of it
	looked  map[place]bool
}

func whatCame(run *evidence.Run) came {
	c := came{numbers: map[int]bool{}, looked: map[place]bool{}}
	for i, s := range []evidence.Stream{run.Stdout, run.Stderr} {
		t := text{}
		for _, e := range run.Events {
			if e.Done != 0 && e.Errno == "" && e.Result > 0 && e.Target != nil && e.Target.Kind == []string{"stdout", "stderr"}[i] {
				t.marks = append(t.marks, mark{event: e})
			}
		}
		sort.SliceStable(t.marks, func(i, j int) bool { return t.marks[i].event.Done < t.marks[j].event.Done })
		end := int64(0)
		for i := range t.marks {
			end = min(end+min(t.marks[i].event.Result, int64(len(s.Data))), int64(len(s.Data)))
			t.marks[i].end = int(end)
		}
		t.strip(string(s.Data))
		for _, n := range findNumbers(t.data) {
			c.numbers[n.value] = true
		}
		c.out, c.writes[i] = append(c.out, t.data), t.marks
		c.cut = c.cut || s.Total > int64(len(s.Data))
	}
	return c
}

// has tells whether s came out.
func (c *came) has(s string) bool {
	return strings.Contains(c.out[0], s) || strings.Contains(c.out[1], s)
}

// since returns what came out of each stream after seq.
func (c *came) since(seq int) []string {
	var found []string
	for i, out := range c.out {
		before := c.writes[i]
		if n := sort.Search(len(before), func(j int) bool { return before[j].event.Done >= seq }); n > 0 {
			out = out[before[n-1].end:]
		}
		found = append(found, out)
		if len(out) <= maxPlain && strings.Contains(out, `\`) {
			found = append(found, strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`,
				`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out))
		}
	}
	return found
}

// relayed tells whether a word of a text that was written to a pipe came out:
// in a copy or, if anew is not nil, worded so that anew finds it.
func (c *came) relayed(t *text, start, end int, anew func(out string) bool) bool {
	at := place{t, start, end, anew != nil}
	came, known := c.looked[at]
	if !known && len(c.looked) < maxLooks {
		came = c.relay(at) || anew != nil && slices.ContainsFunc(c.since(t.at(start+1).Seq), anew)
		c.looked[at] = came
	}
	return came
}

// namedIn returns what tells whether a hostname stands in a text.
func namedIn(name string) func(string) bool {
	return func(out string) bool { return len(findName(out, name, nil)) > 0 }
}

// pidLine matches a line that speaks of a pid.
var pidLine = pattern.Lazy(`(?im)^.*(?:pid|process id).*$`)

// numbered returns what tells whether a number stands in a line of a text that
// speaks of a pid.
func (f *facts) numbered(value int) func(string) bool {
	return func(out string) bool {
		for _, line := range pidLine().FindAllString(out, maxLooks) {
			is := func(n number) bool { return n.value == value }
			if len(line) <= maxLine && slices.ContainsFunc(findNumbers(f.withoutNames(line, nil)), is) {
				return true
			}
		}
		return false
	}
}

func (c *came) relay(at place) bool {
	data, word := at.text.data, at.text.data[at.start:at.end]
	from := strings.LastIndexByte(data[:at.start], '\n') + 1
	to := len(data)
	if i := strings.IndexByte(data[at.end:], '\n'); i >= 0 {
		to = at.end + i
	}
	before := strings.TrimLeftFunc(data[max(from, at.start-maxLine):at.start], unicode.IsSpace)
	after := strings.TrimRightFunc(data[at.end:min(to, at.end+maxLine)], unicode.IsSpace)
	if !speaks(before) && !speaks(after) {
		return c.relayBare(at, word, from, to)
	}
	outs := c.since(at.text.at(from + 1).Seq)
	seen := func(before, after string) bool {
		for _, out := range outs {
			if index(out, before+word+after, before == "", after == "") >= 0 {
				return true
			}
		}
		return false
	}
	if seen(before, after) {
		return true
	}
	for left := 0; left <= nearby; left += nearby / 2 {
		right := nearby - left
		if left > len(before) || right > len(after) {
			continue
		}
		b, a := before[len(before)-left:], after[:right]
		if (speaks(b) || speaks(a)) && seen(b, a) {
			return true
		}
	}
	return false
}

// relayBare does it for a word that has its line, from and to, for itself.
func (c *came) relayBare(at place, word string, from, to int) bool {
	data := at.text.data
	prev, start := "", from
	for start > 0 && prev == "" {
		end := start - 1
		start = strings.LastIndexByte(data[:end], '\n') + 1
		prev = strings.TrimSpace(data[max(start, end-maxLine):end])
	}
	next := strings.TrimLeftFunc(data[to:], unicode.IsSpace)
	if i := strings.IndexByte(next, '\n'); i >= 0 {
		next = next[:i]
	}
	next = strings.TrimSpace(next[:min(len(next), maxLine)])
	alone := prev == "" && next == ""
	if prev == "" {
		start = from
	}
	for _, out := range c.since(at.text.at(start + 1).Seq) {
		if prev != "" {
			i := edge(out, prev, false)
			if i < 0 {
				continue
			}
			out = out[i+len(prev):]
		}
		i := edge(out, word, alone)
		if i >= 0 && (next == "" || edge(out[i+len(word):], next, false) >= 0) {
			return true
		}
	}
	return false
}

// edge returns where word ends a line of s or stands in quotes or, unless it
// is only to end one, begins a line; or -1.
func edge(s, word string, ends bool) int {
	for from := 0; ; {
		i := index(s[from:], word, true, true)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(word)
		before, after := s[:i], s[end:]
		if j := strings.LastIndexByte(before, '\n'); j >= 0 {
			before = before[j+1:]
		}
		if j := strings.IndexByte(after, '\n'); j >= 0 {
			after = after[:j]
		}
		quoted := strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`)
		// A line that is long enough to be costly is none of a relay's.
		if quoted || len(after) <= maxLine && !speaks(after) || !ends && len(before) <= maxLine && !speaks(before) {
			return i
		}
		from = end
	}
}

// index is strings.Index, but where left or right is set s must not go on with
// a letter or a digit on that side.
func index(s, part string, left, right bool) int {
	for from := 0; ; {
		i := strings.Index(s[from:], part)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(part)
		if !(left && wordBefore(s, i)) && !(right && wordAt(s, end)) {
			return i
		}
		from = end
	}
}

// speaks tells whether there is a letter or a digit in s.
func speaks(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// someCame tells whether a line of a text that was written to a pipe came out.
func (f *facts) someCame(t *text) bool {
	end := 0
	for range maxNames {
		i := strings.IndexFunc(t.data[end:], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
		if i < 0 {
			return false
		}
		start := end + i
		end = len(t.data)
		if i := strings.IndexFunc(t.data[start:], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); i >= 0 {
			end = start + i
		}
		if f.came.relayed(t, start, end, nil) {
			return true
		}
	}
	return false
}
