package trace

import (
	"encoding/binary"
	"math"

	"pidone/checker/evidence"
)

// Limits of what is kept of the writes.
const (
	maxWrite     = 64 << 10 // bytes of one write
	maxFileWrite = 256      // bytes of one write to a file: enough for a hostname
	maxProcess   = 8 << 20  // bytes of one process
	maxRun       = 16 << 20 // bytes of a run
)

// output returns the descriptor that a call of the write family writes to.
func (c *call) output(args [6]uint64) int32 {
	switch c.name {
	case "splice":
		return int32(args[2])
	case "tee":
		return int32(args[1])
	}
	return int32(args[0])
}

// writeTo fills in where a write leads. It returns how many bytes of it may be
// kept, and false for a write that is none or is the Go runtime's own.
func (c *caller) writeTo(fd int32, ev *evidence.Event) (int, bool) {
	target := c.fds.target(fd)
	if target.Name == "anon_inode:[eventfd]" { // how one Go thread wakes another
		return 0, false
	}
	ev.Target = &target
	limit := min(c.room, maxWrite)
	if nowhere(&target) {
		limit = maxFileWrite
	}
	return limit, true
}

// put notes what a write asked to be written.
func put(ev *evidence.Event, data []byte, size int64) bool {
	ev.Data, ev.Size = data, size
	return true
}

// size reads an unsigned count.
func size(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// enterWrite is for calls with descriptor, buffer, length.
func enterWrite(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[0]), ev)
	if !ok {
		return false
	}
	data, _ := gather(c.mem, []span{{a[1], a[2]}}, limit)
	return put(ev, data, size(a[2]))
}

// enterWritev is for calls with descriptor, struct iovec array, its length.
func enterWritev(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[0]), ev)
	if !ok {
		return false
	}
	data, n := gather(c.mem, spans(c.mem, a[1], a[2]), limit)
	return put(ev, data, n)
}

// enterVmsplice: on the read end of a pipe it reads.
func enterVmsplice(c *caller, a [6]uint64, ev *evidence.Event) bool {
	return c.fds.writes(int32(a[0])) && enterWritev(c, a, ev)
}

func enterSendmsg(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[0]), ev)
	if !ok {
		return false
	}
	data, n := gather(c.mem, message(c.mem, a[1]), limit)
	return put(ev, data, n)
}

// message returns the data of a struct msghdr: msg_iov is at 16, msg_iovlen at 24.
func message(m memory, address uint64) []span {
	var head [32]byte
	if m.read(address, head[:]) != len(head) {
		return nil
	}
	return spans(m, binary.LittleEndian.Uint64(head[16:]), binary.LittleEndian.Uint64(head[24:]))
}

// enterSendmmsg keeps the messages joined. Result is a number of messages.
func enterSendmmsg(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[0]), ev)
	if !ok {
		return false
	}
	var data []byte
	var total int64
	const stride = 64 // struct mmsghdr
	for i := range min(a[2]&0xffffffff, maxMessages) {
		one, n := gather(c.mem, message(c.mem, a[1]+i*stride), limit-len(data))
		data = append(data, one...)
		total += n
		c.ends = append(c.ends, end{len(data), total})
	}
	return put(ev, data, total)
}

const maxMessages = 16

func enterSendfile(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[0]), ev)
	if !ok {
		return false
	}
	offset := int64(-1)
	if a[2] != 0 {
		n, _ := word(c.mem, a[2])
		offset = max(int64(n), 0)
	}
	data := c.fds.content(int32(a[1]), offset, int(min(uint64(limit), a[3])))
	return put(ev, data, size(a[3]))
}

func enterSplice(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[2]), ev)
	if !ok {
		return false
	}
	limit = int(min(uint64(limit), a[4]))
	data := c.fds.peek(int32(a[0]), limit)
	if data == nil {
		offset := int64(-1)
		if a[1] != 0 {
			n, _ := word(c.mem, a[1])
			offset = max(int64(n), 0)
		}
		data = c.fds.content(int32(a[0]), offset, limit)
	}
	return put(ev, data, size(a[4]))
}

func enterTee(c *caller, a [6]uint64, ev *evidence.Event) bool {
	limit, ok := c.writeTo(int32(a[1]), ev)
	if !ok {
		return false
	}
	return put(ev, c.fds.peek(int32(a[0]), int(min(uint64(limit), a[2]))), size(a[2]))
}

// end says where a message of several ends: in what was kept, and in all.
type end struct {
	kept int
	all  int64
}

// wrote trims a write to what came of it. ends are those of sendmmsg's messages.
func wrote(ev *evidence.Event, ends []end) {
	n := ev.Result
	kept := n
	if len(ends) > 0 && n > 0 {
		last := ends[min(n, int64(len(ends)))-1]
		kept, n = int64(last.kept), last.all
	}
	if ev.Errno != "" || n <= 0 {
		ev.Data, ev.Cut = nil, false
		return
	}
	ev.Data = ev.Data[:min(int64(len(ev.Data)), kept)]
	ev.Cut = int64(len(ev.Data)) < n
	if len(ev.Data) == 0 {
		ev.Data = nil
	}
}
