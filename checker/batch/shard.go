package batch

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A Shard is one of several equal shares of a class. The zero Shard is the
// whole class.
type Shard struct {
	Number int `json:"number"` // from 1
	Of     int `json:"of"`
}

// maxShards is more than there are submissions in any class.
const maxShards = 10000

// ParseShard reads "2/8", the second share of eight.
func ParseShard(s string) (Shard, error) {
	number, of, found := strings.Cut(s, "/")
	n, err1 := strconv.Atoi(number)
	m, err2 := strconv.Atoi(of)
	if !found || err1 != nil || err2 != nil || m < 1 || m > maxShards || n < 1 || n > m {
		return Shard{}, fmt.Errorf("read shard %q: want a number and how many there are, such as 2/8: from 1/8 to 8/8", s)
	}
	return Shard{n, m}, nil
}

// Whole tells whether the shard is the whole class.
func (s Shard) Whole() bool { return s.Of <= 1 }

func (s Shard) String() string {
	if s.Whole() {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Number, s.Of)
}

// Has tells whether the submission of that name belongs to the share. Its name
// alone decides, so that every machine comes to the same answer.
func (s Shard) Has(name string) bool {
	if s.Whole() {
		return true
	}
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Of) == uint64(s.Number-1)
}
