package skeleton

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"pidone/checker/pattern"
)

// A region is one marked part of a solution. Its fields are indices of lines,
// from 0; a part ends before its End.
type region struct {
	step     int
	begin    int // the begin marker
	text     []string
	code     int // the solution's code
	codeEnd  int
	other    int // what the skeleton has in its place, commented out
	otherEnd int
	end      int // the end marker
}

// A marker is one marking comment.
type marker struct {
	step int
	word string // begin, else, end
	text string // begin's
	line int    // from 0
}

var (
	markerLike = pattern.Lazy(`^//\s*[Ss]tep\s+[0-9]`)
	markerForm = pattern.Lazy(`^// step ([1-9][0-9]{0,2}) (?:(begin): (\S.*)|(else)|(end))$`)
)

// findRegions reads the markers of a solution. Their errors name the file and
// the line.
func findRegions(name string, solution []byte) ([]region, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, solution, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse solution: %w", err)
	}
	lines := strings.Split(string(solution), "\n")
	markers, err := findMarkers(fset, file, name, lines)
	if err != nil {
		return nil, err
	}

	var regions []region
	var open *region
	inElse := false
	for _, m := range markers {
		fail := func(problem string, args ...any) error {
			return fmt.Errorf("%s:%d: marker of step %d: %s", name, m.line+1, m.step, fmt.Sprintf(problem, args...))
		}
		switch {
		case m.word == "begin" && open != nil:
			return nil, fail("begins inside the region of line %d", open.begin+1)
		case m.word != "begin" && open == nil:
			return nil, fail("%s without begin", m.word)
		case m.word != "begin" && m.step != open.step:
			return nil, fail("%s inside the region of step %d", m.word, open.step)
		case m.word == "else" && inElse:
			return nil, fail("a second else")
		}

		switch m.word {
		case "begin":
			open = &region{step: m.step, begin: m.line, text: []string{m.text}, code: m.line + 1}
			for open.code < len(lines) && isComment(lines[open.code]) && !markerLike().MatchString(strings.TrimSpace(lines[open.code])) {
				open.text = append(open.text, uncomment(lines[open.code]))
				open.code++
			}
			inElse = false
		case "else":
			inElse = true
			open.codeEnd, open.other = m.line, m.line+1
		case "end":
			open.end = m.line
			if !inElse {
				open.codeEnd, open.other = m.line, m.line
			}
			open.otherEnd = m.line
			for n := open.other; n < open.otherEnd; n++ {
				if !isComment(lines[n]) && strings.TrimSpace(lines[n]) != "" {
					return nil, fmt.Errorf("%s:%d: else part of step %d: every line has to be a comment", name, n+1, m.step)
				}
			}
			regions = append(regions, *open)
			open = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: marker of step %d: begin without end", name, open.begin+1, open.step)
	}
	return regions, nil
}

// findMarkers goes by the parser's comments, so that a marker in a string is
// none.
func findMarkers(fset *token.FileSet, file *ast.File, name string, lines []string) ([]marker, error) {
	var markers []marker
	for _, group := range file.Comments {
		for _, comment := range group.List {
			text := strings.TrimRight(comment.Text, " \t\r")
			if !markerLike().MatchString(text) {
				continue
			}
			// Not Position: a //line comment must not move the number.
			line := fset.PositionFor(comment.Pos(), false).Line - 1
			parts := markerForm().FindStringSubmatch(text)
			if parts == nil {
				return nil, fmt.Errorf("%s:%d: bad marker %q: want \"// step N begin: what to do\", \"// step N else\" or \"// step N end\"", name, line+1, text)
			}
			if !isComment(lines[line]) {
				return nil, fmt.Errorf("%s:%d: marker has to stand alone on its line", name, line+1)
			}
			step, err := strconv.Atoi(parts[1])
			if err != nil {
				return nil, fmt.Errorf("%s:%d: bad marker %q: %w", name, line+1, text, err)
			}
			markers = append(markers, marker{step: step, word: parts[2] + parts[4] + parts[5], text: parts[3], line: line})
		}
	}
	return markers, nil
}

// writeTodo writes what the skeleton has in place of the region.
func (r *region) writeTodo(text *strings.Builder, lines []string) {
	indent := leading(lines[r.begin])
	for i, line := range r.text {
		switch {
		case i == 0:
			fmt.Fprintf(text, "%s// TODO step %d: %s\n", indent, r.step, line)
		case line == "":
			fmt.Fprintf(text, "%s//\n", indent)
		default:
			fmt.Fprintf(text, "%s// %s\n", indent, line)
		}
	}
	for _, line := range lines[r.other:r.otherEnd] {
		fmt.Fprintf(text, "%s%s\n", indent, uncomment(line))
	}
}

func leading(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// isComment tells whether a line holds a line comment and nothing else.
func isComment(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), "//")
}

// uncomment returns a comment line without its indentation, its slashes and the
// space behind them.
func uncomment(line string) string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "//")
	return strings.TrimPrefix(line, " ")
}
