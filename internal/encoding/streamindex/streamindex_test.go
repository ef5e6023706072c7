package streamindex

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeStream

func newHeap(t testing.TB) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := pool.NewHeap()
	t.Cleanup(func() {
		h.Close()
		if n := pool.Used(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
		pool.Close()
	})
	return h
}

// FuzzTree makes a tree and a Go map go through the same changes.
func FuzzTree(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint8(0))
	f.Add(uint64(2), uint16(2000), uint8(1))
	f.Add(uint64(3), uint16(3000), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16, mode uint8) {
		h := newHeap(t)
		rnd := rand.New(rand.NewPCG(seed, 0))
		var tree Tree[uint64]
		model := map[ID]uint64{}
		top := uint64(1)
		for range steps % 5000 {
			id := ID{rnd.Uint64N(20), rnd.Uint64N(100)}
			if mode%3 == 1 { // mostly at the end
				top += rnd.Uint64N(3)
				id = ID{top, 0}
			}
			if _, there := model[id]; rnd.IntN(10) < 6 {
				if tree.Insert(h, why, id, seed) == there {
					t.Fatalf("insert of %v, there: %v", id, there)
				}
				model[id] = seed
			} else {
				if mode%3 == 1 { // mostly at the front
					if c, ok := tree.First(); ok {
						id = c.ID()
						_, there = model[id]
					}
				}
				if tree.Delete(h, why, id) != there {
					t.Fatalf("delete of %v, there: %v", id, there)
				}
				delete(model, id)
			}
		}
		compare(t, &tree, model)
		if mode%3 == 2 {
			for id := range model {
				tree.Delete(h, why, id)
			}
			clear(model)
			compare(t, &tree, model)
		}
		visited := 0
		for !tree.FreeStep(h, why, 1, func(*uint64) { visited++ }) {
		}
		if visited != len(model) {
			t.Errorf("%d of %d values freed", visited, len(model))
		}
	})
}

func compare(t *testing.T, tree *Tree[uint64], model map[ID]uint64) {
	t.Helper()
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	ids := slices.SortedFunc(maps.Keys(model), ID.Compare)
	var got []ID
	tree.Each(func(id ID, v *uint64) bool {
		if *v != model[id] {
			t.Fatalf("%v has value %d", id, *v)
		}
		got = append(got, id)
		return true
	})
	if !slices.Equal(got, ids) || tree.Len() != len(ids) {
		t.Fatalf("got %v, want %v", got, ids)
	}
	got = got[:0]
	c, ok := tree.Last()
	for ; ok; ok = c.Prev() {
		got = append(got, c.ID())
	}
	slices.Reverse(got)
	if !slices.Equal(got, ids) {
		t.Fatalf("backwards: got %v, want %v", got, ids)
	}
	for i := range 200 {
		id := ID{uint64(i / 10), uint64(i%10) * 11}
		at, there := slices.BinarySearchFunc(ids, id, ID.Compare)
		if (tree.Find(id) != nil) != there {
			t.Fatalf("find of %v", id)
		}
		if c, ok := tree.SeekAtLeast(id); ok != (at < len(ids)) || ok && c.ID() != ids[at] {
			t.Fatalf("at least %v: %v", id, ok)
		}
		if there {
			at++
		}
		if c, ok := tree.SeekAtMost(id); ok != (at > 0) || ok && c.ID() != ids[at-1] {
			t.Fatalf("at most %v: %v", id, ok)
		}
	}
}

// TestSlots holds the sizes that the package comment promises.
func TestSlots(t *testing.T) {
	if got := [...]int{leafBytes[struct{}](32), leafBytes[uint64](1), leafBytes[[3]uint64](2)}; got != [...]int{536, 48, 104} {
		t.Errorf("leaves of %v bytes", got)
	}
	h := newHeap(t)
	var tree Tree[struct{}]
	for i := range uint64(3200) {
		tree.Insert(h, why, ID{i, 0}, struct{}{})
	}
	if tree.leaves != 100 {
		t.Errorf("%d leaves after appending 3200 IDs", tree.leaves)
	}
	tree.FreeStep(h, why, math.MaxInt, func(*struct{}) {})
}

func TestNeighbours(t *testing.T) {
	for _, tc := range []struct {
		id, next ID
	}{
		{ID{0, 0}, ID{0, 1}},
		{ID{5, 7}, ID{5, 8}},
		{ID{5, math.MaxUint64}, ID{6, 0}},
	} {
		if got, ok := tc.id.Next(); got != tc.next || !ok {
			t.Errorf("after %v: %v", tc.id, got)
		}
		if got, ok := tc.next.Prev(); got != tc.id || !ok {
			t.Errorf("before %v: %v", tc.next, got)
		}
	}
	if _, ok := Max().Next(); ok {
		t.Error("an ID after the largest")
	}
	if _, ok := (ID{}).Prev(); ok {
		t.Error("an ID before the smallest")
	}
	if got := Max().String(); got != "18446744073709551615-18446744073709551615" || len(got) > IDTextMax {
		t.Errorf("largest ID: %s", got)
	}
}
