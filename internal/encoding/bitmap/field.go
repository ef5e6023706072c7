package bitmap

import "encoding/binary"

// windowBytes hold every field, wherever in its first byte it begins.
const windowBytes = 9

// Overflow says what becomes of a value that a field cannot hold.
type Overflow uint8

// The choices: count on from the other end, stop at the limit, or refuse.
const (
	Wrap Overflow = iota
	Saturate
	Fail
)

// Field is the place and kind of an integer within a map. Unsigned fields have
// at most 63 bits.
type Field struct {
	Offset int // of the first bit
	Bits   int
	Signed bool
}

// End returns the offset behind the last bit.
func (f Field) End() int { return f.Offset + f.Bits }

// Get returns the field's value. Bits beyond m are zero.
func (f Field) Get(m []byte) int64 {
	var window [windowBytes]byte
	if start := f.Offset >> 3; start < len(m) {
		copy(window[:], m[start:])
	}
	shift := f.Offset & 7
	v := binary.BigEndian.Uint64(window[:])<<shift | uint64(window[8])>>(8-shift)
	if f.Signed {
		return int64(v) >> (64 - f.Bits)
	}
	return int64(v >> (64 - f.Bits))
}

// Set stores the low bits of v in the field, which must lie within m.
func (f Field) Set(m []byte, v int64) {
	var window [windowBytes]byte
	part := m[f.Offset>>3:]
	n := copy(window[:], part)
	shift := f.Offset & 7
	ones := ^uint64(0) << (64 - f.Bits)
	bits := uint64(v) << (64 - f.Bits)
	high := binary.BigEndian.Uint64(window[:])
	binary.BigEndian.PutUint64(window[:], high&^(ones>>shift)|bits>>shift)
	window[8] = window[8]&^byte(ones<<(8-shift)) | byte(bits<<(8-shift))
	copy(part, window[:n])
}

// Add returns value+increment as the field holds it. value need not fit: with
// an increment of 0, Add fits it in. ok is false where that overflows and the
// choice is Fail.
func (f Field) Add(value, increment int64, choice Overflow) (sum int64, ok bool) {
	if f.Signed {
		return f.addSigned(value, increment, choice)
	}
	return f.addUnsigned(uint64(value), increment, choice)
}

func (f Field) addSigned(value, increment int64, choice Overflow) (sum int64, ok bool) {
	high := int64(1)<<(f.Bits-1) - 1 // of 64 bits: the largest, by wrapping around
	low := -high - 1
	sum = value + increment
	// The differences wrap around when a value far outside is fitted in; that
	// decides, as in Valkey, which limit it is saturated to.
	wide := f.Bits == 64
	over := value > high || increment > high-value && (!wide || value >= 0 && increment > 0)
	under := value < low || increment < low-value && (!wide || value < 0 && increment < 0)
	switch {
	case !over && !under:
		return sum, true
	case choice == Wrap:
		unused := 64 - f.Bits
		return sum << unused >> unused, true
	case choice == Fail:
		return 0, false
	case over:
		return high, true
	}
	return low, true
}

func (f Field) addUnsigned(value uint64, increment int64, choice Overflow) (sum int64, ok bool) {
	high := uint64(1)<<f.Bits - 1
	wrapped := value + uint64(increment)
	over := value > high || increment > 0 && uint64(increment) > high-value
	under := !over && increment < 0 && -uint64(increment) > value
	switch {
	case !over && !under:
		return int64(wrapped), true
	case choice == Wrap:
		return int64(wrapped & high), true
	case choice == Fail:
		return 0, false
	case over:
		return int64(high), true
	}
	return 0, true
}
