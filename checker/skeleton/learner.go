package skeleton

import (
	"bytes"
	"fmt"
	"go/scanner"
	"go/token"

	"pidone/checker/pattern"
)

var todoForm = pattern.Lazy(`//[ \t]*TODO step ([0-9]+)`)

func isTodo(line []byte, step int) bool {
	for _, found := range todoForm().FindAllSubmatch(line, -1) {
		if string(found[1]) == fmt.Sprint(step) {
			return true
		}
	}
	return false
}

// Todo returns the line, from 1, of the first TODO comment for a step in a
// learner's file, which need not be whole Go; 0 if there is none.
func Todo(source []byte, step int) int {
	for i, line := range bytes.Split(source, []byte("\n")) {
		if isTodo(line, step) {
			return i + 1
		}
	}
	return 0
}

// Unchanged tells whether a learner's file still has the code of its skeleton,
// whatever became of comments and white space.
func Unchanged(source, skeleton []byte) bool {
	if bytes.Equal(source, skeleton) {
		return true
	}
	a, b := newTokens(source), newTokens(skeleton)
	for {
		tok, text := a.next()
		if otherTok, otherText := b.next(); tok != otherTok || text != otherText {
			return false
		}
		if tok == token.EOF {
			return true
		}
	}
}

type tokens struct{ scanner.Scanner }

func newTokens(source []byte) *tokens {
	var t tokens
	file := token.NewFileSet().AddFile("", -1, len(source))
	t.Init(file, source, func(token.Position, string) {}, 0)
	return &t
}

// next returns the next token and, if there is more than one way to write it,
// its text. The text of a semicolon says only whether a line's end stood for it.
func (t *tokens) next() (token.Token, string) {
	_, tok, text := t.Scan()
	if tok == token.SEMICOLON {
		text = ""
	}
	return tok, text
}
