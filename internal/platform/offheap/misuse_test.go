//go:build invariant

package offheap

import (
	"strings"
	"testing"
)

// violation returns what f panics with.
func violation(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		err, ok := recover().(error)
		if !ok {
			t.Fatal("nothing was caught")
		}
		text = err.Error()
	}()
	f()
	return ""
}

func TestMisuseIsCaught(t *testing.T) {
	for _, size := range []int{40, 3000, 200_000} {
		h := newPool(t).NewHeap()
		r := h.Alloc(size, PurposeHash)
		if leaks := h.Pool().Leaks(); len(leaks) != 1 || leaks[0].Purpose != PurposeHash || leaks[0].Blocks != 1 || leaks[0].Example != r {
			t.Errorf("%d bytes: leaks %+v", size, leaks)
		}
		if got := violation(t, func() { h.Free(r, PurposeSet) }); !strings.Contains(got, "allocated as hash, freed as set") {
			t.Errorf("wrong purpose: %s", got)
		}
		h.Free(r, PurposeHash)
		if size > maxSmall {
			continue // a large block's pages are gone at once: the page table catches it
		}
		if got := violation(t, func() { h.Free(r, PurposeHash) }); !strings.Contains(got, "double free") {
			t.Errorf("double free: %s", got)
		}
		r.Bytes(size)[size/2] ^= 1
		if got := violation(t, func() { h.Alloc(size, PurposeHash) }); !strings.Contains(got, "after it was freed") {
			t.Errorf("use after free: %s", got)
		}
	}
}
