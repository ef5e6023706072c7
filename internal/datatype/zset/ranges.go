package zset

import (
	"bytes"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/sortedtree"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Range passes count members to visit, beginning with that of rank from, until
// visit returns false. With reverse set, it goes towards lower ranks. All ranks
// must exist.
func Range(v *value.Value, from, count int, reverse bool, visit func(member []byte, score float64) bool) {
	switch {
	case count <= 0:
	case v.Enc == value.ListPack:
		smallRange(listpack.At(v.Root), from, count, reverse, visit)
	default:
		largeOf(v).walk(from, count, reverse, visit)
	}
}

// RemoveRange takes out the members whose ranks are in [from, to).
func RemoveRange(h *offheap.Heap, v *value.Value, from, to int) {
	switch {
	case from >= to:
		return
	case v.Enc == value.ListPack:
		v.Root = listpack.DeleteRange(h, why, v.Root, 2*from, 2*(to-from))
	default:
		largeOf(v).removeRange(h, from, to-from)
	}
	freeIfEmpty(h, v)
}

// ScoreRange is a range of scores as the commands take it.
type ScoreRange struct {
	Min, Max                   float64
	MinExclusive, MaxExclusive bool
}

// ParseScoreRange reads the bounds of a score range: a number, which a "("
// before it excludes. It reports whether both are right.
func ParseScoreRange(min, max []byte) (r ScoreRange, ok bool) {
	if r.Min, r.MinExclusive, ok = parseScoreBound(min); !ok {
		return r, false
	}
	r.Max, r.MaxExclusive, ok = parseScoreBound(max)
	return r, ok
}

func parseScoreBound(text []byte) (score float64, exclusive, ok bool) {
	text, exclusive = bytes.CutPrefix(text, []byte("("))
	if len(text) == 0 {
		return 0, exclusive, true // as Valkey has it
	}
	score, ok = number.ParseDouble(text)
	return score, exclusive, ok
}

// Contains reports whether score is in the range.
func (r ScoreRange) Contains(score float64) bool { return !r.below(score) && !r.above(score) }

// below reports whether score is before the range.
func (r ScoreRange) below(score float64) bool {
	return score < r.Min || r.MinExclusive && score == r.Min
}

// above reports whether score is behind the range.
func (r ScoreRange) above(score float64) bool {
	return score > r.Max || r.MaxExclusive && score == r.Max
}

// Interval returns the ranks [from, to) of the members in the range, which is
// empty if from equals to.
func (r ScoreRange) Interval(v *value.Value) (from, to int) {
	switch {
	case v.Root == 0:
		return 0, 0
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		from, _ = smallSearch(lp, func(p int) bool { return r.below(scoreAt(lp, lp.Next(p))) })
		to, _ = smallSearch(lp, func(p int) bool { return !r.above(scoreAt(lp, lp.Next(p))) })
	default:
		tree := &largeOf(v).tree
		low, high := r.bounds()
		from, to = tree.Rank(low), tree.Rank(high)
	}
	return from, max(from, to)
}

// Visit passes the members in the range to visit, in order, until it returns
// false. It is cheaper than walking the interval.
func (r ScoreRange) Visit(v *value.Value, visit func(member []byte, score float64) bool) {
	if v.Root == 0 || v.Enc == value.ListPack {
		from, to := r.Interval(v)
		Range(v, from, to-from, false, visit)
		return
	}
	low, _ := r.bounds()
	for c, ok := largeOf(v).tree.Seek(low); ok; ok = c.Next() {
		e := c.Element()
		if score := scoreOf(e); r.above(score) || !visit(e.Key(), score) {
			return
		}
	}
}

// Skim is Visit for a visitor who can tell of some scores that members with them
// are not wanted: asked about a part of the range, unwanted reports whether all
// that is between low and high, both included, may be left out. Members that are
// left out cost little, but not all that could be are.
func (r ScoreRange) Skim(v *value.Value, unwanted func(low, high float64) bool, visit func(member []byte, score float64) bool) {
	if v.Root == 0 || v.Enc == value.ListPack {
		r.Visit(v, visit)
		return
	}
	from, to := r.bounds()
	largeOf(v).tree.Skim(from, to, func(lowest, highest uint64) bool {
		low, high := math.Float64frombits(lowest), math.Float64frombits(highest)
		if !(low > r.Min) { // the number may be that of no score
			low = r.Min
		}
		if !(high < r.Max) {
			high = r.Max
		}
		return low <= high && unwanted(low, high)
	}, func(e hashtable.Element) bool { return visit(e.Key(), scoreOf(e)) })
}

// bounds returns the bounds of the range in a tree.
func (r ScoreRange) bounds() (low, high sortedtree.Bound) {
	low, high = sortedtree.BeforeScore(r.Min), sortedtree.AfterScore(r.Max)
	if r.MinExclusive {
		low = sortedtree.AfterScore(r.Min)
	}
	if r.MaxExclusive {
		high = sortedtree.BeforeScore(r.Max)
	}
	return low, high
}

// LexRange is a range of members as the commands take it. It has a meaning only
// for sets whose members all have the same score.
type LexRange struct{ Min, Max LexBound }

// LexBound is one end of a LexRange.
type LexBound struct {
	Kind   LexKind
	Member []byte // of Inclusive and Exclusive
}

// LexKind is the kind of a LexBound.
type LexKind uint8

const (
	Lowest    LexKind = iota // "-", before every member
	Highest                  // "+", behind every member
	Inclusive                // "[member"
	Exclusive                // "(member"
)

// ParseLexRange reads the bounds of a range of members and reports whether both
// are right. The range refers to the arguments.
func ParseLexRange(min, max []byte) (r LexRange, ok bool) {
	if r.Min, ok = parseLexBound(min); !ok {
		return r, false
	}
	r.Max, ok = parseLexBound(max)
	return r, ok
}

func parseLexBound(text []byte) (b LexBound, ok bool) {
	if len(text) == 0 {
		return b, false
	}
	switch text[0] {
	case '-':
		return LexBound{Kind: Lowest}, len(text) == 1
	case '+':
		return LexBound{Kind: Highest}, len(text) == 1
	case '[':
		return LexBound{Inclusive, text[1:]}, true
	case '(':
		return LexBound{Exclusive, text[1:]}, true
	}
	return b, false
}

// Contains reports whether member is in the range.
func (r LexRange) Contains(member []byte) bool {
	return r.Min.passed(member, false) && !r.Max.passed(member, true)
}

// passed reports whether member is behind the bound, when the bound is the end
// of a range or when it is the beginning.
func (b LexBound) passed(member []byte, end bool) bool {
	switch b.Kind {
	case Lowest:
		return true
	case Highest:
		return false
	}
	c := bytes.Compare(member, b.Member)
	return c > 0 || c == 0 && end == (b.Kind == Exclusive)
}

// Interval returns the ranks [from, to) of the members in the range, which is
// empty if from equals to.
func (r LexRange) Interval(v *value.Value) (from, to int) {
	if v.Root == 0 {
		return 0, 0
	}
	from, to = r.Min.rank(v, false), r.Max.rank(v, true)
	return from, max(from, to)
}

// rank returns the number of members before the bound.
func (b LexBound) rank(v *value.Value, end bool) int {
	switch {
	case b.Kind == Lowest:
		return 0
	case b.Kind == Highest:
		return Len(v)
	case v.Enc == value.ListPack:
		var scratch listpack.Scratch
		lp := listpack.At(v.Root)
		rank, _ := smallSearch(lp, func(p int) bool { return !b.passed(lp.Bytes(p, &scratch), end) })
		return rank
	case end == (b.Kind == Inclusive):
		return largeOf(v).tree.Rank(sortedtree.AfterKey(b.Member))
	}
	return largeOf(v).tree.Rank(sortedtree.BeforeKey(b.Member))
}
