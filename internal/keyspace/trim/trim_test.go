package trim

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func TestFreePagesGoBackAfterAWhile(t *testing.T) {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	heap := pool.NewHeap()
	var blocks []offheap.Ref
	for range 200 {
		blocks = append(blocks, heap.Alloc(1<<20, offheap.PurposeScratch))
	}
	for _, r := range blocks {
		heap.Free(r, offheap.PurposeScratch)
	}
	heap.Close()
	before := pool.Stats().FreePages
	if before < 190<<20 {
		t.Fatalf("%d bytes of free pages", before)
	}
	trimmer := New(pool)
	for i := range patience - 1 {
		if n := trimmer.Step(); n != 0 {
			t.Fatalf("period %d: %d bytes went back at once", i, n)
		}
	}
	total := int64(0)
	for range 10 {
		n := trimmer.Step()
		if n > stepBytes {
			t.Errorf("%d bytes in one period", n)
		}
		total += n
	}
	after := pool.Stats().FreePages
	if after > keptBytes || after < keptBytes/2 || before-after != total {
		t.Errorf("%d bytes of free pages became %d, %d were returned", before, after, total)
	}
	if n := trimmer.Step(); n != 0 {
		t.Errorf("%d bytes of what is kept went back", n)
	}
}

func TestSurplus(t *testing.T) {
	for _, c := range []struct{ active, free, want int64 }{
		{0, 16 << 20, 0},
		{0, 17 << 20, 1 << 20},
		{1 << 30, 128 << 20, 0},
		{1 << 30, 129 << 20, 1 << 20},
	} {
		if got := Surplus(offheap.Stats{Active: c.active, FreePages: c.free}); got != c.want {
			t.Errorf("active %d, free %d: surplus %d, want %d", c.active, c.free, got, c.want)
		}
	}
}
