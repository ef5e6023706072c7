package offheap

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

// newSmallPagePool returns a pool whose memory the system does not back with
// huge pages, which it may round up to; a kernel without them refuses the advice.
func newSmallPagePool(t testing.TB) *Pool {
	p := newPool(t)
	if err := unix.Madvise(view(p.pages.data.base, p.pages.data.reserved), unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL {
		t.Fatal(err)
	}
	return p
}

// residentBytes asks the system how much of the committed data it backs.
func residentBytes(t testing.TB, p *Pool) int64 {
	t.Helper()
	page := uintptr(systemPageBytes())
	size := uintptr(p.pages.pages) << pageShift
	if size == 0 {
		return 0
	}
	present := make([]byte, size/page)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, p.pages.data.base, size, uintptr(unsafe.Pointer(&present[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	var n int64
	for _, b := range present {
		n += int64(b & 1)
	}
	return n * int64(page)
}

func TestReleaseReachesTheSystem(t *testing.T) {
	p := newSmallPagePool(t)
	h := p.NewHeap()
	refs := make([]Ref, 20_000)
	for i := range refs {
		refs[i] = h.AllocZeroed(1000, PurposeString)
	}
	big := h.Alloc(10<<20, PurposeString)
	clear(big.Bytes(10 << 20))
	full := residentBytes(t, p)
	if full < 30_000_000 {
		t.Fatalf("%d bytes resident with 30 MB in use", full)
	}
	h.Free(big, PurposeString)
	for _, r := range refs {
		h.Free(r, PurposeString)
	}
	h.Flush()
	if got := p.ReleaseSome(64 << 10); got != 64<<10 {
		t.Fatalf("asked to release 64 KiB, released %d", got)
	}
	if got := p.ReleaseSome(4 << 20); got != releaseBytesMax {
		t.Fatalf("asked to release 4 MiB, released %d", got)
	}
	if got := residentBytes(t, p); got > full-releaseBytesMax {
		t.Fatalf("%d bytes resident after releasing %d of %d", got, releaseBytesMax, full)
	}
	p.ReleaseFree()
	if got := residentBytes(t, p); got != 0 {
		t.Fatalf("%d bytes resident after everything was released", got)
	}
	if s := p.Stats(); s.FreePages != 0 || s.Resident != s.Metadata {
		t.Fatalf("the estimate disagrees: %+v", s)
	}
	mustCheck(t, p)
	again := h.AllocZeroed(10<<20, PurposeString)
	if b := again.Bytes(10 << 20); b[0] != 0 || b[len(b)-1] != 0 {
		t.Fatal("a released block is not zero")
	}
	h.Free(again, PurposeString)
}

// TestOverheadOfSmallBlocks holds the whole cost of a million 40-byte blocks,
// tables included, to 2% over their size.
func TestOverheadOfSmallBlocks(t *testing.T) {
	p := newSmallPagePool(t)
	h := p.NewHeap()
	const blocks = 1_000_000
	for range blocks {
		clear(h.Alloc(40, PurposeEntry).Bytes(40))
	}
	h.Sync()
	s := p.Stats()
	if s.Used != 40*blocks {
		t.Fatalf("Used is %d", s.Used)
	}
	resident := residentBytes(t, p) + s.Metadata
	t.Logf("%d bytes used, %d resident with tables: %.2f%% over", s.Used, resident, float64(resident)*100/float64(s.Used)-100)
	if resident > s.Used*102/100 {
		t.Fatalf("%d bytes used, %d resident with tables", s.Used, resident)
	}
}

// TestPopulateIsCounted: pages that are backed before anybody needs them are a
// bounded number, count as free, and are given back with the others.
func TestPopulateIsCounted(t *testing.T) {
	p := newSmallPagePool(t)
	h := p.NewHeap()
	var refs []Ref
	for p.Stats().FreePages == 0 { // until the first span of pages that were backed
		if len(refs) == 10_000 {
			if p.pages.populates {
				t.Fatalf("nothing is backed with %d bytes in use", p.Stats().Active)
			}
			return // an old kernel
		}
		r := h.Alloc(40, PurposeEntry)
		clear(r.Bytes(40))
		refs = append(refs, r)
	}
	// Of the first spans, the blocks that wait in the magazine are not touched.
	const untouched = populateSpans * pageSize
	resident := residentBytes(t, p)
	if s := p.Stats(); resident > s.Active+s.FreePages || resident < s.Active+s.FreePages-untouched || s.FreePages > populateBytes {
		t.Fatalf("%d bytes resident, the pool counts %d used and %d free", resident, s.Active, s.FreePages)
	}
	p.ReleaseFree()
	if s := p.Stats(); s.FreePages != 0 || residentBytes(t, p) > s.Active {
		t.Fatalf("%d bytes resident with everything free given back, %d used", residentBytes(t, p), s.Active)
	}
	for _, r := range refs {
		h.Free(r, PurposeEntry)
	}
	mustCheck(t, p)
}

// TestFirstSpansAreNotPopulated: a class that is used once costs no page that
// nobody touches.
func TestFirstSpansAreNotPopulated(t *testing.T) {
	p := newSmallPagePool(t)
	h := p.NewHeap()
	for class := 1; class < numClasses; class++ {
		r := h.Alloc(classBytes(class), PurposeList)
		defer h.Free(r, PurposeList)
	}
	if n := residentBytes(t, p); n != 0 && !invariant.Enabled { // which poisons what it frees
		t.Fatalf("%d bytes are resident, and none was touched", n)
	}
}
