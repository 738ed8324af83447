package scenario

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFindName(t *testing.T) {
	for _, test := range []struct {
		text, name string
		want       bool
	}{
		{"hostname: box\n", "box", true},
		{"box", "box", true},
		{"(box)", "box", true},
		{"box.", "box", true},
		{"box. Done", "box", true},
		{"...box", "box", true},
		{"--name=box", "box", true},
		{"box -> boxes", "boxes", true},
		{"boxes", "box", false},
		{"my-box", "box", false},
		{"box-1", "box", false},
		{"box_1", "box", false},
		{"box1", "box", false},
		{"box.local", "box", false},
		{"a.box", "box", false},
		{"sandbox", "box", false},
		{"hostname:containerpid:1", "container", true},
		{"my-container", "container", false},
		{"mycontainer", "container", false},
		{"container2", "container", false},
		{"host_container_pid_1", "container", true},
		{"box box", "box", true},
		{"sandbox box", "box", true},
		{"", "box", false},
		{"box", "", false},
		{"тест", "тест", true},
		{"тестbox", "box", false},
		{"box\xff", "box", false},
		{"имя «box», номер 1", "box", true},
		{"“box” – ‘box’", "box", true},
		{"📦box🖥️", "box", true},
		{"🖥️box", "box", true},
		{"主机名是box，进程号是1", "box", true},
		{"ホスト名はboxです", "box", true},
		{"é-box", "box", false},
		{"»-box", "box", true},
		{"a.b", ".", false},
	} {
		assert.Equal(t, test.want, len(findName(test.text, test.name, nil)) > 0, "%q in %q", test.name, test.text)
	}
	next := func(from int, _ joints) int { return from }
	for text, want := range map[string]bool{"container1": true, "1container": true, "container12": false, "11container": false, "container2": false} {
		assert.Equal(t, want, len(findNameFrom(text, "container", nil, joints{"1"}, next)) > 0, text)
	}
	assert.Empty(t, findNameFrom("container21", "container2", nil, joints{"1"}, next), "which digits are the pid?")
	assert.Equal(t, []int{3, 7}, findName("box box", "box", nil))
	assert.Equal(t, []int{3}, findName("boxpid", "box", map[int]bool{3: true}))
}

func TestFindNumbers(t *testing.T) {
	for text, want := range map[string][]int{
		"pid 1":                               {1},
		"pid1":                                {1},
		"pid-1":                               {1},
		"PID:1host":                           {1},
		"pid=41733, ppid=7":                   {41733, 7},
		"1.":                                  {1},
		"1.5 and 0.1 and 1.26.8":              nil,
		"code -1":                             nil,
		"--1":                                 {1},
		"01":                                  nil,
		"PID=000001|":                         {1},
		"“000001”":                            {1},
		"é000001":                             nil,
		"001 and 0x001, v001, .001, -001":     {1},
		"08:01:01 .001, 001:02, 1/001":        {1},
		"1,001 001/2 001-2 001.5 00":          {1, 2, 2},
		"0":                                   {0},
		"99999999999":                         nil,
		"2026/01/02 03:04:05.000001 pid 1":    {1},
		"2026-1-1 1:01:01":                    nil,
		"1/2/2026, 31-1-2026":                 nil,
		"1/2/20261 and 1/2/20":                {1, 2, 20261, 1, 2, 20},
		"at 1:04PM":                           nil,
		"Jan  1 15:04:05":                     nil,
		"Linux x 6.18.1 #1 SMP PREEMPT":       nil,
		"#1":                                  {1},
		"[1]":                                 {1},
		"{\"pid\":1}":                         {1},
		"exit status 3":                       {3},
		"12:34":                               {12, 34},
		"\xff1\xff":                           {1},
		"x\x001":                              {1},
		"pid 1,2,3":                           {1, 2, 3},
		"November 3 things, Nov 3 is the day": {3},
	} {
		var got []int
		for _, n := range findNumbers(text) {
			got = append(got, n.value)
			assert.True(t, strings.HasSuffix(text[:n.end], strconv.Itoa(n.value)), "%q", text)
		}
		assert.Equal(t, want, got, "%q", text)
	}
}

func TestQuoteIsOneShortLine(t *testing.T) {
	for _, s := range []string{"", "x", "a\nb\x1b[31m", strings.Repeat("x", 1000), strings.Repeat("\xff", 1000), strings.Repeat("\x1b", 1000), strings.Repeat("日", 100), strings.Repeat("\U0010ffff", 100)} {
		q := quote(s)
		assert.NotContains(t, q, "\n")
		assert.NotContains(t, q, "\x1b")
		assert.LessOrEqual(t, len([]rune(q)), 2*maxQuote+5)
	}
	assert.Equal(t, `"a b"`, quote(" a b\n"))
	assert.Equal(t, `"line of noise number 7614 and more of the same, for what"...`, quote("line of noise number 7614 and more of the same, for what it is worth"))
	assert.Equal(t, "a", list([]string{"a"}))
	assert.Equal(t, "a, b and c", list([]string{"a", "b", "c"}))
	assert.Equal(t, `"a", "b" and "c"`, few([]string{"a", "b", "c"}, word))
	assert.Equal(t, "a, b, c and 2 more", few([]string{"a", "b", "c", "d", "e"}, plain))
}

// A word is found exactly where it stands, whatever surrounds it.
func FuzzPrinted(f *testing.F) {
	f.Add("hostname: ", "container", "pid: 1\n", 1, uint8(3))
	f.Add("\x1b[31m", "box", "\x1b[0m", 41733, uint8(0))
	f.Add("2026/01/02 03:04:05 ", "a-b.c", "\xff\x00", 99, uint8(7))
	f.Fuzz(func(t *testing.T, before, name, after string, pid int, step uint8) {
		if len(before)+len(name)+len(after) > 4096 {
			return
		}
		text := before + name + after
		for _, end := range findName(text, name, nil) {
			assert.Equal(t, name, text[end-len(name):end])
		}
		if name != "" && !strings.Contains(name, "\x1b") {
			assert.NotEmpty(t, findName(before+" "+name+" "+after, name, nil), "a word of its own")
			assert.NotEmpty(t, findName(name, name, nil))
		}
		for _, n := range findNumbers(text) {
			assert.True(t, strings.HasSuffix(text[:n.end], strconv.Itoa(n.value)))
		}
		if pid >= 0 && pid < 1<<22 {
			line := "pid " + strconv.Itoa(pid) + "\n"
			assert.True(t, slices.ContainsFunc(findNumbers(line), func(n number) bool { return n.value == pid }))
		}

		// Written in pieces, to any target, it is the same text.
		k, first := newKernel(RunSpec{})
		size := int(step%16) + 1
		for from := 0; from < len(text); from += size {
			first.print(text[from:min(from+size, len(text))])
		}
		first.exit(0)
		facts, err := study(k.over())
		assert.NoError(t, err)
		assert.Equal(t, escapes().ReplaceAllString(text, ""), facts.output(facts.first))
		for _, t2 := range facts.wrote[0] {
			last := 0
			for _, m := range t2.marks {
				assert.True(t, last <= m.end && m.end <= len(t2.data))
				last = m.end
			}
		}
		for _, p := range facts.hostname(facts.theFirst(), name) {
			assert.Equal(t, name, p.text.data[p.end-len(name):p.end])
			assert.True(t, p.came)
			assert.Contains(t, p.text.data, p.line())
		}
		facts.number(facts.theFirst(), func(int) bool { return true })
	})
}

// TestClocksAreFound: looking for clocks line by line finds what the expression
// finds in the whole.
func TestClocksAreFound(t *testing.T) {
	pieces := []string{"1", "12", "07", "2026", ":", "-", "/", " ", "  ", "\n", "#", " SMP", "am", "PM", "Jan ", "Feb", "May ", "Oct ", "Dec  ", "x", ".5", "é", "\xff"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var text strings.Builder
		for range random.IntN(20) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		require.Equal(t, clock().ReplaceAllStringFunc(text.String(), blank), withoutClocks(text.String()), "%q", text.String())
	}
}

func TestAPidInBinaryData(t *testing.T) {
	const pid = 41733 // 0xa305
	for _, data := range []string{"\x05\xa3\x00\x00", "\x00\x00\xa3\x05", "\x01\x85\xc6\x02", "x\x8a\x8c\x05", "\xfd\x01\x46\x0a"} {
		assert.True(t, coded(data, pid), "%q", data)
	}
	assert.False(t, coded("\x00\x01\x02\x05", pid))
	assert.True(t, coded("\x02", 1), "as gob has it")
	assert.False(t, coded("\x00\x03", 1))
	assert.True(t, isText("a\tb\n", none))
	assert.False(t, isText("a\x00", none))
	assert.False(t, isText("a\xff", none))
}
