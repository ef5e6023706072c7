// Package str owns long strings: reference-counted blocks outside the Go heap.
//
// Strings up to keyspace.InlineMax bytes and integers live inside their key's
// entry and need no package. A longer one is a block of its own:
//
//	+-----------+---------+----------------+-----------+
//	| refs u32  | zero    | length u64     | bytes     |
//	+-----------+---------+----------------+-----------+
//	0           4         8                16
//
// The key holds one reference; every reply that still has to send the bytes
// holds another, so that a GET copies nothing. A block with more than one
// reference is never written: a change makes a copy first.
package str

import (
	"sync/atomic"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const bigHeader = 16

func refs(r offheap.Ref) *atomic.Uint32 { return (*atomic.Uint32)(r.Ptr()) }
func length(r offheap.Ref) *uint64      { return (*uint64)(r.Add(8)) }

// NewBig returns a block of n bytes with one reference. The bytes are
// undefined. extra bytes of room are allocated beyond, for growth.
func NewBig(h *offheap.Heap, n, extra int) offheap.Ref {
	r := h.Alloc(bigHeader+n+extra, offheap.PurposeString)
	refs(r).Store(1)
	*length(r) = uint64(n)
	return r
}

// Bytes returns a view of the string.
func Bytes(r offheap.Ref) []byte {
	return unsafe.Slice((*byte)(r.Add(bigHeader)), int(*length(r)))
}

// Len returns the length of the string.
func Len(r offheap.Ref) int { return int(*length(r)) }

// Retain adds a reference, to be given back with Release.
func Retain(r offheap.Ref) { refs(r).Add(1) }

// Release gives back a reference; the last one frees the block.
func Release(h *offheap.Heap, r offheap.Ref) {
	if refs(r).Add(^uint32(0)) == 0 {
		h.Free(r, offheap.PurposeString)
	}
}

// ReleaseTo is Release for goroutines without a heap of their own. Most
// references are not the last, so that nothing is freed.
func ReleaseTo(p *offheap.Pool, r offheap.Ref) {
	if refs(r).Add(^uint32(0)) == 0 {
		h := p.NewHeap()
		h.Free(r, offheap.PurposeString)
		h.Close()
	}
}

// Shared reports whether there is more than one reference.
func Shared(r offheap.Ref) bool { return refs(r).Load() > 1 }

// Grow makes the string n bytes long and writable: in place when this is the
// only reference and the block is large enough, else in a new block, which
// takes over the caller's reference. Bytes beyond the old length are zero.
// greedy asks for room to grow further without moving.
func Grow(h *offheap.Heap, r offheap.Ref, n int, greedy bool) offheap.Ref {
	old := Len(r)
	if !Shared(r) && bigHeader+n <= h.Pool().SizeOf(r) {
		*length(r) = uint64(n)
		if n > old {
			clear(Bytes(r)[old:])
		}
		return r
	}
	extra := 0
	if greedy {
		extra = min(n, 1<<20)
	}
	nr := NewBig(h, n, extra)
	c := copy(Bytes(nr), Bytes(r))
	clear(Bytes(nr)[c:])
	Release(h, r)
	return nr
}
