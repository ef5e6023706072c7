package offheap

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkHotAllocFree(b *testing.B) {
	h := newPool(b).NewHeap()
	for b.Loop() {
		h.Free(h.Alloc(40, PurposeEntry), PurposeEntry)
	}
}

// BenchmarkBatch overflows the magazine: the cost of going to the pool and back
// shows.
func BenchmarkBatch(b *testing.B) {
	h := newPool(b).NewHeap()
	var refs [1000]Ref
	for b.Loop() {
		for i := range refs {
			refs[i] = h.Alloc(40, PurposeEntry)
		}
		for _, r := range refs {
			h.Free(r, PurposeEntry)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(refs)), "ns/pair")
}

// BenchmarkChurn replaces random blocks among a million.
func BenchmarkChurn(b *testing.B) {
	h := newPool(b).NewHeap()
	refs := make([]Ref, 1_000_000)
	for i := range refs {
		refs[i] = h.Alloc(24+i%64, PurposeEntry)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		i := rnd.IntN(len(refs))
		h.Free(refs[i], PurposeEntry)
		refs[i] = h.Alloc(24+rnd.IntN(64), PurposeEntry)
	}
}

func BenchmarkSizeOf(b *testing.B) {
	p := newPool(b)
	r := p.NewHeap().Alloc(1000, PurposeEntry)
	for b.Loop() {
		p.SizeOf(r)
	}
}

func BenchmarkLarge(b *testing.B) {
	h := newPool(b).NewHeap()
	for b.Loop() {
		h.Free(h.Alloc(200_000, PurposeString), PurposeString)
	}
}
