// Package listpack keeps a short sequence of strings and integers in one
// block of bytes, in Valkey's listpack format, byte for byte: what a small
// list, hash, set, sorted set or stream node is in memory is also what an RDB
// file, DUMP and replication carry.
//
//	+-------------+-------------+-------+-------+-----+-------+------+
//	| total bytes | count       | entry | entry | ... | entry | 0xFF |
//	| uint32 LE   | uint16 LE   |       |       |     |       | end  |
//	+-------------+-------------+-------+-------+-----+-------+------+
//	0             4             6                              total-1
//
// A count of 65535 means "count them". An entry is its encoded element, then
// the element's encoded length written so that it can be read from the right
// (the back length), which makes walking backwards possible:
//
//	entry     = head [ body ] backlen
//
//	0xxxxxxx                            integer 0…127
//	10llllll  body                      string of up to 63 bytes
//	110xxxxx  xxxxxxxx                  integer, 13 bits, signed
//	1110llll  llllllll  body            string of up to 4095 bytes
//	11110000  4 bytes LE length  body   string
//	11110001  2 bytes LE                integer, signed
//	11110010  3 bytes LE                integer, signed
//	11110011  4 bytes LE                integer, signed
//	11110100  8 bytes LE                integer, signed
//	11111111                            end of the listpack
//
//	backlen   = 1 to 5 groups of 7 bits, most significant first, bit 7 set on
//	            every byte except the first
//
// A string that is exactly the decimal form of an int64 is stored as an
// integer; [number.ParseInt] is the rule.
//
// # Vocabulary
//
// A [View] reads: it is a slice over any listpack, off-heap or in a buffer.
// A position is the offset of an entry in its view; 0 is no entry, because
// the header is there. The editing functions (Append, Replace, Delete, ...)
// change an off-heap listpack and return where it now is: every view and
// every element taken from it before is then invalid.
//
// A listpack in memory is trusted. Bytes from outside go through [Validate]
// first; on a listpack that it refuses, the other functions may panic.
package listpack

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const (
	// HeaderSize is the length of the header in bytes.
	HeaderSize = 6
	// EmptySize is the length of a listpack without entries.
	EmptySize = HeaderSize + 1
	// MaxBytes is the length beyond which callers must not let a listpack
	// grow; see SafeToAdd.
	MaxBytes = 1 << 30

	end          = 0xFF
	countUnknown = 0xFFFF

	maxShortString  = 63
	maxMediumString = 4095

	headShortString  = 0x80
	headInt13        = 0xC0
	headMediumString = 0xE0
	headLongString   = 0xF0
	headInt16        = 0xF1
	headInt24        = 0xF2
	headInt32        = 0xF3
	headInt64        = 0xF4
)

// View is a listpack to read: its bytes from header to end mark.
type View []byte

// At returns the listpack that begins at lp. The view is valid until the
// listpack is next edited or freed.
func At(lp offheap.Ref) View {
	return View(lp.Bytes(int(binary.LittleEndian.Uint32(lp.Bytes(4)))))
}

// Elem is an element as stored: an integer, or a string that is a slice of
// the listpack.
type Elem struct {
	Str   []byte
	Int   int64
	IsInt bool
}

// Scratch is where View.Bytes writes the decimal form of an integer.
type Scratch [number.IntTextMax]byte

// Append appends the element as a string to dst.
func (e Elem) Append(dst []byte) []byte {
	if e.IsInt {
		return number.AppendInt(dst, e.Int)
	}
	return append(dst, e.Str...)
}

// Size returns the length of the listpack in bytes.
func (v View) Size() int { return len(v) }

// Len returns the number of entries: in constant time below 65535, by
// counting them beyond.
func (v View) Len() int {
	if n := v.count(); n != countUnknown {
		return n
	}
	n := 0
	for p := v.First(); p != 0; p = v.Next(p) {
		n++
	}
	return n
}

// Empty reports whether there is no entry.
func (v View) Empty() bool { return v[HeaderSize] == end }

// End returns the position of the end mark, where an element is inserted that
// shall be the last.
func (v View) End() int { return len(v) - 1 }

// First returns the position of the first entry, 0 if there is none.
func (v View) First() int { return v.orNone(HeaderSize) }

// Last returns the position of the last entry, 0 if there is none.
func (v View) Last() int { return v.Prev(v.End()) }

// Next returns the position of the entry after that at p, 0 if there is none.
func (v View) Next(p int) int { return v.orNone(v.after(p)) }

// Prev returns the position of the entry before that at p, 0 if there is
// none. p may be End.
func (v View) Prev(p int) int {
	if p == HeaderSize {
		return 0
	}
	if b := v[p-1]; b < 0x80 {
		return p - 1 - int(b)
	}
	n, shift := 0, 0
	for q := p - 1; ; q-- {
		n |= int(v[q]&0x7F) << shift
		if v[q] < 0x80 {
			return p - n - backLenSize(n)
		}
		shift += 7
	}
}

// Seek returns the position of the entry with this index, counted from the
// end if negative (-1 is the last), and 0 if there is no such entry. It walks
// from the nearer end.
func (v View) Seek(index int) int {
	if n := v.count(); n != countUnknown {
		if index < 0 {
			index += n
		}
		if index < 0 || index >= n {
			return 0
		}
		if index > n/2 {
			index -= n
		}
	}
	if index >= 0 {
		p := v.First()
		for ; index > 0 && p != 0; index-- {
			p = v.Next(p)
		}
		return p
	}
	p := v.Last()
	for ; index < -1 && p != 0; index++ {
		p = v.Prev(p)
	}
	return p
}

// Get returns the element at p. Nothing is copied.
func (v View) Get(p int) Elem {
	b := v[p]
	switch {
	case b < headShortString:
		return Elem{Int: int64(b), IsInt: true}
	case b < headInt13:
		n := int(b & 0x3F)
		return Elem{Str: v[p+1 : p+1+n : p+1+n]}
	case b >= headMediumString && b <= headLongString:
		head, size := v.string(p)
		return Elem{Str: v[p+head : p+size : p+size]}
	}
	return Elem{Int: v.int(p), IsInt: true}
}

// Short returns the element at p and the position after it if the element is a
// string of less than 64 bytes, which most are; otherwise next is 0. It is for
// loops over many elements.
func (v View) Short(p int) (s []byte, next int) {
	b := v[p]
	if b&headInt13 != headShortString {
		return nil, 0
	}
	next = p + int(b&0x3F) + 2
	return v[p+1 : next-1], next
}

// Bytes returns the element at p as a string: a slice of the listpack, or of
// scratch if the element is an integer.
func (v View) Bytes(p int, scratch *Scratch) []byte {
	e := v.Get(p)
	if e.IsInt {
		return number.AppendInt(scratch[:0], e.Int)
	}
	return e.Str
}

// EntrySize returns how many bytes the entry at p takes, back length
// included.
func (v View) EntrySize(p int) int { return v.after(p) - p }

// HeadSize returns how many bytes before its body the entry at p spends on
// kind and length; an integer has no body and counts one byte, as in DEBUG
// LISTPACK.
func (v View) HeadSize(p int) int {
	switch b := v[p]; {
	case b == headLongString:
		return 5
	case b&0xF0 == headMediumString:
		return 2
	}
	return 1
}

// count returns the header's count, possibly countUnknown.
func (v View) count() int { return int(binary.LittleEndian.Uint16(v[4:])) }

// orNone turns the position of the end mark into "none".
func (v View) orNone(p int) int {
	if v[p] == end {
		return 0
	}
	return p
}

// after returns where the entry at p ends.
func (v View) after(p int) int {
	switch b := v[p]; {
	case b < headShortString:
		return p + 2
	case b < headInt13:
		return p + int(b&0x3F) + 2
	}
	n := v.encodedSize(p)
	return p + n + backLenSize(n)
}

// encodedSize returns the length of the entry at p without its back length,
// 0 if the first byte begins no entry. It reads the head only.
func (v View) encodedSize(p int) int {
	switch b := v[p]; {
	case b < headShortString:
		return 1
	case b < headInt13:
		return 1 + int(b&0x3F)
	case b < headMediumString:
		return 2
	case b <= headLongString:
		_, size := v.string(p)
		return size
	case b <= headInt32:
		return int(b-headInt16) + 3
	case b == headInt64:
		return 9
	}
	return 0
}

// string returns the length of the head and of head and body of the medium or
// long string at p.
func (v View) string(p int) (head, size int) {
	if v[p] == headLongString {
		return 5, 5 + int(binary.LittleEndian.Uint32(v[p+1:]))
	}
	return 2, 2 + int(v[p]&0x0F)<<8 + int(v[p+1])
}

// int returns the integer at p, which is not of the one-byte form.
func (v View) int(p int) int64 {
	switch v[p] {
	case headInt16:
		return int64(int16(binary.LittleEndian.Uint16(v[p+1:])))
	case headInt24:
		return int64(int32(uint32(v[p+1])<<8|uint32(v[p+2])<<16|uint32(v[p+3])<<24) >> 8)
	case headInt32:
		return int64(int32(binary.LittleEndian.Uint32(v[p+1:])))
	case headInt64:
		return int64(binary.LittleEndian.Uint64(v[p+1:]))
	}
	return int64(int16(uint16(v[p])<<11|uint16(v[p+1])<<3) >> 3)
}

// backLenSize returns how many bytes the back length n takes.
func backLenSize(n int) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<21:
		return 3
	case n < 1<<28:
		return 4
	}
	return 5
}
