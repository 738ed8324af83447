package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFit(t *testing.T) {
	assert.Equal(t, "compiling x", fit("compiling x", 11))
	assert.Equal(t, "comp...veryfar", fit("compiling /a/path/that/leads/veryfar", 14))
}

func TestWrap(t *testing.T) {
	assert.Equal(t, "aa bb\n  cc", wrap("aa bb cc", 5, "  "))
	assert.Equal(t, "a\nlonger-than-that\nb", wrap("a longer-than-that b", 5, ""))
	assert.Empty(t, wrap(" ", 5, ""))
	text := "one two\nthree\n\n```go\nx := 1 // stays as long as it is\n```\n- a list\nfour five"
	assert.Equal(t, "one two\nthree\n\n```go\nx := 1 // stays as long as it is\n```\n- a list\nfour\nfive", wrapMarkdown(text, 8))
}
