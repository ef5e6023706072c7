package listpack

import (
	"encoding/binary"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// form is an element ready to be written: the head, and for a string its body.
type form struct {
	head     [9]byte
	headSize int
	body     []byte
}

// formOf returns the form of a string, which is that of an integer if the
// string is one.
func formOf(s []byte) (f form) {
	if n, ok := number.ParseInt(s); ok {
		return formOfInt(n)
	}
	f.body = s
	f.headSize = putStringHead(f.head[:], len(s))
	return f
}

// putStringHead writes the head of a string of that length at the beginning of dst
// and returns how long the head is.
func putStringHead(dst []byte, length int) int {
	switch {
	case length <= maxShortString:
		dst[0] = headShortString | byte(length)
		return 1
	case length <= maxMediumString:
		dst[0] = headMediumString | byte(length>>8)
		dst[1] = byte(length)
		return 2
	}
	dst[0] = headLongString
	binary.LittleEndian.PutUint32(dst[1:], uint32(length))
	return 5
}

// putInt writes the entry of n at the beginning of dst and returns its length.
func putInt(dst []byte, n int64) int {
	switch {
	case n >= 0 && n <= 127:
		dst[0], dst[1] = byte(n), 1
		return 2
	case n >= -1<<12 && n < 1<<12:
		dst[0], dst[1], dst[2] = headInt13|byte(n>>8)&0x1F, byte(n), 2
		return 3
	}
	f := formOfInt(n)
	f.write(dst)
	return f.entrySize()
}

// formOfInt returns the shortest form of n.
func formOfInt(n int64) (f form) {
	switch {
	case n >= 0 && n <= 127:
		f.head[0] = byte(n)
		f.headSize = 1
	case n >= -1<<12 && n < 1<<12:
		f.head[0] = headInt13 | byte(n>>8)&0x1F
		f.head[1] = byte(n)
		f.headSize = 2
	case n >= math.MinInt16 && n <= math.MaxInt16:
		f.head[0] = headInt16
		binary.LittleEndian.PutUint16(f.head[1:], uint16(n))
		f.headSize = 3
	case n >= -1<<23 && n < 1<<23:
		f.head[0] = headInt24
		f.head[1], f.head[2], f.head[3] = byte(n), byte(n>>8), byte(n>>16)
		f.headSize = 4
	case n >= math.MinInt32 && n <= math.MaxInt32:
		f.head[0] = headInt32
		binary.LittleEndian.PutUint32(f.head[1:], uint32(n))
		f.headSize = 5
	default:
		f.head[0] = headInt64
		binary.LittleEndian.PutUint64(f.head[1:], uint64(n))
		f.headSize = 9
	}
	return f
}

func (e Elem) form() form {
	if e.IsInt {
		return formOfInt(e.Int)
	}
	return formOf(e.Str)
}

// encodedSize returns the length of the form.
func (f *form) encodedSize() int { return f.headSize + len(f.body) }

// entrySize returns the length of the entry that holds the form.
func (f *form) entrySize() int {
	n := f.encodedSize()
	return n + backLenSize(n)
}

// write writes the entry at the beginning of dst.
func (f *form) write(dst []byte) {
	n := copy(dst, f.head[:f.headSize])
	n += copy(dst[n:], f.body)
	putBackLen(dst[n:], n)
}

// putBackLen writes the back length n at the beginning of dst.
func putBackLen(dst []byte, n int) {
	for i := backLenSize(n) - 1; i > 0; i-- {
		dst[i] = byte(n) | 0x80
		n >>= 7
	}
	dst[0] = byte(n)
}

// EntrySizeOf returns how many bytes s takes as an entry.
func EntrySizeOf(s []byte) int {
	f := formOf(s)
	return f.entrySize()
}

// EntrySizeOfInt returns how many bytes n takes as an entry.
func EntrySizeOfInt(n int64) int {
	f := formOfInt(n)
	return f.entrySize()
}
