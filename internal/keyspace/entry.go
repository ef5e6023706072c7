package keyspace

import (
	"encoding/binary"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// An entry is one block outside the Go heap:
//
//	 0        8          8|16        12|20
//	+--------+----------+-----------+-----------+------------------+
//	| header | expiry   | key       | key bytes | payload          |
//	| 8      | 8, only  | length 4, |           | inline bytes, or |
//	|        | with     | only with |           | int64, or the    |
//	|        | hasExpiry| longKey   |           | value's root     |
//	+--------+----------+-----------+-----------+------------------+
//
// The header, from its lowest bit:
//
//	 0..3   type                4..7   encoding
//	 8      hasExpiry           9      longKey (length ≥ 255)
//	10      grown (a string changed by APPEND and the like: OBJECT says "raw")
//	11      mark (which side of the last snapshot the entry is on)
//	12      volatile (a hash with fields that expire)
//	16..39  access clock: LRU seconds, or LFU minutes (16) and counter (8)
//	40..47  key length, 255 with longKey
//	48..63  inline value length
//
// A value that is not inline has an 8-byte payload: the integer itself or the
// root of the value. Payload words may be unaligned.
const (
	entEncodingShift = 4
	entHasExpiry     = 1 << 8
	entLongKey       = 1 << 9
	entGrown         = 1 << 10
	entMark          = 1 << 11
	entVolatile      = 1 << 12
	entClockShift    = 16
	entClockMask     = 0xffffff << entClockShift
	entKeyShift      = 40
	entValueShift    = 48

	entKindMask = 0xff // type and encoding

	// InlineMax is the longest string kept inside an entry. Longer ones live
	// in a reference-counted block, so that a reply can be written from it
	// without a copy.
	InlineMax = 16 << 10

	shortKeyMax = 254
)

// header is an entry's first word.
type header uint64

func (h header) typ() value.Type          { return value.Type(h & 0xf) }
func (h header) encoding() value.Encoding { return value.Encoding(h >> entEncodingShift & 0xf) }
func (h header) inlineLen() int           { return int(h >> entValueShift) }
func (h header) clock() uint32            { return uint32(h>>entClockShift) & 0xffffff }

func kind(t value.Type, e value.Encoding) header {
	return header(t) | header(e)<<entEncodingShift
}

func load64(p unsafe.Pointer) uint64     { return *(*uint64)(p) }
func store64(p unsafe.Pointer, v uint64) { *(*uint64)(p) = v }

func entHeader(r offheap.Ref) header       { return header(load64(r.Ptr())) }
func setEntHeader(r offheap.Ref, h header) { store64(r.Ptr(), uint64(h)) }

// entExpiry returns the absolute expiry in Unix milliseconds, or -1.
func entExpiry(r offheap.Ref, h header) int64 {
	if h&entHasExpiry == 0 {
		return -1
	}
	return int64(load64(r.Add(8)))
}

// keyAt returns where the key starts and how long it is.
func keyAt(r offheap.Ref, h header) (off, n int) {
	off = 8 + int(h>>5)&8 // hasExpiry is bit 8: one more word
	n = int(h >> entKeyShift & 0xff)
	if h&entLongKey != 0 {
		n = int(binary.LittleEndian.Uint32(unsafe.Slice((*byte)(r.Add(off)), 4)))
		off += 4
	}
	return off, n
}

// entKey returns a view of the key.
func entKey(r offheap.Ref, h header) []byte {
	off, n := keyAt(r, h)
	return unsafe.Slice((*byte)(r.Add(off)), n)
}

// entPayload returns where the payload starts.
func entPayload(r offheap.Ref, h header) int {
	off, n := keyAt(r, h)
	return off + n
}

// entRoot returns the 8-byte payload.
func entRoot(r offheap.Ref, h header) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice((*byte)(r.Add(entPayload(r, h))), 8))
}

func setEntRoot(r offheap.Ref, h header, v uint64) {
	binary.LittleEndian.PutUint64(unsafe.Slice((*byte)(r.Add(entPayload(r, h))), 8), v)
}

// entInline returns a view of the inline value.
func entInline(r offheap.Ref, h header) []byte {
	return unsafe.Slice((*byte)(r.Add(entPayload(r, h))), h.inlineLen())
}

// entPrefixSize is the size of everything before the payload.
func entPrefixSize(keyLen int, expiry bool) int {
	n := 8 + keyLen
	if expiry {
		n += 8
	}
	if keyLen > shortKeyMax {
		n += 4
	}
	return n
}

// buildEntry writes header, expiry (when ≥ 0) and key into the block at r and
// returns the complete header and the payload's offset. h brings kind, flags,
// clock and inline length.
func buildEntry(r offheap.Ref, h header, key []byte, expiry int64) (header, int) {
	h &^= entHasExpiry | entLongKey | 0xff<<entKeyShift
	off := 8
	if expiry >= 0 {
		h |= entHasExpiry
		store64(r.Add(8), uint64(expiry))
		off = 16
	}
	if len(key) > shortKeyMax {
		h |= entLongKey | 0xff<<entKeyShift
		binary.LittleEndian.PutUint32(unsafe.Slice((*byte)(r.Add(off)), 4), uint32(len(key)))
		off += 4
	} else {
		h |= header(len(key)) << entKeyShift
	}
	copy(unsafe.Slice((*byte)(r.Add(off)), len(key)), key)
	setEntHeader(r, h)
	return h, off + len(key)
}

// entValue returns the value behind a non-inline entry; Root is 0 for inline
// strings and integers.
func entValue(r offheap.Ref, h header) value.Value {
	v := value.Value{Type: h.typ(), Enc: h.encoding()}
	if v.Enc != value.Inline && v.Enc != value.Int {
		v.Root = offheap.Ref(entRoot(r, h))
	}
	return v
}
