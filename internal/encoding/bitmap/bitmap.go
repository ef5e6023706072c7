// Package bitmap computes with strings of bits: counting, searching, combining
// whole maps, and integers of any width in the midst of one.
//
// Vocabulary: a map is a slice of bytes. Bit 0 is the most significant bit of
// its first byte, so that a map read as one big-endian number and a map read
// from left to right agree. A field is an integer of 1 to 64 bits that begins
// at any bit, its most significant bit first:
//
//	byte   0          1          2
//	      +--------+ +--------+ +--------+
//	      |0.....67| |8.......| |16......|
//	      +--------+ +--------+ +--------+
//	              ^^^^^^^^^ a field of 9 bits at offset 7
//
// What works through whole maps takes eight bytes at a time, several steps per
// round; counting uses vector instructions where the processor has them.
package bitmap

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Get returns the bit at offset bit, which must lie within m.
func Get(m []byte, bit int) bool { return m[bit>>3]&mask(bit) != 0 }

// Set gives the bit at offset bit, which must lie within m, the value on.
func Set(m []byte, bit int, on bool) {
	if on {
		m[bit>>3] |= mask(bit)
	} else {
		m[bit>>3] &^= mask(bit)
	}
}

func mask(bit int) byte { return 0x80 >> (bit & 7) }

// Count returns the number of ones in m.
func Count(m []byte) int {
	const line = 64
	n := 0
	if len(m) > alignFrom {
		// Loads that cross cache lines cost a quarter more.
		head := int(-uintptr(unsafe.Pointer(&m[0])) % line)
		n, m = countWords(m[:head]), m[head:]
	}
	counted, done := countVector(m)
	return n + counted + countWords(m[done:])
}

// alignFrom is the length from which Count begins with what lies before a cache
// line.
const alignFrom = 4096

// countWords is Count, a word at a time.
func countWords(m []byte) (n int) {
	for len(m) >= 32 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(m)) + bits.OnesCount64(binary.LittleEndian.Uint64(m[8:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(m[16:])) + bits.OnesCount64(binary.LittleEndian.Uint64(m[24:]))
		m = m[32:]
	}
	for len(m) >= 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(m))
		m = m[8:]
	}
	for _, b := range m {
		n += bits.OnesCount8(b)
	}
	return n
}

// CountBits returns the number of ones among the bits from to to, both included,
// which must lie within m.
func CountBits(m []byte, from, to int) int {
	first, last := from>>3, to>>3
	n := Count(m[first : last+1])
	n -= bits.OnesCount8(m[first] &^ (0xff >> (from & 7)))
	return n - bits.OnesCount8(m[last]&(0x7f>>(to&7)))
}

// Find returns the offset of the first bit with the value on among the bits
// from to to, both included, which must lie within m; -1 if there is none.
func Find(m []byte, from, to int, on bool) int {
	invert := byte(0)
	if !on {
		invert = 0xff
	}
	first, last := from>>3, to>>3
	b := (m[first] ^ invert) & (0xff >> (from & 7))
	at := first
	if b == 0 && first < last {
		at = first + 1 + skip(m[first+1:last], invert)
		b = m[at] ^ invert
	}
	if at == last {
		b &^= 0x7f >> (to & 7)
	}
	if b == 0 {
		return -1
	}
	return at<<3 + bits.LeadingZeros8(b)
}

// skip returns how many bytes at the start of m equal b, which is 0 or 0xff.
func skip(m []byte, b byte) (n int) {
	word := uint64(b) * 0x0101010101010101
	for ; len(m)-n >= 32; n += 32 {
		w := m[n : n+32]
		if (binary.LittleEndian.Uint64(w)^word)|(binary.LittleEndian.Uint64(w[8:])^word)|
			(binary.LittleEndian.Uint64(w[16:])^word)|(binary.LittleEndian.Uint64(w[24:])^word) != 0 {
			break
		}
	}
	for ; len(m)-n >= 8; n += 8 {
		if d := binary.LittleEndian.Uint64(m[n:]) ^ word; d != 0 {
			return n + bits.TrailingZeros64(d)>>3
		}
	}
	for n < len(m) && m[n] == b {
		n++
	}
	return n
}
