package course

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pidone/checker/pattern"
)

// A page is what an exercise's page says. Of Markdown it is enough to know
// headings, fences, HTML comments and <details>:
//
//	# Step 2: add namespace isolation
//
//	<details>
//	<summary>Hint 1</summary>
//
//	...
//
//	</details>
//
//	May also import: `github.com/vishvananda/netlink`
type page struct {
	title   string
	steps   []*Step
	imports []string
	before  string // ID of the exercise that "Previous page" leads to, or ""
}

var (
	headingForm = pattern.Lazy(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$`)
	stepForm    = pattern.Lazy(`^Step ([1-9][0-9]?): *(\S.*)$`)
	stepLike    = pattern.Lazy(`^(?i:step)\b`)
	fenceForm   = pattern.Lazy("^ {0,3}(`{3,}|~{3,})(.*)$")
	summaryForm = pattern.Lazy(`^<summary>\s*(.*?)\s*</summary>$`)
	hintForm    = pattern.Lazy(`^Hint ([1-9][0-9]?)\b`)
	importsForm = pattern.Lazy("^May also import:((?: *`[^`\\s]+`[,.]?)+)$")
	beforeForm  = pattern.Lazy(`\[Previous page[^\]]*\]\(([0-9]{2}-[a-z0-9-]+)\.md\)`)
	quoted      = pattern.Lazy("`([^`]+)`")
)

// A reader is parsePage half way.
type reader struct {
	page    page
	slugs   slugs
	anchors []string // of all headings

	fence   string // what closes the fence that the line is in; empty outside
	comment bool   // in an HTML comment

	step      *Step // whose text the line is in
	level     int   // of its heading
	details   int   // the line on which open details began, 0 if none is open
	summaries int   // seen in them
	isHint    bool  // they are a hint of step
	hint      []string
}

// parsePage reads a page. Errors begin with "name:line: ".
func parsePage(name string, source []byte) (page, error) {
	r := reader{slugs: slugs{}}
	if !utf8.Valid(source) {
		return page{}, fmt.Errorf("%s: not UTF-8", name)
	}
	for i, line := range strings.Split(string(source), "\n") {
		if err := r.read(strings.TrimSuffix(line, "\r"), i+1); err != nil {
			return page{}, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	switch {
	case r.fence != "":
		return page{}, fmt.Errorf("%s: a %s fence is not closed", name, r.fence)
	case r.comment:
		return page{}, fmt.Errorf("%s: a comment is not closed", name)
	case r.details != 0:
		return page{}, fmt.Errorf("%s:%d: <details> is not closed", name, r.details)
	case r.page.title == "":
		return page{}, fmt.Errorf("%s: no heading", name)
	case len(r.page.steps) == 0:
		return page{}, fmt.Errorf("%s: no heading such as \"# Step 1: what to do\"", name)
	}
	return r.page, nil
}

func (r *reader) read(line string, number int) error {
	switch {
	case r.fence != "":
		r.keep(line)
		if closesFence(line, r.fence) {
			r.fence = ""
		}
		return nil
	case r.comment:
		r.comment = !strings.Contains(line, "-->")
		return nil
	case strings.HasPrefix(line, "<!--"):
		r.comment = !strings.Contains(line, "-->")
		return nil
	}
	if parts := fenceForm().FindStringSubmatch(line); parts != nil && !(parts[1][0] == '`' && strings.Contains(parts[2], "`")) {
		r.fence = parts[1]
		r.keep(line)
		return nil
	}

	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "<details"):
		if r.details != 0 {
			return fmt.Errorf("<details> inside that of line %d", r.details)
		}
		r.details, r.summaries = number, 0
		_, rest, _ := strings.Cut(trimmed, ">")
		if strings.TrimSpace(rest) != "" {
			return r.read(rest, number)
		}
		return nil
	case strings.HasPrefix(trimmed, "<summary") && r.details != 0:
		return r.summary(trimmed)
	case trimmed == "</details>":
		return r.endDetails()
	case strings.Contains(trimmed, "</details>"):
		return errors.New("</details> has to stand alone on its line")
	}

	if parts := headingForm().FindStringSubmatch(line); parts != nil {
		if r.details != 0 {
			return fmt.Errorf("a heading inside the <details> of line %d", r.details)
		}
		return r.heading(len(parts[1]), parts[2])
	}
	if parts := beforeForm().FindStringSubmatch(line); parts != nil {
		r.page.before = parts[1]
	}
	if parts := importsForm().FindStringSubmatch(line); parts != nil {
		for _, path := range quoted().FindAllStringSubmatch(parts[1], -1) {
			r.page.imports = append(r.page.imports, path[1])
		}
	} else if strings.HasPrefix(line, "May also import") {
		return errors.New("want \"May also import:\" and paths in backquotes, with commas between")
	}
	r.keep(line)
	return nil
}

// keep adds a line to the hint that it stands in, if any.
func (r *reader) keep(line string) {
	if r.isHint {
		r.hint = append(r.hint, line)
	}
}

func (r *reader) heading(level int, text string) error {
	anchor := r.slugs.next(text)
	r.anchors = append(r.anchors, anchor)
	text = plain(text)
	if text == "" {
		return errors.New("an empty heading")
	}
	if r.page.title == "" {
		r.page.title = text
	}
	parts := stepForm().FindStringSubmatch(text)
	if parts == nil {
		if stepLike().MatchString(text) {
			return fmt.Errorf("heading %q: want \"Step N: what to do\"", text)
		}
		if level <= r.level {
			r.step = nil
		}
		return nil
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil {
		return err
	}
	if want := len(r.page.steps) + 1; number != want {
		return fmt.Errorf("heading of step %d where that of step %d is due", number, want)
	}
	r.step = &Step{Number: number, Title: upperFirst(parts[2]), Anchor: anchor}
	r.level = level
	r.page.steps = append(r.page.steps, r.step)
	return nil
}

func (r *reader) summary(line string) error {
	r.summaries++
	parts := summaryForm().FindStringSubmatch(line)
	if parts == nil || r.summaries > 1 {
		return errors.New("want one <summary>...</summary> on a line of its own in <details>")
	}
	hint := hintForm().FindStringSubmatch(parts[1])
	if hint == nil {
		if strings.HasPrefix(strings.ToLower(parts[1]), "hint") {
			return fmt.Errorf("summary %q: want \"Hint N\"", parts[1])
		}
		return nil
	}
	if r.step == nil {
		return errors.New("a hint outside of a step")
	}
	if want := strconv.Itoa(len(r.step.Hints) + 1); hint[1] != want {
		return fmt.Errorf("hint %s where hint %s of step %d is due", hint[1], want, r.step.Number)
	}
	r.isHint = true
	return nil
}

func (r *reader) endDetails() error {
	switch {
	case r.details == 0:
		return errors.New("</details> without <details>")
	case r.summaries == 0:
		return fmt.Errorf("the <details> of line %d have no <summary>", r.details)
	}
	if r.isHint {
		text := strings.Trim(strings.Join(r.hint, "\n"), "\n")
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("hint %d of step %d is empty", len(r.step.Hints)+1, r.step.Number)
		}
		r.step.Hints = append(r.step.Hints, text)
	}
	r.details, r.isHint, r.hint = 0, false, nil
	return nil
}

func closesFence(line, fence string) bool {
	rest := strings.TrimSpace(line)
	return len(line)-len(strings.TrimLeft(line, " ")) <= 3 && len(rest) >= len(fence) &&
		strings.Trim(rest, fence[:1]) == ""
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

var (
	link     = pattern.Lazy(`!?\[([^\]]*)\]\([^)]*\)`)
	emphasis = pattern.Lazy(`(^|[^\pL\pN_])_+([^_]+)_+($|[^\pL\pN_])`)
)

// plain returns a heading's text as it is rendered.
func plain(heading string) string {
	heading = link().ReplaceAllString(heading, "$1")
	heading = emphasis().ReplaceAllString(heading, "$1$2$3")
	heading = strings.NewReplacer("`", "", "*", "").Replace(heading)
	return strings.TrimSpace(heading)
}

// slugs makes the ids of a page's headings as GitHub does: small letters, blanks
// to hyphens, no other punctuation than hyphens and underscores, and a number
// behind an id that is there already.
type slugs map[string]int

func (s slugs) next(heading string) string {
	base := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.In(r, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc):
			return unicode.ToLower(r)
		}
		return -1
	}, plain(heading))
	slug := base
	for _, taken := s[slug]; taken; _, taken = s[slug] {
		s[base]++
		slug = base + "-" + strconv.Itoa(s[base])
	}
	s[slug] = 0
	return slug
}
