package offheap

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	reserveDefault = 4 << 40
	reserveMin     = 64 << 20
)

// Options configure a Pool. The zero value is good for a server.
type Options struct {
	// ReserveBytes is the address space to ask for, the limit of what the pool
	// can ever hold. It costs no memory. Zero means 4 TiB. When the system
	// refuses, half of it is tried, down to 64 MiB.
	ReserveBytes int64
}

// Pool is the off-heap memory of one server.
type Pool struct {
	pages   pageHeap
	central [numClasses]central
	used    [NumPurposes]atomic.Int64

	mu    sync.Mutex
	heaps []*Heap // those open, for Check
}

// NewPool reserves address space. Close gives it back.
func NewPool(opts Options) (*Pool, error) {
	want := opts.ReserveBytes
	if want == 0 {
		want = reserveDefault
	}
	want = max(want, reserveMin)
	p := &Pool{}
	granule := max(systemPageBytes()/pageSize, 1)
	for {
		err := p.pages.reserve(uintptr(want) &^ (uintptr(granule)*pageSize - 1))
		if err == nil {
			break
		}
		if want/2 < reserveMin {
			return nil, fmt.Errorf("reserve %d bytes of address space: %w", want, err)
		}
		want /= 2
	}
	p.pages.granule, p.pages.populates = uint32(granule), true
	for class := 1; class < numClasses; class++ {
		c := &p.central[class]
		c.pages, c.class, c.geo = &p.pages, uint8(class), spanGeometry(class, uint32(granule))
	}
	return p, nil
}

// Close unmaps everything. No Heap and no Ref of this pool may be used
// afterwards.
func (p *Pool) Close() { p.pages.unmap() }

// Contains reports whether r points into committed memory, so that reading
// there cannot fault. It does not say that r is a live block.
func (p *Pool) Contains(r Ref) bool { return uintptr(r)-p.pages.data.base < p.pages.limit.Load() }

// SizeOf returns the usable size of the block r.
func (p *Pool) SizeOf(r Ref) int {
	page := (uintptr(r) - p.pages.data.base) >> pageShift
	class := p.pages.table[page]
	if class < numClasses {
		return classBytes(int(class))
	}
	return int(p.pages.span[p.pages.owner[page]].pages) << pageShift
}

// ClassSize returns the usable size of the block that Alloc(size) would return.
func (p *Pool) ClassSize(size int) int {
	if size <= maxSmall {
		return classBytes(classOf(size))
	}
	run := int(p.pages.granule) << pageShift
	return (size + run - 1) / run * run
}

// Used returns the sum of the usable sizes of the live blocks, as far as their
// heaps have published it. With every heap synced it is exact, and the same
// sequence of operations always gives the same number.
func (p *Pool) Used() int64 {
	var total int64
	for i := range p.used {
		total += p.used[i].Load()
	}
	return total
}

// UsedBy is Used for one purpose.
func (p *Pool) UsedBy(why Purpose) int64 { return p.used[why].Load() }

// Stats are the figures behind INFO memory. All are bytes.
type Stats struct {
	Used        int64 // live blocks: allocator_allocated
	Active      int64 // pages of spans and large blocks: allocator_active
	Resident    int64 // estimate of what the system backs: allocator_resident
	Committed   int64 // part of the reservation that may be touched
	Reserved    int64 // address space
	FreeInSpans int64 // Active less Used: free blocks, magazines and the tails of spans
	FreePages   int64 // free runs that the system still backs: allocator_muzzy and dirty
	Metadata    int64 // page table, span records and bitmaps
}

// Stats returns the current figures.
func (p *Pool) Stats() Stats {
	h := &p.pages
	s := Stats{Used: p.Used(), Reserved: int64(h.data.reserved)}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Active = int64(h.active) << pageShift
	s.FreePages = int64(h.dirty) << pageShift
	s.Committed = int64(h.pages) << pageShift
	s.Metadata = int64(h.nextSpan)*spanRecordBytes + int64(h.nextWord)*8 + int64(h.pages)*5
	s.Resident = s.Active + s.FreePages + s.Metadata
	s.FreeInSpans = max(s.Active-s.Used, 0)
	return s
}

// releaseBytesMax bounds what one hold of the page heap's lock gives back: some
// tens of microseconds, ten times as much on some virtual machines.
const releaseBytesMax = 256 << 10

// ReleaseFree gives the memory of all whole free pages back to the system and
// returns the number of bytes. Magazines of open heaps keep their blocks.
func (p *Pool) ReleaseFree() (total int64) {
	for {
		given := p.ReleaseSome(releaseBytesMax)
		if given == 0 {
			return total
		}
		total += given
	}
}

// ReleaseSome gives a row of free pages back to the system, at most bytesMax and no
// more than takes a moment, and returns the number of bytes; 0 means that nothing
// is left to give. Between calls other goroutines can allocate.
func (p *Pool) ReleaseSome(bytesMax int64) int64 {
	return int64(p.pages.release(uint32(min(bytesMax, releaseBytesMax)>>pageShift))) << pageShift
}

func (p *Pool) register(h *Heap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heaps = append(p.heaps, h)
}

func (p *Pool) unregister(h *Heap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.heaps, h); i >= 0 {
		p.heaps = slices.Delete(p.heaps, i, i+1)
	}
}

// reserve maps the address space for size bytes of data and the tables that go
// with them, sized for the worst case: all of it costs only addresses.
func (h *pageHeap) reserve(size uintptr) error {
	pages := size >> pageShift
	for _, want := range []struct {
		r    *region
		size uintptr
	}{
		{&h.data, size},
		{&h.tables, pages},
		{&h.owners, pages * 4},
		{&h.records, (pages + 2) * spanRecordBytes},
		{&h.bitmaps, pages * (pageSize / 64)},
		{&h.shadow, h.shadowBytes(pages)},
	} {
		var err error
		if *want.r, err = reserveRegion(want.size); err != nil {
			h.unmap()
			return err
		}
	}
	h.table = unsafe.Slice((*uint8)(Ref(h.tables.base).Ptr()), pages)
	h.owner = unsafe.Slice((*spanID)(Ref(h.owners.base).Ptr()), pages)
	h.span = unsafe.Slice((*span)(Ref(h.records.base).Ptr()), pages+2)
	h.words = unsafe.Slice((*uint64)(Ref(h.bitmaps.base).Ptr()), pages*(pageSize/64/8))
	h.free.bySize = true
	return nil
}

func (h *pageHeap) unmap() {
	for _, r := range []*region{&h.data, &h.tables, &h.owners, &h.records, &h.bitmaps, &h.shadow} {
		r.unmap()
	}
}
