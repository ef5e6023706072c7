// Package hashing is the seeded hash of keys, fields and members.
//
// It is a multiply mix: two words of input, each masked with secret bits,
// are multiplied to 128 bits, and both halves go on. One multiplication takes
// in 16 bytes, so that a usual key costs two: one for its bytes, one that
// spreads the result over all 64 bits. Low bits choose a bucket, high bits
// serve as tags.
//
// The function is fast and, without the seed, unpredictable enough to make
// hash flooding hard. Both factors of every product are masked by bits
// derived from the seed: with a public mask, an input equal to it would turn
// the product into zero whatever the other word holds, and such inputs would
// collide under every seed. It is not a cryptographic hash, and its values
// mean nothing outside the process that drew the seed: they are never written
// to a file or a socket.
package hashing

import (
	"encoding/binary"
	"math/bits"
)

// Fractional hexadecimal digits of pi: constants nobody could have chosen.
const (
	pi0 = 0x243f6a8885a308d3
	pi1 = 0x13198a2e03707344
	pi2 = 0xa4093822299f31d1
	pi3 = 0x082efa98ec4e6c89
)

// Bytes returns the hash of b under seed.
func Bytes(seed uint64, b []byte) uint64 {
	n := len(b)
	left, right := seed^pi0, bits.RotateLeft64(seed, 29)^pi1
	var x, y uint64
	switch {
	case n > 16:
		left = long(left, right, b)
		x = binary.LittleEndian.Uint64(b[n-16:])
		y = binary.LittleEndian.Uint64(b[n-8:])
	case n >= 8:
		// The two words overlap below 16 bytes; n in the last step keeps
		// inputs apart that read the same.
		x = binary.LittleEndian.Uint64(b)
		y = binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		x = uint64(binary.LittleEndian.Uint32(b))
		y = uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		x = uint64(b[0])<<16 | uint64(b[n>>1])<<8 | uint64(b[n-1])
	}
	hi, lo := bits.Mul64(x^left, y^right)
	hi, lo = bits.Mul64(lo^left^pi2, hi^right^uint64(n))
	return hi ^ lo
}

// long folds all of b but its last 1 to 16 bytes into left. From 49 bytes on
// it keeps three independent chains, as a single one would wait for the
// latency of each multiplication.
func long(left, right uint64, b []byte) uint64 {
	if len(b) > 48 {
		second, third := left^pi2, left^pi3
		for len(b) > 48 {
			left = fold(b, left, right)
			second = fold(b[16:], second, right^pi2)
			third = fold(b[32:], third, right^pi3)
			b = b[48:]
		}
		left ^= bits.RotateLeft64(second, 21) ^ bits.RotateLeft64(third, 42)
	}
	for len(b) > 16 {
		left = fold(b, left, right)
		b = b[16:]
	}
	return left
}

// fold mixes 16 bytes into one chain.
func fold(b []byte, chain, mask uint64) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b)^mask, binary.LittleEndian.Uint64(b[8:])^chain)
	return hi ^ lo
}
