package offheap

import (
	"fmt"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

const (
	// A magazine holds as many blocks as fit in magazineBytes, within these
	// bounds: what an idle magazine strands is bounded by both.
	magazineBytes     = 32 << 10
	magazineBlocksMin = 2
	magazineBlocksMax = 256
)

// magazine is a stack of free blocks of one class. Its array is made when the
// class is first used.
type magazine struct {
	refs []Ref
	size int32 // usable size of the blocks
	// batch is how many blocks the next refill fetches. It doubles from 2 up to
	// half the magazine, so that a class used once does not strand a batch.
	batch int32
}

// Heap is one goroutine's allocation front. Its methods must not be called
// concurrently; a Heap may free what any other Heap of the Pool allocated.
type Heap struct {
	pool      *Pool
	base      uintptr
	table     []uint8
	magazines [128]magazine // indexed by class; a power of two spares bounds checks
	delta     [16]int64     // bytes by purpose, allocated less freed, since the last Sync
}

// NewHeap returns a new front for one goroutine.
func (p *Pool) NewHeap() *Heap {
	h := &Heap{pool: p, base: p.pages.data.base, table: p.pages.table}
	for class := 1; class < numClasses; class++ {
		h.magazines[class].size = int32(p.central[class].geo.size)
	}
	p.register(h)
	return h
}

// Close publishes the counters and returns the magazines to the pool.
func (h *Heap) Close() {
	h.Flush()
	h.Sync()
	h.pool.unregister(h)
}

// Flush returns the content of all magazines to the pool. A goroutine that
// goes idle calls it so that others can use what it keeps.
func (h *Heap) Flush() {
	for class := range h.magazines {
		m := &h.magazines[class]
		if len(m.refs) > 0 {
			h.pool.central[class].flush(m.refs)
		}
		m.refs, m.batch = nil, 0
	}
}

// Alloc returns a block of at least size bytes with undefined contents.
func (h *Heap) Alloc(size int, why Purpose) Ref {
	if uint(size) > maxSmall {
		r, _ := h.allocLarge(size, why)
		return r
	}
	class := classOf(size) & 127
	m := &h.magazines[class]
	if len(m.refs) == 0 {
		h.refill(class)
	}
	n := len(m.refs) - 1
	r := m.refs[n]
	m.refs = m.refs[:n]
	h.delta[why&15] += int64(m.size)
	if invariant.Enabled {
		h.pool.pages.shadowAlloc(r, int(m.size), why)
	}
	return r
}

// AllocZeroed returns a block of at least size bytes, all usable bytes zero.
func (h *Heap) AllocZeroed(size int, why Purpose) Ref {
	if uint(size) > maxSmall {
		r, fresh := h.allocLarge(size, why)
		if !fresh || invariant.Enabled {
			clear(r.Bytes(h.pool.SizeOf(r)))
		}
		return r
	}
	r := h.Alloc(size, why)
	clear(r.Bytes(classBytes(classOf(size))))
	return r
}

// Free returns a block to the heap. why must be the purpose it was allocated
// with. Freeing the nil reference does nothing.
func (h *Heap) Free(r Ref, why Purpose) {
	if r == 0 {
		return
	}
	class := h.table[(uintptr(r)-h.base)>>pageShift]
	if class-1 >= numClasses-1 {
		h.freeLarge(r, class, why)
		return
	}
	m := &h.magazines[class&127]
	if len(m.refs) == cap(m.refs) {
		h.spill(int(class))
	}
	if invariant.Enabled {
		h.pool.pages.shadowFree(r, int(m.size), why)
	}
	m.refs = append(m.refs, r)
	h.delta[why&15] -= int64(m.size)
}

// Resize returns a block of at least size bytes that begins with the contents
// of r, as far as they fit. The block stays where it is while its class does,
// and a large block also while the pages behind it allow; otherwise the
// contents are copied and r is freed. Resizing the nil reference allocates.
func (h *Heap) Resize(r Ref, size int, why Purpose) Ref {
	if r == 0 {
		return h.Alloc(size, why)
	}
	old := h.pool.SizeOf(r)
	if h.pool.ClassSize(size) == old {
		return r
	}
	if old > maxSmall && size > maxSmall && h.resizeLarge(r, old, size, why) {
		return r
	}
	moved := h.Alloc(size, why)
	copy(moved.Bytes(size), r.Bytes(min(old, size)))
	h.Free(r, why)
	return moved
}

// Sync publishes the heap's counters, so that Pool.Used includes them. An event
// loop calls it once per turn.
func (h *Heap) Sync() {
	for why := range h.pool.used {
		if d := h.delta[why]; d != 0 {
			h.pool.used[why].Add(d)
			h.delta[why] = 0
		}
	}
}

// Used returns Pool.Used with what this heap has not published yet.
func (h *Heap) Used() int64 {
	total := h.pool.Used()
	for _, d := range h.delta {
		total += d
	}
	return total
}

// Pool returns the pool that the heap allocates from.
func (h *Heap) Pool() *Pool { return h.pool }

func (h *Heap) refill(class int) {
	m := &h.magazines[class]
	h.prepare(m)
	m.refs = h.pool.central[class].refill(m.refs, int(m.batch))
	m.batch = min(m.batch*2, int32(cap(m.refs)+1)/2)
}

// spill empties the older half of a full magazine, keeping the blocks that were
// freed last and are likely still in the processor's cache.
func (h *Heap) spill(class int) {
	m := &h.magazines[class]
	if cap(m.refs) == 0 {
		h.prepare(m)
		return
	}
	n := (len(m.refs) + 1) / 2
	h.pool.central[class].flush(m.refs[:n])
	m.refs = m.refs[:copy(m.refs, m.refs[n:])]
}

func (h *Heap) prepare(m *magazine) {
	if cap(m.refs) == 0 {
		m.refs = make([]Ref, 0, min(max(magazineBytes/int(m.size), magazineBlocksMin), magazineBlocksMax))
		m.batch = min(2, int32(cap(m.refs)+1)/2)
	}
}

func (h *Heap) allocLarge(size int, why Purpose) (r Ref, fresh bool) {
	pages := &h.pool.pages
	if size < 0 || uintptr(size) > pages.data.reserved-pageSize {
		panic(fmt.Sprintf("offheap: out of memory: a block of %d bytes exceeds the reservation of %d", size, pages.data.reserved))
	}
	id, fresh := pages.alloc(uint32((size+pageSize-1)>>pageShift), useLarge, 0, false)
	s := &pages.span[id]
	r = Ref(pages.data.base + uintptr(s.page)<<pageShift)
	bytes := int(s.pages) << pageShift
	h.delta[why&15] += int64(bytes)
	if invariant.Enabled {
		pages.shadowAlloc(r, bytes, why)
	}
	return r, fresh
}

func (h *Heap) freeLarge(r Ref, state uint8, why Purpose) {
	pages := &h.pool.pages
	page := (uintptr(r) - h.base) >> pageShift
	if state != pageLarge || uintptr(r)%pageSize != 0 {
		panic(fmt.Sprintf("offheap: free of %#x (%s), which is no block: page state %d", uintptr(r), why, state))
	}
	id := pages.owner[page]
	bytes := int(pages.span[id].pages) << pageShift
	if invariant.Enabled {
		pages.shadowFree(r, bytes, why)
	}
	h.delta[why&15] -= int64(bytes)
	pages.freeRun(id)
}

func (h *Heap) resizeLarge(r Ref, old, size int, why Purpose) bool {
	pages := &h.pool.pages
	id := pages.owner[(uintptr(r)-h.base)>>pageShift]
	if !pages.resizeLarge(id, uint32((size+pageSize-1)>>pageShift)) {
		return false
	}
	h.delta[why&15] += int64(h.pool.SizeOf(r) - old)
	return true
}
