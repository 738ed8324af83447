package build

import (
	"strconv"
	"strings"
)

// An output is what the go command said, sorted.
type output struct {
	messages    []Message // about the submission's source
	compiled    []string  // import paths of the packages that were compiled
	other       []string  // lines that are about neither
	outOfMemory bool      // a tool gave up for lack of memory
}

// firstOther is a line that explains a failure which no message explains.
func (o *output) firstOther() string {
	if len(o.other) == 0 {
		return "it said nothing"
	}
	return cutText(o.other[0])
}

// parseOutput sorts the go command's output. Lines under a heading `# PACKAGE`
// of the submission, and lines that name one of its files, are messages; no
// other file is ever named in one, whatever the output says.
func parseOutput(data []byte, src *Source, job *Job, source string) *output {
	p := &outputParser{files: src.names(), module: src.Module.Path, rename: renames(job, src, source)}
	for name := range p.files {
		p.longest = max(p.longest, len(name))
	}
	for line := range strings.Lines(string(data)) {
		p.line(strings.TrimRight(line, "\r\n"))
	}
	return &p.out
}

type outputParser struct {
	out     output
	files   map[string]bool
	longest int // bytes of the longest of their names
	module  string
	rename  *strings.Replacer
	own     bool // the current heading is of a package of the submission's
	more    bool // an indented line belongs to the last message
	crash   bool // what follows is the compiler's stack trace
}

// renames takes the folders out of messages that a learner does not know.
func renames(job *Job, src *Source, source string) *strings.Replacer {
	pairs := []string{source + "/", "", source, "."}
	for _, dir := range src.Modules {
		mod, _, _ := strings.Cut(strings.TrimPrefix(dir, job.Tools.ModCache+"/"), "@")
		pairs = append(pairs, dir, mod)
	}
	pairs = append(pairs, job.Tools.Root+"/pkg/tool/", "", job.Tools.Root, "$GOROOT")
	return strings.NewReplacer(pairs...)
}

func (p *outputParser) line(line string) {
	if line == "" {
		return
	}
	if head, ok := strings.CutPrefix(line, "# "); ok {
		p.own, p.more, p.crash = p.isOwn(head), false, false
		return
	}
	if line[0] == '\t' && p.more {
		last := &p.out.messages[len(p.out.messages)-1]
		if len(last.Text) < maxText {
			last.Text += "\n\t" + strings.TrimPrefix(p.rename.Replace(line[1:]), "./")
		}
		return
	}
	p.more = false
	if ranOutOfMemory(line) {
		p.out.outOfMemory = true
		return
	}
	m, placed := p.position(line)
	switch {
	case p.crash:
	case placed:
		p.add(m)
	case isPackage(line):
		p.out.compiled = append(p.out.compiled, line)
	case p.isImportStack(line):
		p.add(Message{Text: p.rename.Replace(line)})
	case p.isRefusal(line) && !machineFault(line):
		_, text, _ := strings.Cut(line, ": ")
		p.add(Message{Text: p.rename.Replace(text)})
	case p.own && machineFault(line):
		p.out.other = append(p.out.other, p.rename.Replace(line))
	case p.own:
		p.add(Message{Text: p.linker(p.rename.Replace(line))})
		p.crash = isCrash(line)
	default:
		p.out.other = append(p.out.other, p.rename.Replace(line))
	}
}

func (p *outputParser) add(m Message) {
	p.crash = isCrash(m.Text)
	if m.Text == "too many errors" {
		m = Message{Text: "too many errors: the compiler stopped here"}
	}
	p.out.messages = append(p.out.messages, m)
	p.more = !p.crash
}

// position reads `FILE:LINE:COL: text` or `FILE:LINE: text`, where FILE is one
// of the submission's.
func (p *outputParser) position(line string) (Message, bool) {
	rest := strings.TrimPrefix(p.rename.Replace(line), "./")
	name := p.fileAt(rest)
	if name == "" {
		return Message{}, false
	}
	m := Message{File: name}
	rest = rest[len(name)+1:]
	for _, n := range []*int{&m.Line, &m.Col} {
		digits, after, ok := strings.Cut(rest, ":")
		v, err := strconv.Atoi(digits)
		if !ok || err != nil || v < 0 || digits[0] == '+' || digits[0] == '-' {
			break
		}
		*n, rest = v, after
	}
	m.Text = strings.TrimPrefix(rest, " ")
	return m, m.Text != ""
}

// fileAt returns the longest file name that the line starts with, up to a
// colon: file names may have colons too.
func (p *outputParser) fileAt(line string) string {
	found := ""
	for i := range min(len(line), p.longest+1) {
		if line[i] == ':' && p.files[line[:i]] {
			found = line[:i]
		}
	}
	return found
}

func (p *outputParser) isOwn(pkg string) bool {
	pkg, _, _ = strings.Cut(pkg, " ")
	return pkg == p.module || strings.HasPrefix(pkg, p.module+"/")
}

// isImportStack tells whether a line begins the go command's description of a
// chain of imports, which is how it reports a cycle.
func (p *outputParser) isImportStack(line string) bool {
	pkg, ok := strings.CutPrefix(line, "package ")
	return ok && p.isOwn(pkg)
}

// isRefusal tells whether the go command says what is wrong with a whole
// package: two of its files have names that differ only in case, for one.
func (p *outputParser) isRefusal(line string) bool {
	pkg, _, ok := strings.Cut(strings.TrimPrefix(line, "package "), ": ")
	return ok && strings.HasPrefix(line, "package ") && p.isOwn(pkg)
}

// isPackage tells whether a line is what -v prints: an import path alone.
func isPackage(line string) bool { return !strings.ContainsAny(line, " \t:()") }

// linker rewrites the linker's few sentences that learners meet.
func (p *outputParser) linker(line string) string {
	if _, text, ok := strings.Cut(line, "runtime.main_main·f: "); ok {
		return text
	}
	return line
}

func isCrash(text string) bool {
	return strings.HasPrefix(text, "internal compiler error") || strings.HasPrefix(text, "panic: ") ||
		strings.HasPrefix(text, "fatal error: ") || strings.HasPrefix(text, "runtime: ")
}

func ranOutOfMemory(line string) bool {
	return strings.HasPrefix(line, "fatal error: runtime: out of memory") ||
		strings.HasPrefix(line, "fatal error: out of memory") ||
		strings.HasPrefix(line, "runtime: out of memory") ||
		strings.HasPrefix(line, "fatal error: runtime: cannot allocate memory") ||
		strings.HasPrefix(line, "fatal error: runtime: cannot map pages")
}

// machineFault tells whether a tool failed for a reason that no source has.
func machineFault(line string) bool {
	for _, s := range []string{"no space left on device", "read-only file system", "permission denied",
		"input/output error", "disk quota exceeded", "signal: killed", "too many open files"} {
		if strings.HasSuffix(line, s) {
			return true
		}
	}
	return false
}
