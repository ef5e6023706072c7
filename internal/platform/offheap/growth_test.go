package offheap

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// FuzzGrowth: whatever the steps, a block keeps its contents and never has much
// more than it needs.
func FuzzGrowth(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		seed := make([]byte, 300)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		p, err := NewPool(Options{ReserveBytes: reserveMin})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		h := p.NewHeap()
		r, want := h.Alloc(0, PurposeList), []byte{}
		for i, step := range steps {
			n := min(int(step&31)*(1+len(want)/64), 100<<10-len(want))
			switch op := step >> 5; {
			case op < 3:
				r = h.Extend(r, len(want)+n, PurposeList)
			case op < 5:
				r = h.ExtendToward(r, len(want)+n, 4096, PurposeList)
			default:
				want = want[:max(0, len(want)-int(step&31)*(1+len(want)/64))]
				r, n = h.Reduce(r, len(want), PurposeList), 0
			}
			for range n {
				r.Bytes(len(want) + 1)[len(want)] = byte(i)
				want = append(want, byte(i))
			}
			if !bytes.Equal(r.Bytes(len(want)), want) {
				t.Fatalf("step %d: contents changed", i)
			}
			if !p.Fits(r, len(want)) {
				t.Fatalf("step %d: %d bytes in a block of %d", i, len(want), p.SizeOf(r))
			}
		}
		h.Free(r, PurposeList)
		if used := h.Used(); used != 0 {
			t.Fatalf("%d bytes left", used)
		}
	})
}

// TestGrowthMoves: filling a block moves it a few times, and so does any
// alternation of growing and shrinking.
func TestGrowthMoves(t *testing.T) {
	p, err := NewPool(Options{ReserveBytes: reserveMin})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	h := p.NewHeap()
	r, moves := h.Alloc(0, PurposeList), 0
	to := func(moved Ref) {
		if moved != r {
			moves++
		}
		r = moved
	}
	for size := exactMax + 1; size <= 8192; size += 18 {
		to(h.Extend(r, size, PurposeList))
	}
	if moves > 32 {
		t.Errorf("%d moves", moves)
	}
	for base := 300; base < 8192; base += 7 {
		to(h.Extend(h.Reduce(r, base, PurposeList), base, PurposeList))
		moves = 0
		for range 10 {
			to(h.Extend(r, base+20, PurposeList))
			to(h.Reduce(r, base, PurposeList))
		}
		if moves > 1 {
			t.Fatalf("%d bytes and 20 more: %d moves", base, moves)
		}
	}
	h.Free(r, PurposeList)
}
