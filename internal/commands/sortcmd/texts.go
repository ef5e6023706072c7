package sortcmd

import (
	"slices"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// texts are strings, one behind the other in memory without pointers, into which
// the garbage collector need not look.
type texts struct {
	bytes  []byte
	ends   []int
	absent []bool // which are not there at all; nil: all are
}

// reset makes t empty and has it expect a number of texts. There is memory then
// even if all of them are empty, which at must not take for absent.
func (t *texts) reset(count int) {
	t.bytes, t.ends, t.absent = slices.Grow(t.bytes[:0], count), slices.Grow(t.ends[:0], count), nil
}

func (t *texts) len() int { return len(t.ends) }

// at returns a view of a text, valid until the next one is added; nil if it is
// not there.
func (t *texts) at(i int32) []byte {
	if t.absent != nil && t.absent[i] {
		return nil
	}
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.bytes[start:t.ends[i]:t.ends[i]]
}

func (t *texts) add(text []byte) {
	t.reserve(len(text))
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
}

func (t *texts) addInt(n int64) {
	t.reserve(number.IntTextMax)
	t.bytes = number.AppendInt(t.bytes, n)
	t.ends = append(t.ends, len(t.bytes))
}

// reserve makes room for n bytes, and at once for as many as there are already.
func (t *texts) reserve(n int) {
	if cap(t.bytes)-len(t.bytes) < n {
		t.bytes = slices.Grow(t.bytes, max(n, len(t.bytes)))
	}
}

// addAbsent adds a text that is not there.
func (t *texts) addAbsent() {
	if t.absent == nil {
		t.absent = make([]bool, cap(t.ends))
	}
	t.absent[len(t.ends)] = true
	t.ends = append(t.ends, len(t.bytes))
}
