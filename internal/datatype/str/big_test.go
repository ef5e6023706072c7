package str

import (
	"sync"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func newHeap(t *testing.T) *offheap.Heap {
	t.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := pool.NewHeap()
	t.Cleanup(func() {
		h.Close()
		if n := pool.UsedBy(offheap.PurposeString); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
		pool.Close()
	})
	return h
}

func TestGrowLeavesSharedBlocksAlone(t *testing.T) {
	h := newHeap(t)
	r := NewBig(h, 5, 100)
	copy(Bytes(r), "hello")
	if same := Grow(h, r, 8, false); same != r || string(Bytes(r)) != "hello\x00\x00\x00" {
		t.Errorf("grown in place: %v, %q", same == r, Bytes(r))
	}
	Retain(r)
	mine := Grow(h, r, 9, true)
	Bytes(mine)[0] = 'J'
	if mine == r || string(Bytes(r)) != "hello\x00\x00\x00" || string(Bytes(mine)) != "Jello\x00\x00\x00\x00" {
		t.Errorf("%q and %q", Bytes(r), Bytes(mine))
	}
	if Shared(r) || Shared(mine) {
		t.Error("each block has one reference")
	}
	Release(h, r)
	Release(h, mine)
}

// References may be given back by any goroutine; the last one frees.
func TestReferencesFromManyGoroutines(t *testing.T) {
	h := newHeap(t)
	r := NewBig(h, 20<<10, 0)
	var all sync.WaitGroup
	for range 8 {
		Retain(r)
		all.Go(func() { ReleaseTo(h.Pool(), r) })
	}
	Release(h, r)
	all.Wait()
}
