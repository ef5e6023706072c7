package hyperloglog

import (
	"encoding/binary"
	"math"
)

// histogram counts registers by value.
type histogram [registerMax + 1]int

// Count estimates the number of different elements of a sketch; ok is false if
// the sketch is corrupt.
func Count(b []byte) (n int64, ok bool) {
	if IsDense(b) {
		var s Set
		s.Merge(b)
		return s.Count(), true
	}
	var h histogram
	ok = walk(b[headerBytes:], func(o opcode, _ int) { h[o.value] += o.length })
	return h.estimate(), ok
}

// Count estimates the number of different elements of the union.
func (s *Set) Count() int64 {
	var h histogram
	if !s.countVector(&h) {
		s.countWords(&h)
	}
	return h.estimate()
}

// countWords counts the registers of s one by one.
func (s *Set) countWords(h *histogram) {
	// Four histograms, so that equal registers in a row do not wait for each
	// other's count to be stored.
	var parts [4]histogram
	for i := 0; i < Registers; i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		parts[0][w&registerMax]++
		parts[1][w>>8&registerMax]++
		parts[2][w>>16&registerMax]++
		parts[3][w>>24&registerMax]++
		parts[0][w>>32&registerMax]++
		parts[1][w>>40&registerMax]++
		parts[2][w>>48&registerMax]++
		parts[3][w>>56&registerMax]++
	}
	*h = *sum(&parts)
}

func sum(parts *[4]histogram) *histogram {
	h := &parts[0]
	for i := range h {
		h[i] += parts[1][i] + parts[2][i] + parts[3][i]
	}
	return h
}

// estimate is the improved estimator of Otmar Ertl, "New cardinality estimation
// algorithms for HyperLogLog sketches", 2017.
func (h *histogram) estimate() int64 {
	const (
		m        = float64(Registers)
		alphaInf = 0.721347520444481703680 // 1/(2·ln 2)
	)
	z := float64(m * tau((m-float64(h[runMax]))/m))
	for k := runMax - 1; k >= 1; k-- {
		z += float64(h[k])
		z *= 0.5
	}
	z += float64(m * sigma(float64(h[0])/m))
	return int64(math.Round(alphaInf * m * m / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == before {
			return z / 3
		}
	}
}
