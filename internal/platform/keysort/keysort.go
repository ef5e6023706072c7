// Package keysort sorts many things by a number of 64 bits that each has: a
// score, or the beginning of a text. What decides between equal numbers is the
// caller's.
package keysort

import (
	"cmp"
	"math"
	"slices"
)

// Place is a thing's number and which thing it is.
type Place struct {
	Key   uint64
	Index int32
}

// few are so many places for which counting bytes does not pay.
const few = 128

// Sort sorts places by key, keeping the order of equal keys: a radix sort by
// bytes from the lowest on, which leaves out those that are the same in all
// keys.
func Sort(places []Place) { SortIn(places, nil) }

// SortIn is Sort with memory to work in; it allocates if that is less than there
// are places.
func SortIn(places, spare []Place) {
	if len(places) < few {
		slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(a.Key, b.Key) })
		return
	}
	var counts [8][256]int32
	for _, p := range places {
		for b := range counts {
			counts[b][byte(p.Key>>(8*b))]++
		}
	}
	if len(spare) < len(places) {
		spare = make([]Place, len(places))
	}
	from, to := places, spare[:len(places)]
	for b := range counts {
		next := &counts[b] // where the next place with this byte goes
		if int(next[byte(from[0].Key>>(8*b))]) == len(from) {
			continue
		}
		sum := int32(0)
		for i, n := range next {
			next[i] = sum
			sum += n
		}
		for _, p := range from {
			at := &next[byte(p.Key>>(8*b))]
			to[*at] = p
			*at++
		}
		from, to = to, from
	}
	if &from[0] != &places[0] {
		copy(places, from)
	}
}

// EqualRuns calls f for each run of two or more sorted places with the same key.
func EqualRuns(places []Place, f func([]Place)) {
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].Key == places[0].Key {
			n++
		}
		if n > 1 {
			f(places[:n])
		}
		places = places[n:]
	}
}

// OfDouble maps doubles, other than NaN, to numbers of the same order. Both
// zeros are equal.
func OfDouble(d float64) uint64 {
	bits := math.Float64bits(d + 0) // -0 + 0 is 0
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}
