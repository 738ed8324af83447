package remote

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"pidone/checker/build"
	"pidone/checker/sandbox"
)

// What is large crosses the stream once: a program is run several times, and the
// images of all programs are the same. Both ends keep a shelf, and as they put
// the same pieces there in the same order, the client knows what the server has.

// Limits of a shelf: pieces in it, and bytes of the smallest piece.
const (
	maxShelf = 24
	minPiece = 16 << 10
)

type sum = [sha256.Size]byte

// piece is a file of a command that is on the shelf.
type piece struct {
	Index int    // among all files of the command, see files
	Sum   sum    // of the data
	Data  []byte // nil: the server has it
}

// kept is a piece on the shelf.
type kept struct {
	sum  sum
	data []byte // nil on the client's

	origin build.Origin // of lines
	lines  *build.LineTable
}

// shelf holds what was used last, the latest at the end.
type shelf []*kept

// take returns a piece, if it is there.
func (s *shelf) take(key sum) *kept {
	i := slices.IndexFunc(*s, func(k *kept) bool { return k.sum == key })
	if i < 0 {
		return nil
	}
	k := (*s)[i]
	*s = append(slices.Delete(*s, i, i+1), k)
	return k
}

// put puts a piece there that is not, in place of the oldest.
func (s *shelf) put(key sum, data []byte) {
	if len(*s) == maxShelf {
		*s = slices.Delete(*s, 0, 1)
	}
	*s = append(*s, &kept{sum: key, data: data})
}

// files calls f with the data of each file of a command, in an order that
// depends on the command alone.
func files(c *sandbox.Command, f func(index int, data *[]byte)) {
	n := 0
	for i := range c.Files {
		f(n, &c.Files[i].Data)
		n++
	}
	for i := range c.Trees {
		for j := range c.Trees[i].Nodes {
			f(n, &c.Trees[i].Nodes[j].Data)
			n++
		}
	}
}

// pack takes what is large out of a command, whose own slices stay as they are.
func (s *shelf) pack(c *sandbox.Command) (pieces []piece) {
	c.Files = slices.Clone(c.Files)
	c.Trees = slices.Clone(c.Trees)
	for i := range c.Trees {
		c.Trees[i].Nodes = slices.Clone(c.Trees[i].Nodes)
	}
	files(c, func(index int, data *[]byte) {
		if len(*data) < minPiece {
			return
		}
		p := piece{Index: index, Sum: sha256.Sum256(*data)}
		if s.take(p.Sum) == nil {
			p.Data = *data
			s.put(p.Sum, nil)
		}
		*data = nil
		pieces = append(pieces, p)
	})
	return pieces
}

// unpack puts back what pack took out.
func (s *shelf) unpack(c *sandbox.Command, pieces []piece) (err error) {
	files(c, func(index int, data *[]byte) {
		if len(pieces) == 0 || pieces[0].Index != index || err != nil {
			return
		}
		p := pieces[0]
		pieces = pieces[1:]
		k := s.take(p.Sum)
		if k == nil && p.Data != nil {
			s.put(p.Sum, p.Data)
			k = s.take(p.Sum)
		}
		if k == nil {
			err = fmt.Errorf("read request: file %d of %s was not sent", index, c.Path)
			return
		}
		*data = k.data
	})
	return err
}

// table returns the line table of a program, which was made before if the
// program is on the shelf.
func (s *shelf) table(o build.Origin, program []byte) *build.LineTable {
	i := slices.IndexFunc(*s, func(k *kept) bool {
		return len(program) > 0 && len(k.data) == len(program) && &k.data[0] == &program[0]
	})
	if i < 0 {
		return o.Table(program)
	}
	k := (*s)[i]
	if k.lines == nil || k.origin.Source != o.Source || !slices.Equal(k.origin.Own, o.Own) {
		k.origin, k.lines = o, o.Table(program)
	}
	return k.lines
}
