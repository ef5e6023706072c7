package listpack

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Find returns the position of the first entry equal to s, looking at from
// and then at every (skip+1)th entry after it: skip is 0 for a set and 1 for
// the keys of pairs. It returns 0 if there is none; from may be 0 too.
func (v View) Find(from int, s []byte, skip int) int {
	if from == 0 {
		return 0
	}
	n, isInt := number.ParseInt(s)
	for p := from; v[p] != end; {
		// The two common forms are compared and skipped here, without a call.
		switch b := v[p]; {
		case b < headShortString:
			if isInt && n == int64(b) {
				return p
			}
			p += 2
		case b < headInt13:
			size := int(b & 0x3F)
			if size == len(s) && bytes.Equal(v[p+1:p+1+size], s) {
				return p
			}
			p += size + 2
		default:
			if v.equal(p, s, n, isInt) {
				return p
			}
			p = v.after(p)
		}
		for i := skip; i > 0 && v[p] != end; i-- {
			p = v.after(p)
		}
	}
	return 0
}

// FindInt is Find for an integer.
func (v View) FindInt(from int, n int64, skip int) int {
	var scratch Scratch
	return v.Find(from, Elem{Int: n, IsInt: true}.Append(scratch[:0]), skip)
}

// FindAll appends to found the positions, ascending, of the entries equal to
// s: all if limit is 0, else the first limit ones, or the last ones if last is
// set.
func (v View) FindAll(found []int, s []byte, limit int, last bool) []int {
	begin := len(found)
	for p := v.Find(v.First(), s, 0); p != 0; p = v.Find(v.Next(p), s, 0) {
		found = append(found, p)
		if !last && len(found)-begin == limit {
			break
		}
	}
	if last && limit > 0 && len(found)-begin > limit {
		found = append(found[:begin], found[len(found)-limit:]...)
	}
	return found
}

// Equal reports whether the element at p is s.
func (v View) Equal(p int, s []byte) bool {
	e := v.Get(p)
	if e.IsInt {
		n, ok := number.ParseInt(s)
		return ok && n == e.Int
	}
	return bytes.Equal(e.Str, s)
}

// Compare orders the element at p and s as byte strings: negative, zero or
// positive as the element is less, equal or greater.
func (v View) Compare(p int, s []byte) int {
	var scratch Scratch
	return bytes.Compare(v.Bytes(p, &scratch), s)
}

// equal is Equal with s already read as an integer.
func (v View) equal(p int, s []byte, n int64, isInt bool) bool {
	e := v.Get(p)
	if e.IsInt {
		return isInt && n == e.Int
	}
	return bytes.Equal(e.Str, s)
}
