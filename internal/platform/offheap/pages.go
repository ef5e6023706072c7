package offheap

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
)

// spanID numbers span records; 0 is none.
type spanID uint32

// span is the record of a run, whatever the run is used for. Records lie
// outside the Go heap and name each other by number.
//
// page, pages and use are written under the lock of the page heap. While the
// run is a span its other fields belong to the lock of its class, while it is
// free to the page heap.
type span struct {
	page, pages uint32
	left, right spanID // links of the tree that holds the run
	prev, next  spanID // links of the list of dirty free runs
	dirty       uint32 // free runs: pages that the system still backs
	bitmap      uint32 // spans: first word of the bitmap of free blocks
	live        uint16 // spans: blocks that are not in the bitmap
	hint        uint8  // spans: no bit is set in bitmap words before this one
	class       uint8  // spans: the class
	use         uint8
}

const spanRecordBytes = 40

const (
	useNone uint8 = iota // the record is not in use
	useFree
	useSpan
	useLarge
)

// The page table has one byte for each page: a class from 1 to numClasses-1
// for the pages of a span, or one of these.
const (
	pageClean uint8 = 0   // free, and not backed by memory
	pageInner uint8 = 253 // inside a large block
	pageDirty uint8 = 254 // free, still backed by memory
	pageLarge uint8 = 255 // first page of a large block
)

// pageHeap owns the committed pages and hands them out as runs. Free runs are
// kept merged: two free runs never touch. It allocates the best fit, and among
// equals the lowest address, in O(log n) plus one page table byte per page.
type pageHeap struct {
	data    region         // the blocks themselves
	tables  region         // the page table bytes
	owners  region         // for each page its span; for a run that is no span only at both ends
	records region         // the span records
	bitmaps region         // the words of all bitmaps
	shadow  region         // under the invariant tag: a byte for every 8 bytes of data
	limit   atomic.Uintptr // committed bytes of data; Contains reads it without the lock
	table   []uint8
	owner   []spanID
	span    []span
	words   []uint64
	granule uint32 // pages of one system page, at least 1: every run is a multiple
	// populates is false where the system does not back pages on request.
	populates bool

	mu        sync.Mutex
	free      tree
	dirtyHead spanID // list of free runs with dirty pages, most recently freed first
	idle      []spanID
	nextSpan  spanID
	nextWord  uint32
	pages     uint32 // committed
	active    uint32 // in spans and large blocks
	dirty     uint32 // free and backed
}

// alloc returns a run of n pages for the given use. backed asks for pages that
// the system backs already. fresh says that all its bytes are zero. It panics
// when the system or the reservation has no more.
func (h *pageHeap) alloc(n uint32, use, class uint8, backed bool) (id spanID, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = (n + h.granule - 1) / h.granule * h.granule
	id = h.free.atLeast(h.span, uint64(n)<<32)
	if id == 0 {
		id = h.growLocked(n)
	}
	h.takeFreeLocked(id)
	s := &h.span[id]
	if backed {
		h.populateLocked(s, n)
	}
	if s.pages > n {
		h.splitLocked(id, n)
	}
	dirty := h.occupyLocked(s.page, s.pages, use, class)
	s.dirty, s.use, s.class = 0, use, class
	h.setOwnersLocked(id)
	return id, dirty == 0 && releasedIsZero
}

// occupyLocked marks n free pages as used and returns how many were dirty.
func (h *pageHeap) occupyLocked(page, n uint32, use, class uint8) (dirty uint32) {
	table := h.table[page : page+n]
	inner := class
	if use == useLarge {
		inner = pageInner
	}
	for i, state := range table {
		if state == pageDirty {
			dirty++
		}
		table[i] = inner
	}
	h.active += n
	h.dirty -= dirty
	return dirty
}

// freeRun gives the run of a span or large block back.
func (h *pageHeap) freeRun(id spanID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.freeLocked(id)
}

func (h *pageHeap) freeLocked(id spanID) {
	s := &h.span[id]
	table := h.table[s.page : s.page+s.pages]
	for i := range table {
		table[i] = pageDirty
	}
	h.active -= s.pages
	h.dirty += s.pages
	s.dirty = s.pages
	h.forgetShadow(s.page, s.pages)
	h.addFreeLocked(id)
}

// addFreeLocked merges the run with its free neighbours and files it.
func (h *pageHeap) addFreeLocked(id spanID) {
	s := &h.span[id]
	if s.page > 0 {
		if before := h.owner[s.page-1]; h.span[before].use == useFree {
			h.takeFreeLocked(before)
			b := &h.span[before]
			s.page, s.pages, s.dirty = b.page, s.pages+b.pages, s.dirty+b.dirty
			h.dropRecordLocked(before)
		}
	}
	if end := s.page + s.pages; end < h.pages {
		if after := h.owner[end]; h.span[after].use == useFree {
			h.takeFreeLocked(after)
			a := &h.span[after]
			s.pages, s.dirty = s.pages+a.pages, s.dirty+a.dirty
			h.dropRecordLocked(after)
		}
	}
	s.use = useFree
	h.owner[s.page], h.owner[s.page+s.pages-1] = id, id
	h.free.insert(h.span, id)
	if s.dirty > 0 {
		h.linkDirtyLocked(id)
	}
}

// takeFreeLocked removes a free run from the tree and from the dirty list, and
// hides it from neighbours that want to merge.
func (h *pageHeap) takeFreeLocked(id spanID) {
	h.free.remove(h.span, id)
	h.span[id].use = useNone
	if h.span[id].dirty > 0 {
		h.unlinkDirtyLocked(id)
	}
}

// splitLocked cuts a free run that is in no structure after n pages and files
// the rest as a free run. Owners are kept for both ends of a run only, and those
// inside are stale, so the new end is entered before a neighbour looks at it.
func (h *pageHeap) splitLocked(id spanID, n uint32) {
	rest := h.newRecordLocked()
	s, r := &h.span[id], &h.span[rest]
	r.page, r.pages = s.page+n, s.pages-n
	s.pages = n
	h.owner[r.page-1] = id
	if s.dirty > 0 {
		// The part that is about to be used is short, the rest may be everything.
		dirty := h.countDirty(s.page, n)
		r.dirty, s.dirty = s.dirty-dirty, dirty
	}
	h.addFreeLocked(rest)
}

// resizeLarge changes the run of a large block to n pages without moving it,
// if the pages behind it allow that.
func (h *pageHeap) resizeLarge(id spanID, n uint32) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = (n + h.granule - 1) / h.granule * h.granule
	s := &h.span[id]
	end := s.page + s.pages
	switch {
	case n < s.pages:
		rest := h.newRecordLocked()
		r := &h.span[rest]
		r.page, r.pages = s.page+n, s.pages-n
		s.pages = n
		h.owner[r.page-1] = id
		h.freeLocked(rest)
	case n > s.pages:
		if end >= h.pages {
			return false
		}
		after := h.owner[end]
		a := &h.span[after]
		if a.use != useFree || s.pages+a.pages < n {
			return false
		}
		h.takeFreeLocked(after)
		if extra := s.pages + a.pages - n; extra > 0 {
			h.splitLocked(after, a.pages-extra)
		}
		h.occupyLocked(a.page, a.pages, useLarge, 0)
		s.pages = n
		h.dropRecordLocked(after)
	}
	h.setOwnersLocked(id)
	return true
}

// setOwnersLocked enters a used run into the page table and the owners.
func (h *pageHeap) setOwnersLocked(id spanID) {
	s := &h.span[id]
	if s.use == useSpan {
		for i := s.page; i < s.page+s.pages; i++ {
			h.owner[i] = id
		}
		return
	}
	h.table[s.page] = pageLarge
	h.owner[s.page], h.owner[s.page+s.pages-1] = id, id
}

// growLocked commits at least n more pages and returns the free run they are in.
func (h *pageHeap) growLocked(n uint32) spanID {
	// An eighth of what there is: few system calls for a big server, little
	// commit charge (where the system counts it) for a small one.
	const stepMin, stepMax = 4 << 20 >> pageShift, 256 << 20 >> pageShift
	want := max(n, min(max(h.pages/8, stepMin), stepMax))
	want = (want + h.granule - 1) / h.granule * h.granule
	room := uint32(h.data.reserved>>pageShift) - h.pages
	want = max(min(want, room), n)
	end := uintptr(h.pages + want)
	for _, c := range []struct {
		r    *region
		need uintptr
	}{
		{&h.tables, end}, {&h.owners, end * 4}, {&h.shadow, h.shadowBytes(end)}, {&h.data, end << pageShift},
	} {
		h.mustGrow(c.r, c.need)
	}
	id := h.newRecordLocked()
	s := &h.span[id]
	s.page, s.pages = h.pages, want
	h.pages += want
	h.limit.Store(uintptr(h.pages) << pageShift)
	h.addFreeLocked(id)
	return id
}

func (h *pageHeap) mustGrow(r *region, need uintptr) {
	if err := r.grow(need); err != nil {
		panic(fmt.Sprintf("offheap: out of memory: %v (reserved %d bytes, committed %d, active %d)",
			err, h.data.reserved, uintptr(h.pages)<<pageShift, uintptr(h.active)<<pageShift))
	}
}

func (h *pageHeap) newRecordLocked() spanID {
	if n := len(h.idle); n > 0 {
		id := h.idle[n-1]
		h.idle = h.idle[:n-1]
		return id
	}
	h.nextSpan++
	h.mustGrow(&h.records, (uintptr(h.nextSpan)+1)*spanRecordBytes)
	return h.nextSpan
}

func (h *pageHeap) dropRecordLocked(id spanID) {
	h.span[id] = span{}
	h.idle = append(h.idle, id)
}

// newBitmap returns the first of n fresh bitmap words. Bitmaps are never given
// back: a class keeps those of its former spans for its next ones.
func (h *pageHeap) newBitmap(n uint32) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.nextWord
	h.nextWord += n
	h.mustGrow(&h.bitmaps, uintptr(h.nextWord)*8)
	return at
}

func (h *pageHeap) linkDirtyLocked(id spanID) {
	s := &h.span[id]
	s.prev, s.next = 0, h.dirtyHead
	if h.dirtyHead != 0 {
		h.span[h.dirtyHead].prev = id
	}
	h.dirtyHead = id
}

func (h *pageHeap) unlinkDirtyLocked(id spanID) {
	s := &h.span[id]
	if s.prev != 0 {
		h.span[s.prev].next = s.next
	} else {
		h.dirtyHead = s.next
	}
	if s.next != 0 {
		h.span[s.next].prev = s.prev
	}
	s.prev, s.next = 0, 0
}

func (h *pageHeap) countDirty(page, n uint32) (dirty uint32) {
	for _, state := range h.table[page : page+n] {
		if state == pageDirty {
			dirty++
		}
	}
	return dirty
}

// release gives the memory of one row of dirty pages of a free run, up to n, back
// to the system and returns how many it gave. The lock is held meanwhile, so n
// bounds how long an allocating goroutine may wait.
func (h *pageHeap) release(n uint32) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := h.dirtyHead
	if id == 0 {
		return 0
	}
	s := &h.span[id]
	n = max(n/h.granule*h.granule, h.granule)
	from := s.page + uint32(bytes.IndexByte(h.table[s.page:s.page+s.pages], pageDirty))
	to := from
	for end := min(s.page+s.pages, from+n); to < end && h.table[to] == pageDirty; to++ {
	}
	if err := h.data.release(uintptr(from)<<pageShift, uintptr(to-from)<<pageShift); err != nil {
		// The system refuses while memory is locked (mlock). Everything stays as it
		// was, still counted as backed.
		return 0
	}
	for i := from; i < to; i++ {
		h.table[i] = pageClean
	}
	s.dirty -= to - from
	h.dirty -= to - from
	if s.dirty == 0 {
		h.unlinkDirtyLocked(id)
	}
	return to - from
}
