package hashtable

import (
	"encoding/binary"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
)

// Element is a reference to an element: the address of its head, with two flags
// above the address: whether it carries a number, and whether it lies in its
// bucket's block. Zero is no element. An element that does not lie in a bucket has
// a block of its own:
//
//	block, 8-byte aligned
//	│
//	├─ number ─┬─ key length ─┬─ key ─┬─ payload, up to the end of the block
//	│  8 bytes │  1–5 bytes   │       │
//	           │
//	           Element points here
//
// The number is the score of a sorted set's member or the expiry of a hash's
// field; elements without one have no space for it, and the flag that says so
// is in the reference, so that an element is freed without being read. The
// key's length is an unsigned LEB128 number. The payload is the owner's.
//
// An element in a bucket has the same head, key and payload, and no number. Its
// reference is valid until the table next changes, one to a block of its own until
// the element is freed.
type Element uintptr

const (
	withNumber Element = 1 << 47
	inBucket   Element = 1 << 48

	addressMask = 1<<47 - 1
	numberBytes = 8
)

// New allocates an element in a block of its own, with the given key and room for
// payloadBytes bytes after it.
func New(h *offheap.Heap, why offheap.Purpose, key []byte, payloadBytes int) Element {
	return fill(h.Alloc(lengthBytes(len(key))+len(key)+payloadBytes, why), key)
}

// NewNumbered allocates an element that carries number.
func NewNumbered(h *offheap.Heap, why offheap.Purpose, number uint64, key []byte, payloadBytes int) Element {
	block := h.Alloc(numberBytes+lengthBytes(len(key))+len(key)+payloadBytes, why)
	*(*uint64)(block.Ptr()) = number
	return fill(block+numberBytes, key) | withNumber
}

func fill(head offheap.Ref, key []byte) Element {
	n := lengthBytes(len(key))
	dst := head.Bytes(n + len(key))
	binary.PutUvarint(dst, uint64(len(key)))
	copy(dst[n:], key)
	return Element(head)
}

// Free frees the element's block, if it has one of its own. It does not read the
// element's memory.
func (e Element) Free(h *offheap.Heap, why offheap.Purpose) {
	if e&inBucket == 0 {
		h.Free(e.Block(), why)
	}
}

// Copy allocates a copy of an element with a block of its own, payload included.
func (e Element) Copy(h *offheap.Heap, why offheap.Purpose) Element {
	block := e.Block()
	size := h.Pool().SizeOf(block)
	to := h.Alloc(size, why)
	copy(to.Bytes(size), block.Bytes(size))
	return Element(to) + (e - Element(block))
}

// Block returns the block in which the element lies, 0 if it lies in a bucket's.
func (e Element) Block() offheap.Ref {
	if e&inBucket != 0 {
		return 0
	}
	return e.head() - offheap.Ref(e&withNumber>>44)
}

// InBucket reports whether the element has no block of its own.
func (e Element) InBucket() bool { return e&inBucket != 0 }

// PayloadRoom returns the bytes that the payload may have.
func (e Element) PayloadRoom(pool *offheap.Pool) int {
	end := e.Block()
	if e.InBucket() {
		end = e.head() + offheap.Ref(*(*byte)(e.head().Add(-1)))
	} else {
		end += offheap.Ref(pool.SizeOf(end))
	}
	return int(end - e.Payload())
}

func (e Element) head() offheap.Ref { return offheap.Ref(e & addressMask) }

// Numbered reports whether the element carries a number.
func (e Element) Numbered() bool { return e&withNumber != 0 }

// Number returns the number of a numbered element.
func (e Element) Number() uint64 { return *e.number() }

// Prefetch makes the processor load what Number and the beginning of Key read of
// a numbered element.
func (e Element) Prefetch() { prefetch.T0(e.head().Add(-numberBytes)) }

// SetNumber changes the number of a numbered element. Where an ordered index
// goes by the number, the element must be out of it meanwhile.
func (e Element) SetNumber(number uint64) { *e.number() = number }

func (e Element) number() *uint64 {
	return (*uint64)(e.head().Add(-numberBytes))
}

// Key returns a view of the key, valid as long as the reference is.
func (e Element) Key() []byte {
	head := e.head()
	if n := *(*byte)(head.Ptr()); n < 0x80 {
		return unsafe.Slice((*byte)(head.Add(1)), int(n))
	}
	return longKey(head)
}

func longKey(head offheap.Ref) []byte {
	n, size := binary.Uvarint(head.Bytes(5))
	return unsafe.Slice((*byte)(head.Add(size)), int(n))
}

// Payload returns the address of the first byte after the key.
func (e Element) Payload() offheap.Ref {
	key := e.Key()
	return e.head() + offheap.Ref(lengthBytes(len(key))+len(key))
}

// lengthBytes returns the size of a key length.
func lengthBytes(n int) int {
	size := 1
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}
