// Package intset keeps a small set of integers as a sorted array in one
// block, in Valkey's format, byte for byte, as in RDB files and DUMP.
//
//	+-------------+-------------+---------+---------+-----+---------+
//	| width       | length      | least   | ...     | ... | greatest|
//	| uint32 LE   | uint32 LE   | width bytes each, signed, LE      |
//	+-------------+-------------+---------+---------+-----+---------+
//	0             4             8
//
// The width is 2, 4 or 8 bytes: that of the widest member there ever was. A
// member that needs more widens the whole set, and then lies at one of its
// ends; removing members never narrows it.
//
// A [View] reads: a slice over an intset, off-heap or in a buffer. [Add] and
// [Remove] change an off-heap intset and return where it now is. Bytes from
// outside go through [Validate] first.
package intset

import (
	"encoding/binary"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// HeaderSize is the length of the header in bytes.
const HeaderSize = 8

// View is an intset to read: its bytes from the header to the last member.
type View []byte

// At returns the intset that begins at is. The view is valid until the intset
// is next edited or freed.
func At(is offheap.Ref) View {
	header := View(is.Bytes(HeaderSize))
	return View(is.Bytes(HeaderSize + header.Len()*header.width()))
}

// New returns an empty intset.
func New(h *offheap.Heap, why offheap.Purpose) offheap.Ref {
	is := h.Alloc(HeaderSize, why)
	setHeader(is.Bytes(HeaderSize), 2, 0)
	return is
}

// Copy returns an intset with the bytes of v, which must be valid.
func Copy(h *offheap.Heap, why offheap.Purpose, v View) offheap.Ref {
	is := h.Alloc(len(v), why)
	copy(is.Bytes(len(v)), v)
	return is
}

// Free gives the block of the intset back.
func Free(h *offheap.Heap, why offheap.Purpose, is offheap.Ref) { h.Free(is, why) }

// Size returns the length of the intset in bytes.
func (v View) Size() int { return len(v) }

// Len returns the number of members.
func (v View) Len() int { return int(binary.LittleEndian.Uint32(v[4:])) }

// Get returns the member with this index, 0 being the least member's. The
// index must be less than Len.
func (v View) Get(index int) int64 { return v.get(v.width(), index) }

// Min returns the least member. The set must not be empty.
func (v View) Min() int64 { return v.Get(0) }

// Max returns the greatest member. The set must not be empty.
func (v View) Max() int64 { return v.Get(v.Len() - 1) }

// Random returns a member, each with equal chance. intn(n) returns a random
// number in [0, n). The set must not be empty.
func (v View) Random(intn func(n int) int) int64 { return v.Get(intn(v.Len())) }

// Contains reports whether n is a member.
func (v View) Contains(n int64) bool {
	_, found := v.Search(n)
	return found
}

// Search returns the index of n, or, if it is not a member, the index that it
// would have.
func (v View) Search(n int64) (index int, found bool) {
	low, high := 0, v.Len()
	if high == 0 {
		return 0, false
	}
	width := v.width()
	// Members are often added in order.
	if n > v.get(width, high-1) {
		return high, false
	}
	for low < high {
		middle := int(uint(low+high) >> 1)
		if v.get(width, middle) < n {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, v.get(width, low) == n
}

// Add makes n a member and reports whether it was none before.
func Add(h *offheap.Heap, why offheap.Purpose, is offheap.Ref, n int64) (offheap.Ref, bool) {
	v := At(is)
	width, length := v.width(), v.Len()
	if need := widthOf(n); need > width {
		return addWider(h, why, is, n, need), true
	}
	index, found := v.Search(n)
	if found {
		return is, false
	}
	is = h.Extend(is, len(v)+width, why)
	b := View(is.Bytes(len(v) + width))
	at := HeaderSize + index*width
	copy(b[at+width:], b[at:len(v)])
	b.set(width, index, n)
	setHeader(b, width, length+1)
	check(is)
	return is, true
}

// addWider adds a member that needs more bytes than the members have. It is
// less or greater than all of them.
func addWider(h *offheap.Heap, why offheap.Purpose, is offheap.Ref, n int64, width int) offheap.Ref {
	v := At(is)
	oldWidth, length := v.width(), v.Len()
	size := HeaderSize + (length+1)*width
	is = h.Extend(is, size, why)
	b := View(is.Bytes(size))
	first, at := 0, length
	if n < 0 {
		first, at = 1, 0
	}
	// From the back, so that no member is overwritten before it is moved.
	for i := length - 1; i >= 0; i-- {
		b.set(width, first+i, b.get(oldWidth, i))
	}
	b.set(width, at, n)
	setHeader(b, width, length+1)
	check(is)
	return is
}

// Remove takes n out of the set and reports whether it was a member.
func Remove(h *offheap.Heap, why offheap.Purpose, is offheap.Ref, n int64) (offheap.Ref, bool) {
	v := At(is)
	index, found := v.Search(n)
	if !found {
		return is, false
	}
	width := v.width()
	at := HeaderSize + index*width
	copy(v[at:], v[at+width:])
	setHeader(v, width, v.Len()-1)
	is = h.Reduce(is, len(v)-width, why)
	check(is)
	return is, true
}

// Validate reports whether b is a well-formed intset: a known width, a length
// that fits and is not 0, and if deep is set, members that ascend.
func Validate(b []byte, deep bool) bool {
	if len(b) < HeaderSize {
		return false
	}
	width, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if width != 2 && width != 4 && width != 8 || length == 0 {
		return false
	}
	if uint64(len(b)) != HeaderSize+uint64(width)*uint64(length) {
		return false
	}
	return !deep || View(b).ascends()
}

func (v View) ascends() bool {
	width := v.width()
	for i := 1; i < v.Len(); i++ {
		if v.get(width, i-1) >= v.get(width, i) {
			return false
		}
	}
	return true
}

func (v View) width() int { return int(binary.LittleEndian.Uint32(v)) }

func (v View) get(width, index int) int64 {
	at := HeaderSize + index*width
	switch width {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(v[at:])))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(v[at:])))
	}
	return int64(binary.LittleEndian.Uint64(v[at:]))
}

func (v View) set(width, index int, n int64) {
	at := HeaderSize + index*width
	switch width {
	case 2:
		binary.LittleEndian.PutUint16(v[at:], uint16(n))
	case 4:
		binary.LittleEndian.PutUint32(v[at:], uint32(n))
	default:
		binary.LittleEndian.PutUint64(v[at:], uint64(n))
	}
}

func setHeader(b []byte, width, length int) {
	binary.LittleEndian.PutUint32(b, uint32(width))
	binary.LittleEndian.PutUint32(b[4:], uint32(length))
}

func widthOf(n int64) int {
	switch {
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return 2
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return 4
	}
	return 8
}

// check walks the whole set after an edit.
func check(is offheap.Ref) {
	if invariant.Enabled {
		v := At(is)
		invariant.Check(v.Len() == 0 || Validate(v, true), "intset: malformed after an edit: %x", []byte(v))
	}
}
