package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// manyNumbers are more than a program has to print of an exercise: who does not
// know a number may print them all, and so one among so many says nothing.
const manyNumbers = 1000

// A crowd tells which numbers of a text are among too many. Lines that are alike
// but for their numbers count together: where they have many different ones they
// are noise, such as a counter's. The numbers of all other lines count together
// again, or who words each guess in another way would get away with it.
type crowd struct {
	noisy bool         // there are lines that are noise
	quiet map[int]bool // where the numbers of all others end
	many  bool         // there are too many of those, too
}

func (f *facts) crowdOf(t *text) *crowd {
	if t.crowd != nil {
		return t.crowd
	}
	type group struct {
		values map[int]bool
		ends   []int
	}
	alike := map[string]*group{}
	for numbers := f.numbersIn(t); len(numbers) > 0; {
		line := t.line(numbers[0].end)
		end := strings.LastIndexByte(t.data[:numbers[0].end], '\n') + 1 + len(line)
		like := unnumbered(line)
		g := alike[like]
		if g == nil {
			g = &group{values: map[int]bool{}}
			alike[like] = g
		}
		for len(numbers) > 0 && numbers[0].end <= end {
			g.values[numbers[0].value] = true
			g.ends = append(g.ends, numbers[0].end)
			numbers = numbers[1:]
		}
	}
	t.crowd = &crowd{quiet: map[int]bool{}}
	others := map[int]bool{}
	for _, g := range alike {
		if len(g.values) > manyNumbers {
			t.crowd.noisy = true
			continue
		}
		maps.Copy(others, g.values)
		for _, end := range g.ends {
			t.crowd.quiet[end] = true
		}
	}
	t.crowd.many = len(others) > manyNumbers
	return t.crowd
}

// unnumbered returns a line with all its numbers made the same.
func unnumbered(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if !isDigit(line[i]) {
			b.WriteByte(line[i])
		} else if i == 0 || !isDigit(line[i-1]) {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// guesses tells whether a number that was printed is among too many. One of
// which it is not known where it stands is, if there is any noise.
func (f *facts) guesses(p printing) bool {
	crowd := f.crowdOf(p.text)
	return crowd.many || crowd.noisy && !crowd.quiet[p.end]
}

// known are the printings that are not among too many.
func (f *facts) known(found []printing) []printing {
	return slices.DeleteFunc(slices.Clone(found), f.guesses)
}

// guessed is the finding for a number among so many.
func (f *facts) guessed(p printing, cause string) because {
	return because{
		cause: cause,
		saw:   fmt.Sprintf("%s wrote more than %d different numbers, its pid among them", f.who(p.by), manyNumbers),
		why:   "so many say nothing: who does not know the pid may print them all",
		try:   "ask for the pid and print it, without so many other numbers",
		at:    p.event.At,
	}
}
