// Package histogram counts durations by size, for latency percentiles.
//
// The buckets are log-linear: each power of two is divided into 128 equal
// buckets, so a bucket is less than 0.8% wide. This is the layout that an
// HdrHistogram of two significant digits from 1 ns to 1 s has, and the reports
// are computed as Valkey does, so LATENCY HISTOGRAM and the percentiles of INFO
// show the same numbers for the same durations.
package histogram

import "math/bits"

const (
	// Min and Max bound what is recorded, in nanoseconds; other values are
	// recorded as the nearer bound.
	Min = 1
	Max = 1_000_000_000

	linearBits = 8 // values below 256 have a bucket each
	halfBits   = linearBits - 1
	buckets    = (23 + 1) << halfBits // up to 2^30 - 1
)

// Histogram counts durations in nanoseconds. It takes 24 KiB, whatever it holds.
// The zero value is empty and ready. It is not safe for concurrent use.
type Histogram struct {
	total  int64
	counts [buckets]int64
}

// Record counts one duration.
func (h *Histogram) Record(nanos int64) {
	h.counts[indexOf(min(max(nanos, Min), Max))]++
	h.total++
}

// Count returns the number of recorded durations.
func (h *Histogram) Count() int64 { return h.total }

// Percentile returns the duration in nanoseconds that the given percentage of
// all recorded ones does not exceed: the upper end of its bucket, for 0 percent
// the lower end. An empty histogram has 0.
func (h *Histogram) Percentile(percent float64) int64 {
	if h.total == 0 {
		return 0
	}
	rank := max(int64(min(percent, 100)/100*float64(h.total)+0.5), 1)
	var seen int64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			if percent == 0 {
				return lowest(i)
			}
			return highest(i)
		}
	}
	return 0
}

// Step is one line of a cumulative distribution: Count durations took at most
// Micros microseconds.
type Step struct{ Micros, Count int64 }

// Cumulative appends the distribution by powers of two from 1024 ns, as LATENCY
// HISTOGRAM prints it, to steps: only steps at which the count grows, up to the
// one that includes everything.
func (h *Histogram) Cumulative(steps []Step) []Step {
	var seen, reported int64
	from := 0
	for level := int64(1024); seen < h.total; level *= 2 {
		last := min(indexOf(level), buckets-1)
		for _, n := range h.counts[from : last+1] {
			seen += n
		}
		from = last + 1
		if seen > reported {
			steps = append(steps, Step{Micros: highest(last) / 1000, Count: seen})
			reported = seen
		}
	}
	return steps
}

// Merge adds the counts of other.
func (h *Histogram) Merge(other *Histogram) {
	if other.total == 0 {
		return
	}
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// Reset empties the histogram.
func (h *Histogram) Reset() { *h = Histogram{} }

// indexOf returns the bucket of a value. With s, the number of low bits that do
// not matter for values of this size, the bucket is (s<<7) + (value>>s), where
// the second term is from 128 to 255, or from 0 for s = 0.
func indexOf(value int64) int {
	s := bits.Len64(uint64(value)|(1<<linearBits-1)) - linearBits
	return s<<halfBits + int(uint64(value)>>uint(s))
}

// lowest returns the smallest value of a bucket.
func lowest(index int) int64 {
	s := max(index>>halfBits-1, 0)
	return int64(index-s<<halfBits) << s
}

// highest returns the largest value of a bucket.
func highest(index int) int64 {
	s := max(index>>halfBits-1, 0)
	return lowest(index) + 1<<s - 1
}
