// Package lzf compresses in the format of LibLZF, in which RDB files keep long
// strings.
//
// A compressed block is a row of items. The top three bits of the first byte
// tell them apart:
//
//	000lllll                    l+1 literal bytes follow
//	lllooooo oooooooo           copy l+2 bytes from o+1 bytes back; l is 1 to 6
//	111ooooo llllllll oooooooo  copy l+9 bytes from o+1 bytes back
//
// There is no header and no checksum: the sizes are kept beside the block.
package lzf

import (
	"encoding/binary"
	"errors"
)

const (
	literalsMax = 32
	matchMin    = 3
	matchMax    = 264
	distanceMax = 1 << 13

	hashBits = 13
)

// ErrCorrupt is returned for input that is no LZF block or does not fit.
var ErrCorrupt = errors.New("lzf: corrupt compressed data")

// Compressor compresses blocks. It holds the table of recent positions, so it
// is worth keeping; it is not safe for concurrent use. The zero value is ready.
// The output depends only on the input.
type Compressor struct {
	// table has, by hash of three bytes, the latest position, counted from base.
	// What is below base is of earlier blocks, so that the table, which is larger
	// than most blocks, is seldom cleared.
	table [1 << hashBits]uint32
	base  uint32
}

// Compress compresses src into dst and returns the number of bytes written, or
// 0 if that is more than dst has room for. A caller that wants to save space
// passes a dst shorter than src.
func (c *Compressor) Compress(dst, src []byte) int {
	if uint64(len(src)) >= 1<<32-1 {
		return 0
	}
	if uint64(c.base)+uint64(len(src)) >= 1<<32 || c.base == 0 {
		clear(c.table[:])
		c.base = 1
	}
	base := c.base
	c.base += uint32(len(src))
	out, literals := 0, 0 // src[literals:at] waits to be written
	for at := 0; at+matchMin < len(src); {
		h := hash(src[at:])
		candidate := int(c.table[h]) - int(base)
		c.table[h] = base + uint32(at)
		distance := at - candidate
		if candidate < 0 || distance > distanceMax || !sameThree(src[candidate:], src[at:]) {
			at++
			continue
		}
		length := matchMin
		for limit := min(matchMax, len(src)-at); length < limit && src[candidate+length] == src[at+length]; {
			length++
		}
		if out = putLiterals(dst, out, src[literals:at]); out < 0 {
			return 0
		}
		if out = putMatch(dst, out, length, distance); out < 0 {
			return 0
		}
		// The positions inside the match are worth finding again; its last two
		// are enough.
		end := at + length
		for at = max(at+1, end-2); at < end; at++ {
			if at+matchMin <= len(src) {
				c.table[hash(src[at:])] = base + uint32(at)
			}
		}
		literals = end
	}
	return max(putLiterals(dst, out, src[literals:]), 0)
}

func hash(b []byte) uint32 {
	v := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	return v * 0x9E3779B1 >> (32 - hashBits)
}

func sameThree(a, b []byte) bool { return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] }

// putLiterals writes runs of literals at dst[out] and returns the new end, or -1
// when they do not fit.
func putLiterals(dst []byte, out int, literals []byte) int {
	for len(literals) > 0 {
		n := min(len(literals), literalsMax)
		if out+1+n > len(dst) {
			return -1
		}
		dst[out] = byte(n - 1)
		copy(dst[out+1:], literals[:n])
		out += 1 + n
		literals = literals[n:]
	}
	return out
}

// putMatch writes a copy item at dst[out], as putLiterals.
func putMatch(dst []byte, out, length, distance int) int {
	var item [3]byte
	offset := uint16(distance - 1)
	n := 2
	if l := length - 2; l < 7 {
		binary.BigEndian.PutUint16(item[:], uint16(l)<<13|offset)
	} else {
		item = [3]byte{7<<5 | byte(offset>>8), byte(l - 7), byte(offset)}
		n = 3
	}
	if out+n > len(dst) {
		return -1
	}
	return out + copy(dst[out:], item[:n])
}

// Decompress expands src into dst and returns the number of bytes written. It
// accepts any input: what is cut short, points before the start of dst or does
// not fit in dst is ErrCorrupt.
func Decompress(dst, src []byte) (int, error) {
	out := 0
	for len(src) > 0 {
		first := int(src[0])
		if first < literalsMax {
			n := first + 1
			if len(src) < 1+n || len(dst)-out < n {
				return 0, ErrCorrupt
			}
			out += copy(dst[out:], src[1:1+n])
			src = src[1+n:]
			continue
		}
		length, size := first>>5+2, 2
		if first>>5 == 7 {
			if len(src) < 3 {
				return 0, ErrCorrupt
			}
			length, size = 9+int(src[1]), 3
		}
		if len(src) < size {
			return 0, ErrCorrupt
		}
		distance := (first&31)<<8 + int(src[size-1]) + 1
		if distance > out || len(dst)-out < length {
			return 0, ErrCorrupt
		}
		copyWithin(dst[out-distance:out+length], distance)
		out += length
		src = src[size:]
	}
	return out, nil
}

// copyWithin fills b[distance:] by repeating b[:distance]. Each round doubles
// what is there to copy from.
func copyWithin(b []byte, distance int) {
	for done := distance; done < len(b); {
		done += copy(b[done:], b[:done])
	}
}
