package keysort

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func FuzzSort(f *testing.F) {
	f.Add([]byte{3, 2, 1}, uint16(300), uint8(0))
	f.Add([]byte("many keys of a few values"), uint16(1000), uint8(8))
	f.Fuzz(func(t *testing.T, seed []byte, count uint16, shift uint8) {
		var text [8]byte
		copy(text[:], seed)
		x := binary.LittleEndian.Uint64(text[:]) | 1
		places := make([]Place, count%2000)
		for i := range places {
			x = x*6364136223846793005 + 1442695040888963407
			places[i] = Place{x >> 50 << (shift % 51), int32(i)}
		}
		want := slices.Clone(places)
		slices.SortStableFunc(want, func(a, b Place) int { return cmp.Compare(a.Key, b.Key) })
		Sort(places)
		if !slices.Equal(places, want) {
			t.Fatal("wrong order")
		}
		inRuns := 0
		EqualRuns(places, func(run []Place) {
			if len(run) < 2 || run[0].Key != run[len(run)-1].Key {
				t.Fatalf("%v is no run", run)
			}
			inRuns += len(run)
		})
		for i := range want {
			if i > 0 && want[i-1].Key == want[i].Key || i+1 < len(want) && want[i+1].Key == want[i].Key {
				inRuns--
			}
		}
		if inRuns != 0 {
			t.Fatalf("runs are off by %d", inRuns)
		}
	})
}

func TestOfDouble(t *testing.T) {
	ascending := []float64{math.Inf(-1), -1e300, -1.5, -5e-324, 0, 5e-324, 1, 1e300, math.Inf(1)}
	for i := 1; i < len(ascending); i++ {
		if OfDouble(ascending[i-1]) >= OfDouble(ascending[i]) {
			t.Errorf("%v is not before %v", ascending[i-1], ascending[i])
		}
	}
	if OfDouble(math.Copysign(0, -1)) != OfDouble(0) {
		t.Error("zeros differ")
	}
}

func BenchmarkSort(b *testing.B) {
	places := make([]Place, 100_000)
	for b.Loop() {
		x := uint64(1)
		for i := range places {
			x = x*6364136223846793005 + 1442695040888963407
			places[i] = Place{x, int32(i)}
		}
		Sort(places)
	}
}
