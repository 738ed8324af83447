package trace

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// callCode is a call instruction, and what comes before it.
func callCode() []byte {
	if runtime.GOARCH == "arm64" {
		return []byte{0, 0, 0, 0, 0x10, 0, 0, 0x94}
	}
	return []byte{0, 0, 0, 0xe8, 1, 2, 3, 4}
}

// world is a stack, and code below it in which every 64th byte follows a call.
type world struct{ stack block }

const codeBase, codeEnd = 0x400000, 0x410000

func (w world) read(address uint64, buf []byte) int {
	if address >= codeBase && address < codeEnd {
		code := make([]byte, 64)
		copy(code[64-8:], callCode())
		for i := range buf {
			buf[i] = code[(address+uint64(i))%64]
		}
		return len(buf)
	}
	return w.stack.read(address, buf)
}

func TestLine(t *testing.T) {
	t.Parallel()
	const base = 0x7f0000000000
	resolve := func(pc uint64) string { // the submission's code is the second half
		if pc >= codeBase+0x8000 && pc < codeEnd {
			return fmt.Sprintf("main.go:%d", (pc+1-codeBase-0x8000)/64)
		}
		return ""
	}
	library, own := uint64(codeBase), uint64(codeBase+0x8000)
	for _, c := range []struct {
		about string
		stack map[int]uint64 // by word
		want  string
	}{
		{"nothing", nil, ""},
		{"the first frame", map[int]uint64{3: base + 80, 4: own + 64*7}, "main.go:7"},
		{"behind a library's frame", map[int]uint64{3: base + 80, 4: library + 64, 10: base + 160, 11: own + 64*9}, "main.go:9"},
		{"the outermost frame has no next", map[int]uint64{3: base + 80, 4: library + 64, 10: 0, 11: own + 64*9}, "main.go:9"},
		{"an address that is left over between frames", map[int]uint64{3: base + 80, 4: library + 64, 7: own + 64*2, 10: base + 160, 11: own + 64*9}, "main.go:9"},
		{"a return address that follows no call", map[int]uint64{3: base + 80, 4: own + 64*7 + 1}, ""},
		{"no chain, but a return address", map[int]uint64{9: own + 64*5}, "main.go:5"},
		{"a chain that goes round", map[int]uint64{3: base + 80, 4: library + 64, 10: base + 24, 11: library + 64}, ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			data := make([]byte, 512)
			for i, v := range c.stack {
				binary.LittleEndian.PutUint64(data[8*i:], v)
			}
			w := walk{mem: world{block{base, data}}, resolve: resolve, code: [2]uint64{codeBase, codeEnd}, left: stackTries}
			assert.Equal(t, c.want, w.line(base, make([]byte, stackWindow)))
		})
	}
}

func TestReturnsAfterCall(t *testing.T) {
	t.Parallel()
	assert.True(t, returnsAfterCall(callCode()))
	assert.False(t, returnsAfterCall(make([]byte, 7)))
	assert.False(t, returnsAfterCall(nil))
	if runtime.GOARCH == "amd64" {
		assert.True(t, returnsAfterCall([]byte{0, 0, 0, 0, 0, 0xff, 0xd0}), "call rax")
		assert.True(t, returnsAfterCall([]byte{0, 0, 0, 0, 0xff, 0x52, 0x18}), "call [rdx+24]")
		assert.False(t, returnsAfterCall([]byte{0, 0, 0, 0, 0, 0xff, 0xe0}), "jmp rax")
	}
}

func FuzzLine(f *testing.F) {
	f.Add(uint64(0x7f0000000000), []byte("\x10\x00\x00\x00\x00\x7f\x00\x00\x40\x00\x40\x00\x00\x00\x00\x00"))
	f.Add(^uint64(0)-40, make([]byte, 64))
	f.Fuzz(func(t *testing.T, base uint64, data []byte) {
		calls := 0
		resolve := func(uint64) string { calls++; return "" }
		w := walk{mem: world{block{base, data}}, resolve: resolve, code: [2]uint64{codeBase, codeEnd}, left: stackTries}
		require.Empty(t, w.line(base, make([]byte, stackWindow)))
		require.LessOrEqual(t, calls, stackTries)
	})
}
