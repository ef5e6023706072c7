// Package hyperloglog estimates how many different elements a multiset has, in
// the byte format of Valkey.
//
// Vocabulary: the hash of an element chooses one of 16,384 registers with its
// low 14 bits; the run is the position of the lowest one among the other 50
// bits, at most 51. A register keeps the longest run it has met. A sketch is
// the string that holds the registers:
//
//	+----+----------+---------+-------------+-----------
//	|HYLL| encoding | 3 zeros | cardinality | registers
//	+----+----------+---------+-------------+-----------
//	0    4          5         8             16
//
// The cardinality is the cached estimate, little endian; its top bit says that
// it is out of date. Dense registers take 6 bits each, the first one the low
// bits of the first byte. Sparse registers are a sequence of runs of equal
// registers:
//
//	00xxxxxx           zero   1 to 64 registers that are 0
//	01xxxxxx xxxxxxxx  xzero  1 to 16,384 registers that are 0
//	1vvvvvxx           value  1 to 4 registers of the value 1 to 32
//
// A sketch becomes dense when a register passes 32 or the string its limit.
package hyperloglog

import (
	"encoding/binary"
	"math/bits"
)

const (
	indexBits = 14
	runMax    = 64 - indexBits + 1

	// Registers is the number of registers.
	Registers = 1 << indexBits

	registerMax   = 63
	headerBytes   = 16
	registerBytes = Registers * 6 / 8
	// DenseBytes is the length of a dense sketch.
	DenseBytes = headerBytes + registerBytes

	dense  = 0
	sparse = 1

	encodingAt = 4
	cacheAt    = 8
	staleBit   = 1 << 63
)

// New returns a sparse sketch without elements. Its estimate is cached.
func New() []byte {
	b := make([]byte, headerBytes, headerBytes+2)
	copy(b, "HYLL")
	b[encodingAt] = sparse
	return appendZeros(b, Registers)
}

// Valid reports whether b has the form of a sketch. The registers of a sparse
// one may still be corrupt; functions that meet that report it.
func Valid(b []byte) bool {
	return len(b) >= headerBytes && string(b[:4]) == "HYLL" && b[encodingAt] <= sparse &&
		(b[encodingAt] == sparse || len(b) == DenseBytes)
}

// IsDense reports whether a sketch is dense.
func IsDense(b []byte) bool { return b[encodingAt] == dense }

// Cached returns the cached estimate unless it is out of date.
func Cached(b []byte) (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(b[cacheAt:])
	return n, n&staleBit == 0
}

// SetCached stores the estimate.
func SetCached(b []byte, n uint64) { binary.LittleEndian.PutUint64(b[cacheAt:], n) }

// Invalidate marks the cached estimate as out of date.
func Invalidate(b []byte) { b[cacheAt+7] |= staleBit >> 56 }

// Place returns the register of an element and its run there.
func Place(element []byte) (index int, run byte) {
	h := hash(element)
	return int(h & (Registers - 1)), byte(bits.TrailingZeros64(h>>indexBits|1<<(runMax-1)) + 1)
}

// hash is MurmurHash64A with the seed of the format.
func hash(b []byte) uint64 {
	const (
		m    = 0xc6a4a7935bd1e995
		r    = 47
		seed = 0xadc83b19
	)
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		h = (h ^ binary.LittleEndian.Uint64(last[:])) * m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}

// Raise makes a register at least run. It returns the sketch, which may have
// moved and become dense, and whether it changed. sparseMax is the most bytes
// that a sparse sketch may have. ok is false if the sketch is corrupt. A change
// outdates the cached estimate; of a dense sketch, the caller has to note that.
func Raise(b []byte, index int, run byte, sparseMax int) (raised []byte, changed, ok bool) {
	if IsDense(b) {
		return b, RaiseDense(b, index, run), true
	}
	return raiseSparse(b, index, run, sparseMax)
}

// RaiseDense is Raise in place.
func RaiseDense(b []byte, index int, run byte) (changed bool) {
	if r := b[headerBytes:]; run > register(r, index) {
		setRegister(r, index, run)
		return true
	}
	return false
}

// Below reports whether a register of a dense sketch is less than run.
func Below(b []byte, index int, run byte) bool { return register(b[headerBytes:], index) < run }

// register returns a dense register.
func register(r []byte, index int) byte {
	at, shift := index*6>>3, index*6&7
	v := uint(r[at]) >> shift
	if shift > 2 {
		v |= uint(r[at+1]) << (8 - shift)
	}
	return byte(v & registerMax)
}

func setRegister(r []byte, index int, v byte) {
	at, shift := index*6>>3, index*6&7
	r[at] = r[at]&^byte(registerMax<<shift) | v<<shift
	if shift > 2 {
		r[at+1] = r[at+1]&^byte(registerMax>>(8-shift)) | v>>(8-shift)
	}
}

// ToDense returns a dense sketch with the same registers and cache; ok is false
// if the sketch is corrupt.
func ToDense(b []byte) (d []byte, ok bool) {
	if IsDense(b) {
		return b, true
	}
	d = make([]byte, DenseBytes)
	copy(d, b[:headerBytes])
	d[encodingAt] = dense
	ok = walk(b[headerBytes:], func(o opcode, first int) {
		for i := first; o.value != 0 && i < first+o.length; i++ {
			setRegister(d[headerBytes:], i, o.value)
		}
	})
	return d, ok
}

// Set holds registers unpacked, one per byte: the union of sketches.
type Set [Registers]byte

// Merge raises the registers of s to those of a sketch; ok is false if the
// sketch is corrupt.
func (s *Set) Merge(b []byte) (ok bool) {
	if IsDense(b) {
		s.mergeDense((*[registerBytes]byte)(b[headerBytes:]))
		return true
	}
	return walk(b[headerBytes:], func(o opcode, first int) {
		for i := first; o.value != 0 && i < first+o.length; i++ {
			s[i] = max(s[i], o.value)
		}
	})
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x80 * eachByte
)

func (s *Set) mergeDense(r *[registerBytes]byte) { s.mergeWords(r, s.mergeVector(r)) }

// mergeWords takes eight registers at a time, from the given one on: six bytes,
// spread over eight.
func (s *Set) mergeWords(r *[registerBytes]byte, from int) {
	for i := from; i < Registers; i += 8 {
		at := i * 6 / 8
		packed := uint64(binary.LittleEndian.Uint32(r[at:])) | uint64(binary.LittleEndian.Uint16(r[at+4:]))<<32
		x := packed&0xffffff | packed<<8&(0xffffff<<32)
		x = x&0x00000fff_00000fff | x<<4&0x0fff0000_0fff0000
		x = x&0x003f003f_003f003f | x<<2&0x3f003f00_3f003f00
		y := binary.LittleEndian.Uint64(s[i:])
		// Registers have 6 bits, so that the top bit of each byte tells, after
		// a subtraction, which one is the larger.
		greater := ((x | topBits) - y) & topBits
		pick := (greater >> 7) * 0xff
		binary.LittleEndian.PutUint64(s[i:], x&pick|y&^pick)
	}
}

// Store writes the registers to a dense sketch.
func (s *Set) Store(b []byte) {
	r := b[headerBytes:]
	for i := 0; i < Registers; i += 4 {
		w := uint32(s[i]) | uint32(s[i+1])<<6 | uint32(s[i+2])<<12 | uint32(s[i+3])<<18
		at := i * 6 / 8
		r[at], r[at+1], r[at+2] = byte(w), byte(w>>8), byte(w>>16)
	}
}
