package course

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOpen(t *testing.T) {
	c := &Course{Exercises: []*Exercise{
		{ID: "02-a", Number: "02"}, {ID: "03-b", Number: "03", Before: "02-a"}, {ID: "04-c", Number: "04", Before: "03-b"},
		{ID: "05-d", Number: "05", Before: "04-c"}, {ID: "06-e", Number: "06", Before: "04-c"},
	}}
	for _, test := range []struct {
		done  []string
		open  []string
		waits map[string]string
	}{
		{nil, []string{"02"}, map[string]string{"03-b": "02", "04-c": "03", "05-d": "04", "06-e": "04"}},
		{[]string{"02-a"}, []string{"03"}, map[string]string{"04-c": "03", "05-d": "04", "06-e": "04"}},
		{[]string{"02-a", "03-b", "04-c"}, []string{"05", "06"}, map[string]string{}},
		{[]string{"02-a", "03-b", "04-c", "06-e"}, []string{"05"}, map[string]string{}},
		{[]string{"04-c"}, []string{"02", "05", "06"}, map[string]string{"03-b": "02"}},
		{[]string{"02-a", "03-b", "04-c", "05-d", "06-e"}, nil, map[string]string{}},
	} {
		done := map[string]bool{}
		for _, id := range test.done {
			done[id] = true
		}
		open, waits := c.Open(done)
		var numbers []string
		for _, e := range open {
			numbers = append(numbers, e.Number)
		}
		assert.Equal(t, test.open, numbers, "%v", test.done)
		assert.Equal(t, test.waits, waits, "%v", test.done)
	}
}
