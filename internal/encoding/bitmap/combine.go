package bitmap

import "encoding/binary"

// Operation combines maps bit by bit.
type Operation uint8

// The operations. Not takes one map, the others any number.
const (
	And Operation = iota
	Or
	Xor
	Not
)

// blockBytes is how much of the result is made at a time: it stays in the
// first-level cache while source after source is applied to it.
const blockBytes = 16 << 10

// Combine writes the combination of the sources to dst, which is as long as the
// longest of them and overlaps none. Shorter sources count as filled up with
// zeros.
func Combine(dst []byte, op Operation, sources [][]byte) {
	for at := 0; at < len(dst); at += blockBytes {
		block := dst[at:min(at+blockBytes, len(dst))]
		if op == Not {
			not(block, rest(sources[0], at, len(block)))
			continue
		}
		first := rest(sources[0], at, len(block))
		if len(sources) == 1 {
			clear(block[copy(block, first):])
			continue
		}
		op.apply(block, first, rest(sources[1], at, len(block)))
		for _, s := range sources[2:] {
			op.apply(block, block, rest(s, at, len(block)))
		}
	}
}

// rest returns what a source has of the n bytes from at on.
func rest(s []byte, at, n int) []byte {
	if at >= len(s) {
		return nil
	}
	return s[at:min(at+n, len(s))]
}

// apply makes dst the combination of a and b, where dst may be a. Neither is
// longer than dst.
func (op Operation) apply(dst, a, b []byte) {
	n := min(len(a), len(b))
	switch op {
	case And:
		and(dst[:n], a, b)
		clear(dst[n:])
		return
	case Or:
		or(dst[:n], a, b)
	default:
		xor(dst[:n], a, b)
	}
	longer := a
	if len(b) > len(a) {
		longer = b
	}
	clear(dst[n+copy(dst[n:], longer[n:]):])
}

var word = binary.LittleEndian

func and(dst, a, b []byte) {
	for len(dst) >= 32 && len(a) >= 32 && len(b) >= 32 {
		word.PutUint64(dst, word.Uint64(a)&word.Uint64(b))
		word.PutUint64(dst[8:], word.Uint64(a[8:])&word.Uint64(b[8:]))
		word.PutUint64(dst[16:], word.Uint64(a[16:])&word.Uint64(b[16:]))
		word.PutUint64(dst[24:], word.Uint64(a[24:])&word.Uint64(b[24:]))
		dst, a, b = dst[32:], a[32:], b[32:]
	}
	for i := range dst {
		dst[i] = a[i] & b[i]
	}
}

func or(dst, a, b []byte) {
	for len(dst) >= 32 && len(a) >= 32 && len(b) >= 32 {
		word.PutUint64(dst, word.Uint64(a)|word.Uint64(b))
		word.PutUint64(dst[8:], word.Uint64(a[8:])|word.Uint64(b[8:]))
		word.PutUint64(dst[16:], word.Uint64(a[16:])|word.Uint64(b[16:]))
		word.PutUint64(dst[24:], word.Uint64(a[24:])|word.Uint64(b[24:]))
		dst, a, b = dst[32:], a[32:], b[32:]
	}
	for i := range dst {
		dst[i] = a[i] | b[i]
	}
}

func xor(dst, a, b []byte) {
	for len(dst) >= 32 && len(a) >= 32 && len(b) >= 32 {
		word.PutUint64(dst, word.Uint64(a)^word.Uint64(b))
		word.PutUint64(dst[8:], word.Uint64(a[8:])^word.Uint64(b[8:]))
		word.PutUint64(dst[16:], word.Uint64(a[16:])^word.Uint64(b[16:]))
		word.PutUint64(dst[24:], word.Uint64(a[24:])^word.Uint64(b[24:]))
		dst, a, b = dst[32:], a[32:], b[32:]
	}
	for i := range dst {
		dst[i] = a[i] ^ b[i]
	}
}

// not writes the inverse of a, which is as long, to dst.
func not(dst, a []byte) {
	for len(dst) >= 32 && len(a) >= 32 {
		word.PutUint64(dst, ^word.Uint64(a))
		word.PutUint64(dst[8:], ^word.Uint64(a[8:]))
		word.PutUint64(dst[16:], ^word.Uint64(a[16:]))
		word.PutUint64(dst[24:], ^word.Uint64(a[24:]))
		dst, a = dst[32:], a[32:]
	}
	for i := range dst {
		dst[i] = ^a[i]
	}
}
