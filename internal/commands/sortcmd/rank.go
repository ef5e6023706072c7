package sortcmd

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/keysort"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// sort sorts the elements and returns count of them from start on. It reports
// false if one is to be sorted by a score that is no number.
func (q *query) sort(c *command.Ctx, elems [][]byte, start, count int) (sorted [][]byte, ok bool) {
	// A rank's key is the score, or the first eight bytes of the text, as an
	// integer of the same order. Most comparisons need no more.
	ranks := make([]keysort.Place, len(elems))
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
		sorted[i] = elems[ranks[start+i].Index]
	}
	return sorted, true
}

// order sorts ranks: by key, then by text, then as they were.
func order(ranks []keysort.Place, texts [][]byte, descending bool) {
	sign := 1
	if descending {
		sign = -1
		for i := range ranks {
			ranks[i].Key = ^ranks[i].Key
		}
	}
	keysort.Sort(ranks)
	keysort.EqualRuns(ranks, func(run []keysort.Place) {
		slices.SortStableFunc(run, func(a, b keysort.Place) int {
			return sign * compareTexts(texts[a.Index], texts[b.Index])
		})
	})
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

func rankTexts(ranks []keysort.Place, texts [][]byte) {
	for i, text := range texts {
		ranks[i] = keysort.Place{Key: prefixKey(text), Index: int32(i)}
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
func (q *query) rankScores(c *command.Ctx, ranks []keysort.Place, elems [][]byte) (ok bool) {
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
		ranks[i] = keysort.Place{Key: keysort.OfDouble(score), Index: int32(i)}
	}
	return true
}

// parseScore reads a number. Most have so few digits that they are a quotient of
// two integers that a double holds exactly, which rounds as it should.
func parseScore(text []byte) (score float64, ok bool) {
	const exactDigits = 15
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > exactDigits+1 || !isDigit(digits[0]) || !isDigit(digits[len(digits)-1]) {
		return number.ParseDouble(text)
	}
	n, scale := int64(0), 0 // the number of digits behind the point, and 1
	for _, d := range digits {
		switch {
		case isDigit(d):
			n = n*10 + int64(d-'0')
			if scale > 0 {
				scale++
			}
		case d == '.' && scale == 0:
			scale = 1
		default:
			return number.ParseDouble(text)
		}
	}
	if scale == 0 && len(digits) > exactDigits {
		return number.ParseDouble(text)
	}
	score = float64(n)
	if scale > 0 {
		score /= powersOf10[scale-1]
	}
	if len(digits) < len(text) {
		score = -score
	}
	return score, true
}

var powersOf10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
