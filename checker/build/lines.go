package build

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A LineTable resolves program counters of a built program to the
// submission's own lines. Its cost (about a millisecond) falls to the first
// call; a program that it cannot read has no lines. Goroutines may share it.
type LineTable struct {
	program []byte
	source  string // folder that it was compiled in, with a slash at the end
	own     map[string]bool

	mu    sync.Mutex
	read  bool
	table *gosym.Table
	known map[uint64]string
}

func newLineTable(program []byte, source string, own map[string]bool) *LineTable {
	return &LineTable{program: program, source: source + "/", own: own, known: map[uint64]string{}}
}

// Origin is what a LineTable is made from besides the program: with both, the
// same table can be made elsewhere.
type Origin struct {
	Source string   // the folder that it was compiled in
	Own    []string // the submission's files there, with slashes
}

// Origin returns where the table comes from.
func (t *LineTable) Origin() Origin {
	return Origin{strings.TrimSuffix(t.source, "/"), slices.Sorted(maps.Keys(t.own))}
}

// Table makes the line table of the program that comes from there.
func (o Origin) Table(program []byte) *LineTable {
	own := map[string]bool{}
	for _, name := range o.Own {
		own[name] = true
	}
	return newLineTable(program, o.Source, own)
}

// At returns the innermost line of the submission in a call stack:
// "main.go:31", or "" if there is none. The first element of the stack is a
// program counter, the others are return addresses. At may be called on nil.
func (t *LineTable) At(stack []uint64) string {
	for i, pc := range stack {
		if i > 0 {
			pc-- // into the call, which may be the last of its line
		}
		if line := t.Line(pc); line != "" {
			return line
		}
	}
	return ""
}

// Line returns the submission's line that a program counter belongs to, or ""
// if it is not in a function of the submission's. For code of others that was
// inlined there it is the line that called it.
func (t *LineTable) Line(pc uint64) string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.read {
		t.read = true
		t.table = readTable(t.program)
	}
	if t.table == nil {
		return ""
	}
	line, ok := t.known[pc]
	if !ok {
		line = t.find(pc)
		t.known[pc] = line
	}
	return line
}

// maxBack bounds the search backwards from inlined code, in bytes.
const maxBack = 1024

func (t *LineTable) find(pc uint64) string {
	fn := t.table.PCToFunc(pc)
	if fn == nil || t.ownLine(fn.Entry) == "" {
		return ""
	}
	// Before inlined code stands an instruction, if only a no-op, with the
	// position of the call.
	for p := pc; p >= fn.Entry && pc-p < maxBack; p-- {
		if line := t.ownLine(p); line != "" {
			return line
		}
	}
	return t.ownLine(fn.Entry)
}

func (t *LineTable) ownLine(pc uint64) string {
	file, line, _ := t.table.PCToLine(pc)
	name, ok := strings.CutPrefix(file, t.source)
	if !ok || !t.own[name] || line <= 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", name, line)
}

func readTable(program []byte) (table *gosym.Table) {
	defer func() {
		if recover() != nil { // gosym indexes where the table tells it to
			table = nil
		}
	}()
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil
	}
	text, tab := f.Section(".text"), f.Section(".gopclntab")
	if text == nil || tab == nil {
		return nil
	}
	data, err := tab.Data()
	if err != nil {
		return nil
	}
	table, err = gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return nil
	}
	return table
}
