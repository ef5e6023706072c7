package streamindex

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// ID is the ID of a stream entry: a time in Unix milliseconds, and a number
// that tells entries of one millisecond apart.
type ID struct{ Millis, Seq uint64 }

// Max returns the largest ID.
func Max() ID { return ID{math.MaxUint64, math.MaxUint64} }

// Compare orders IDs: negative, zero or positive as id is less than, equal to
// or greater than other.
func (id ID) Compare(other ID) int {
	switch {
	case id == other:
		return 0
	case id.Less(other):
		return -1
	}
	return 1
}

// Less reports whether id comes before other.
func (id ID) Less(other ID) bool {
	return id.Millis < other.Millis || id.Millis == other.Millis && id.Seq < other.Seq
}

// IsZero reports whether id is 0-0, which no entry has.
func (id ID) IsZero() bool { return id == ID{} }

// Next returns the ID after id, unless id is the largest.
func (id ID) Next() (next ID, ok bool) {
	if id.Seq++; id.Seq == 0 {
		id.Millis++
	}
	return id, !id.IsZero()
}

// Prev returns the ID before id, unless id is 0-0.
func (id ID) Prev() (prev ID, ok bool) {
	ok = !id.IsZero()
	if id.Seq == 0 {
		id.Millis--
	}
	id.Seq--
	return id, ok
}

// IDTextMax is the length of the longest ID as text.
const IDTextMax = 2*number.IntTextMax + 1

// Append appends the ID as text to dst: 1526919030474-55.
func (id ID) Append(dst []byte) []byte {
	dst = number.AppendUint(dst, id.Millis)
	return number.AppendUint(append(dst, '-'), id.Seq)
}

// String returns the ID as text.
func (id ID) String() string { return string(id.Append(nil)) }
