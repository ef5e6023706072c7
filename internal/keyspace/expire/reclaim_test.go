package expire

import (
	"strconv"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// TestReclaimer gives values that take several steps, one that takes one, and one
// that is not worth the way.
func TestReclaimer(t *testing.T) {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	heap := pool.NewHeap()
	limits := value.DefaultLimits()
	limits.ListMaxListpackSize = 1
	listOf := func(elements int) value.Value {
		v := value.Value{Type: value.List, Enc: value.ListPack}
		for i := range elements {
			list.Push(heap, limits, &v, [][]byte{strconv.AppendInt(nil, int64(i), 10)}, true)
		}
		return v
	}
	members := value.Value{Type: value.Set, Enc: value.IntSet}
	for i := range 5 * freeStepElements {
		set.Add(heap, limits, &members, []byte("member:"+strconv.Itoa(i)))
	}
	r := NewReclaimer(pool)
	small := listOf(keyspace.LazyFreeThreshold)
	if r.Reclaim(small) {
		t.Error("a small list was taken")
	}
	list.Free(heap, &small)
	for _, v := range []value.Value{listOf(5 * freeStepElements), members, listOf(100)} {
		if !r.Reclaim(v) {
			t.Errorf("%v was refused", v.Type)
		}
	}
	heap.Close()
	if r.Pending() != 3 {
		t.Errorf("%d values are pending", r.Pending())
	}
	r.Start()
	r.Stop()
	if used := pool.Used(); used != 0 || r.Pending() != 0 || r.Freed() != 3 {
		t.Errorf("%d bytes in use, %d values pending, %d freed", used, r.Pending(), r.Freed())
	}
}
