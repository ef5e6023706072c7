package sortcmd

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/keysort"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// sort returns the places of w's elements in the order wanted. It reports false
// if one is to be sorted by a score that is no number.
func (q *query) sort(c *command.Ctx, w *workspace) (sorted []keysort.Place, ok bool) {
	n := w.elems.len()
	w.ranks, w.spare = slices.Grow(w.ranks[:0], n)[:n], slices.Grow(w.spare[:0], n)[:n]
	s := sorter{texts: &w.elems, spare: w.spare}
	if q.descending {
		s.flip = ^uint64(0)
	}
	if q.alpha {
		if q.by != nil {
			q.readWeights(c, &w.weights, &w.elems)
			s.texts = &w.weights
		}
		for i := range w.ranks {
			w.ranks[i].Index = int32(i)
		}
		s.byText(w.ranks, 0)
		return w.ranks, true
	}
	if !q.rankScores(c, w.ranks, &w.elems) {
		return nil, false
	}
	s.byKey(w.ranks)
	return w.ranks, true
}

// sorter sorts places, keeping the order of those that are equal.
type sorter struct {
	texts *texts
	flip  uint64 // what keys are XORed with: all ones to sort downwards
	spare []keysort.Place
}

// byKey sorts by key, then by text.
func (s *sorter) byKey(places []keysort.Place) {
	for i := range places {
		places[i].Key ^= s.flip
	}
	keysort.SortIn(places, s.spare)
	keysort.EqualRuns(places, func(run []keysort.Place) { s.byText(run, 0) })
}

// fewTexts are so many that comparing them does not cost more than keys.
const fewTexts = 24

// byText sorts by text, of which all are the same up to a byte: by the next few
// bytes as a key, and again where those are equal.
func (s *sorter) byText(places []keysort.Place, from int) {
	if len(places) < fewTexts {
		slices.SortStableFunc(places, func(a, b keysort.Place) int {
			c := compareTexts(s.texts.at(a.Index), s.texts.at(b.Index))
			if s.flip != 0 {
				c = -c
			}
			return c
		})
		return
	}
	from += s.common(places, from)
	for i := range places {
		places[i].Key = textKey(s.texts.at(places[i].Index), from) ^ s.flip
	}
	keysort.SortIn(places, s.spare)
	keysort.EqualRuns(places, func(run []keysort.Place) {
		if byte(run[0].Key^s.flip) == keyGoesOn {
			s.byText(run, from+keyBytes)
		}
	})
}

// common returns how many bytes from the given one on are the same in all texts.
func (s *sorter) common(places []keysort.Place, from int) int {
	first := s.texts.at(places[0].Index)
	n := len(first) - from
	for _, p := range places[1:] {
		text := s.texts.at(p.Index)
		for n > 0 && (len(text) < from+n || string(text[from:from+n]) != string(first[from:from+n])) {
			n = commonPrefix(text[min(from, len(text)):], first[from:from+n])
		}
		if n <= 0 {
			return 0
		}
	}
	return n
}

func commonPrefix(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
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

const (
	keyBytes  = 7            // of a text in its key
	keyGoesOn = keyBytes + 2 // the lowest byte of a key whose text has more
)

// textKey returns a number that compares as the next bytes of a text do: those
// bytes, and in the lowest one how many there are, and 1. Texts with the same
// key are equal, unless it is said that they go on.
func textKey(text []byte, from int) uint64 {
	if text == nil {
		return 0
	}
	rest := text[from:]
	if len(rest) > keyBytes {
		return binary.BigEndian.Uint64(rest)&^0xff | keyGoesOn
	}
	var first [8]byte
	copy(first[:], rest)
	first[keyBytes] = byte(len(rest) + 1)
	return binary.BigEndian.Uint64(first[:])
}

// readWeights reads the texts that BY leads to.
func (q *query) readWeights(c *command.Ctx, weights, elems *texts) {
	f := follower{c: c}
	weights.reset(elems.len())
	for i := range elems.len() {
		if text, ok := f.follow(q.by, elems.at(int32(i))); ok {
			weights.add(text)
		} else {
			weights.addAbsent()
		}
	}
}

// rankScores ranks by number. An element whose pattern leads nowhere has score
// 0. It reports false if some text is no number.
func (q *query) rankScores(c *command.Ctx, ranks []keysort.Place, elems *texts) (ok bool) {
	f := follower{c: c}
	for i := range ranks {
		text, found := elems.at(int32(i)), true
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
