package histogram

import (
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestBucketsTile(t *testing.T) {
	next := int64(0)
	for i := range buckets {
		lo, hi := lowest(i), highest(i)
		if lo != next || indexOf(lo) != i || indexOf(hi) != i {
			t.Fatalf("bucket %d is %d to %d, expected from %d", i, lo, hi, next)
		}
		if width := hi - lo; width*100 > lo {
			t.Fatalf("bucket %d, %d to %d, is wider than 1%%", i, lo, hi)
		}
		next = hi + 1
	}
	if next <= Max {
		t.Fatalf("the last bucket ends before %d", next)
	}
}

// TestAgreesWithHdrHistogram compares the percentiles with the library that
// shares Valkey's layout.
func TestAgreesWithHdrHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	hdr := hdrhistogram.New(Min, Max, 2)
	for range 20000 {
		v := int64(1) << rnd.IntN(31)
		v = min(v+rnd.Int64N(v), Max)
		h.Record(v)
		if err := hdr.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []float64{0.1, 1, 25, 50, 90, 99, 99.9, 100} {
		if got, want := h.Percentile(p), hdr.ValueAtPercentile(p); got != want {
			t.Errorf("p%v is %d, want %d", p, got, want)
		}
	}
	if h.Count() != hdr.TotalCount() {
		t.Errorf("count is %d, want %d", h.Count(), hdr.TotalCount())
	}
}

func TestBoundsAreClamped(t *testing.T) {
	var h Histogram
	h.Record(-5)
	h.Record(0)
	h.Record(1 << 62)
	if h.Percentile(0) != 1 || h.Percentile(50) != 1 {
		t.Errorf("small values are reported as %d and %d", h.Percentile(0), h.Percentile(50))
	}
	if top := h.Percentile(100); top < Max || top > Max*101/100 {
		t.Errorf("the large value is reported as %d", top)
	}
}

func TestCumulativeStepsAsValkeyPrints(t *testing.T) {
	var h Histogram
	if got := h.Cumulative(nil); len(got) != 0 {
		t.Fatalf("the empty histogram has %v", got)
	}
	for _, nanos := range []int64{1, 1500, 1500, 33_000, 33_100, 65_000, 1_050_000, Max} {
		h.Record(nanos)
	}
	want := []Step{{1, 1}, {2, 3}, {33, 4}, {66, 6}, {1056, 7}, {1073741, 8}}
	got := h.Cumulative(nil)
	if len(got) != len(want) {
		t.Fatalf("steps %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("steps %v, want %v", got, want)
		}
	}
}

func TestMergeAndReset(t *testing.T) {
	var a, b, both Histogram
	for i := int64(1); i < 5000; i += 7 {
		a.Record(i * 100)
		both.Record(i * 100)
		b.Record(i * 90000)
		both.Record(i * 90000)
	}
	a.Merge(&b)
	if a != both {
		t.Error("merging differs from recording everything in one")
	}
	a.Reset()
	if a != (Histogram{}) {
		t.Error("not empty after Reset")
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	v := int64(100)
	for b.Loop() {
		h.Record(v)
		v = v*3&0xfffff + 1
	}
}
