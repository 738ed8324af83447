package trace

import "encoding/binary"

const (
	stackFirst  = 4 << 10  // bytes of the stack that are searched first
	stackWindow = 16 << 10 // and then
	stackNear   = 2 << 10  // where the innermost frame must begin
	stackLinks  = 64       // frames that are followed
	stackTries  = 256      // addresses that are resolved for one call: a stack may be full of them
	// Go puts a frame's link below its return address; on arm64 the innermost
	// one lies below the stack pointer itself.
	stackBelow = 16
)

// maxLines is for how many writes of a process, and for how many calls of a
// run, the line is looked for.
const (
	maxLines    = 200
	maxAllLines = 2000
)

// line returns the line of the submission that led to the call that a thread is
// making, or "": the innermost frame on its stack that is in the submission's
// own code.
//
// Go keeps frame pointers on amd64 and arm64: each frame holds the address of
// its caller's frame, and, one word above, the address it returns to. There is
// no register here to begin with, so the first pair that looks like it and
// leads to the submission is taken.
func (r *Recorder) line(tid int, sp uint64) string {
	if r.lines >= maxAllLines {
		return ""
	}
	r.lines++
	if r.stack == nil {
		r.stack = make([]byte, stackWindow)
	}
	w := walk{mem: taskMemory(tid), resolve: r.opts.Resolve, code: r.code, left: stackTries}
	if found := w.line(sp-stackBelow, r.stack[:stackFirst]); found != "" {
		return found
	}
	return w.line(sp-stackBelow, r.stack)
}

// A walk looks for a line on one stack.
type walk struct {
	mem     memory
	resolve func(pc uint64) string
	code    [2]uint64 // where the program's code begins and ends
	left    int       // resolve may be called that often

	base  uint64
	stack []byte
}

// line looks at the stack from base on, as far as buf reaches.
func (w *walk) line(base uint64, buf []byte) string {
	w.base, w.stack = base, buf[:w.mem.read(base, buf)&^7]
	size := uint64(len(w.stack))
	for offset := uint64(0); offset < min(stackNear, size); offset += 8 {
		if found := w.chain(base + offset); found != "" {
			return found
		}
	}
	// No chain: code without frame pointers. Any return address will do.
	for offset := uint64(0); offset < size; offset += 8 {
		if pc, _ := w.at(base + offset); w.returns(pc) {
			if found := w.lineOf(pc); found != "" {
				return found
			}
		}
	}
	return ""
}

// at returns the word of the stack at an address.
func (w *walk) at(address uint64) (uint64, bool) {
	offset := address - w.base
	if len(w.stack) < 8 || offset > uint64(len(w.stack))-8 || offset%8 != 0 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(w.stack[offset:]), true
}

// chain follows frames upwards and returns the first line of the submission.
func (w *walk) chain(frame uint64) string {
	for i := range stackLinks {
		next, ok := w.at(frame)
		if !ok || i == 0 && (next <= frame || next-frame > stackWindow) {
			return ""
		}
		pc, ok := w.at(frame + 8)
		if !ok || !w.inCode(pc) || i == 0 && !w.returns(pc) {
			return ""
		}
		// What it leads to must not be a mere number either.
		if found := w.lineOf(pc); found != "" && w.returns(pc) {
			return found
		}
		if next <= frame {
			return ""
		}
		frame = next
	}
	return ""
}

func (w *walk) inCode(pc uint64) bool { return pc > w.code[0] && pc <= w.code[1] }

// lineOf returns the submission's line that the call before pc belongs to.
func (w *walk) lineOf(pc uint64) string {
	if w.left <= 0 {
		return ""
	}
	w.left--
	return w.resolve(pc - 1)
}

// returns tells whether a function may return to pc.
func (w *walk) returns(pc uint64) bool {
	const longest = 7
	if !w.inCode(pc) || pc < longest {
		return false
	}
	var code [longest]byte
	return w.mem.read(pc-longest, code[:]) == len(code) && returnsAfterCall(code[:])
}
