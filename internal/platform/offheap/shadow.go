package offheap

import (
	"bytes"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

// Under the invariant tag the shadow table has a byte for every possible block
// start. Only the owner of a block touches its byte, so it needs no lock.
const (
	shadowNone  = 0    // no block, or one never given out
	shadowFreed = 0xFF // freed and poisoned
	shadowLive  = 1    // live, plus its purpose
)

const (
	poisonFreed = 0xDB // what freed memory is filled with
	poisonFresh = 0xCB // what memory with undefined contents is filled with
	// poisonBytesMax bounds the filling of a large block.
	poisonBytesMax = 64 << 10
)

var poisonPattern = bytes.Repeat([]byte{poisonFreed}, poisonBytesMax)

func (h *pageHeap) shadowBytes(pages uintptr) uintptr {
	if !invariant.Enabled {
		return 0
	}
	return pages * (pageSize / 8)
}

func (h *pageHeap) shadowOf(r Ref) *uint8 {
	return (*uint8)(Ref(h.shadow.base + (uintptr(r)-h.data.base)/8).Ptr())
}

func (h *pageHeap) shadowAlloc(r Ref, size int, why Purpose) {
	mark := h.shadowOf(r)
	data := r.Bytes(min(size, poisonBytesMax))
	switch *mark {
	case shadowNone:
	case shadowFreed:
		invariant.Check(bytes.Equal(data, poisonPattern[:len(data)]), "offheap: block %#x of %d bytes was written to after it was freed", uintptr(r), size)
	default:
		invariant.Check(false, "offheap: block %#x given out twice, first as %s, now as %s", uintptr(r), Purpose(*mark-shadowLive), why)
	}
	invariant.Check(why < NumPurposes, "offheap: purpose %d", why)
	*mark = shadowLive + uint8(why)
	for i := range data {
		data[i] = poisonFresh
	}
}

func (h *pageHeap) shadowFree(r Ref, size int, why Purpose) {
	mark := h.shadowOf(r)
	switch *mark {
	case shadowNone:
		invariant.Check(false, "offheap: free of %#x (%s), where no block starts", uintptr(r), why)
	case shadowFreed:
		invariant.Check(false, "offheap: double free of %#x (%s)", uintptr(r), why)
	default:
		was := Purpose(*mark - shadowLive)
		invariant.Check(was == why, "offheap: block %#x allocated as %s, freed as %s", uintptr(r), was, why)
	}
	*mark = shadowFreed
	copy(r.Bytes(min(size, poisonBytesMax)), poisonPattern)
}

// forgetShadow drops what is known about the blocks of a run that is no longer
// cut into blocks.
func (h *pageHeap) forgetShadow(page, pages uint32) {
	if invariant.Enabled {
		first := (*uint8)(Ref(h.shadow.base + uintptr(page)*(pageSize/8)).Ptr())
		clear(unsafe.Slice(first, int(pages)*(pageSize/8)))
	}
}
