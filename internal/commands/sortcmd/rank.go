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
	sign := 1
	if q.descending {
		sign = -1
	}
	slices.SortFunc(ranks, func(a, b rank) int {
		switch {
		case a.key < b.key:
			return -sign
		case a.key > b.key:
			return sign
		}
		if order := compareTexts(texts[a.index], texts[b.index]); order != 0 {
			return sign * order
		}
		return cmp.Compare(a.index, b.index)
	})
	sorted = make([][]byte, count)
	for i := range sorted {
		sorted[i] = elems[ranks[start+i].index]
	}
	return sorted, true
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
