package sortcmd

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// rank is an element's place in the order, as far as 64 bits tell: the score,
// or the first eight bytes of the text, as an integer of the same order. Most
// comparisons need no more, and nothing beside the array that is sorted.
type rank struct {
	key   uint64
	index int32 // of the element
}

// sort sorts the elements and returns count of them from start on. It reports
// false if one is to be sorted by a score that is no number.
func (q *query) sort(c *command.Ctx, elems [][]byte, start, count int) (sorted [][]byte, ok bool) {
	ranks := make([]rank, len(elems))
	texts := elems // what decides between equal keys
	switch {
	case q.alpha && q.by != nil:
		texts = q.weights(c, elems)
		rankTexts(ranks, texts)
	case q.alpha:
		rankTexts(ranks, texts)
	case !q.rankScores(c, ranks, elems):
		return nil, false
	}
	order(ranks, texts, q.descending)
	sorted = make([][]byte, count)
	for i := range sorted {
		sorted[i] = elems[ranks[start+i].index]
	}
	return sorted, true
}

// order sorts ranks: by key, then by text, then as they were.
func order(ranks []rank, texts [][]byte, descending bool) {
	sign := 1
	if descending {
		sign = -1
		for i := range ranks {
			ranks[i].key = ^ranks[i].key
		}
	}
	sortByKey(ranks)
	for len(ranks) > 0 {
		n := 1
		for n < len(ranks) && ranks[n].key == ranks[0].key {
			n++
		}
		if n > 1 {
			slices.SortStableFunc(ranks[:n], func(a, b rank) int {
				return sign * compareTexts(texts[a.index], texts[b.index])
			})
		}
		ranks = ranks[n:]
	}
}

// sortByKey sorts ranks by key, keeping the order of equal keys: a radix sort
// by bytes from the lowest on, which leaves out those that are the same in all
// keys.
func sortByKey(ranks []rank) {
	const fewRanks = 128 // for which counting bytes does not pay
	if len(ranks) < fewRanks {
		slices.SortStableFunc(ranks, func(a, b rank) int { return cmp.Compare(a.key, b.key) })
		return
	}
	var counts [8][256]int32
	for _, r := range ranks {
		for b := range counts {
			counts[b][byte(r.key>>(8*b))]++
		}
	}
	from, to := ranks, make([]rank, len(ranks))
	for b := range counts {
		next := &counts[b] // where the next rank with this byte goes
		if int(next[byte(from[0].key>>(8*b))]) == len(from) {
			continue
		}
		sum := int32(0)
		for i, n := range next {
			next[i] = sum
			sum += n
		}
		for _, r := range from {
			place := &next[byte(r.key>>(8*b))]
			to[*place] = r
			*place++
		}
		from, to = to, from
	}
	if &from[0] != &ranks[0] {
		copy(ranks, from)
	}
}

// compareTexts compares two texts; nil, where a pattern led nowhere, is the
// least.
func compareTexts(a, b []byte) int {
	if (a == nil) != (b == nil) {
		if a == nil {
			return -1
		}
		return 1
	}
	return bytes.Compare(a, b)
}

func rankTexts(ranks []rank, texts [][]byte) {
	for i, text := range texts {
		ranks[i] = rank{prefixKey(text), int32(i)}
	}
}

func prefixKey(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	var first [8]byte
	copy(first[:], text)
	return binary.BigEndian.Uint64(first[:])
}

// weights returns the texts that BY leads to.
func (q *query) weights(c *command.Ctx, elems [][]byte) [][]byte {
	f := follower{c: c}
	b := batch{elems: make([][]byte, len(elems))}
	for i, elem := range elems {
		if text, ok := f.follow(q.by, elem); ok {
			b.elems[i] = b.keep(text)
		}
	}
	return b.elems
}

// rankScores ranks by number. An element whose pattern leads nowhere has score
// 0. It reports false if some text is no number.
func (q *query) rankScores(c *command.Ctx, ranks []rank, elems [][]byte) (ok bool) {
	f := follower{c: c}
	for i, text := range elems {
		found := true
		if q.by != nil {
			text, found = f.follow(q.by, text)
		}
		score := 0.0
		if found {
			if score, ok = parseScore(text); !ok {
				return false
			}
		}
		ranks[i] = rank{scoreKey(score), int32(i)}
	}
	return true
}

// parseScore reads a number. Most are short integers, which a double holds
// exactly.
func parseScore(text []byte) (score float64, ok bool) {
	const exactDigits = 15
	if len(text) <= exactDigits {
		if n, ok := number.ParseInt(text); ok {
			return float64(n), true
		}
	}
	return number.ParseDouble(text)
}

// scoreKey maps doubles to integers of the same order.
func scoreKey(score float64) uint64 {
	if score == 0 {
		score = 0 // both zeros are equal
	}
	bits := math.Float64bits(score)
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}
