// Package zset is the sorted set type: which encoding holds a sorted set, and
// what every sorted set command needs of it.
//
//	encoding   Root is
//	ListPack   a listpack of pairs, member then score, in order
//	SkipList   a block with a hashtable.Table and a sortedtree.Tree, which hold
//	           the same elements: blocks of score and member
//
// SkipList is the name that clients see; the order is kept by a counted tree.
// Elements are ordered by score, then by the bytes of the member. A rank counts
// from 0 at the lowest score. Every range, by score, by member or by rank, is
// first turned into an interval of ranks, and then walked, counted or removed.
//
// Scores are never NaN. -0 equals 0 and is kept by the large encoding; the
// small one stores it as 0, as Valkey's does.
//
// Members are passed to callbacks as views: valid until the callback returns or
// the set changes, whichever is first. No callback may change the set. A set
// from which the last member is taken is as a new one, with Root 0.
package zset

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeZSet

// Prepare chooses the encoding for adding members, the longest of which has
// longestBytes: that of a new set, or the large one for a set that is going to
// be too large for its encoding.
func Prepare(h *offheap.Heap, lim *value.Limits, v *value.Value, adding, longestBytes int) {
	small := adding <= lim.ZSetMaxListpackEntries && longestBytes <= lim.ZSetMaxListpackValue
	switch {
	case v.Root == 0 && small:
		v.Enc = value.ListPack
	case v.Root == 0:
		v.Enc = value.SkipList
	case v.Enc == value.ListPack && !small:
		toLarge(h, v)
	}
}

// Len returns the number of members.
func Len(v *value.Value) int {
	switch {
	case v.Root == 0:
		return 0
	case v.Enc == value.ListPack:
		return listpack.At(v.Root).Len() / 2
	}
	return largeOf(v).table.Len()
}

// Score returns the score of member.
func Score(v *value.Value, member []byte) (score float64, ok bool) {
	switch {
	case v.Root == 0:
		return 0, false
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		if p := find(lp, member); p != 0 {
			return scoreAt(lp, lp.Next(p)), true
		}
		return 0, false
	}
	if _, e := largeOf(v).find(member); e != 0 {
		return scoreOf(e), true
	}
	return 0, false
}

// Rank returns the number of members before member, or behind it if reverse is
// set, and its score.
func Rank(v *value.Value, member []byte, reverse bool) (rank int, score float64, ok bool) {
	switch {
	case v.Root == 0:
		return 0, 0, false
	case v.Enc == value.ListPack:
		rank, score, ok = smallRank(listpack.At(v.Root), member)
	default:
		rank, score, ok = largeOf(v).rank(member)
	}
	if ok && reverse {
		rank = Len(v) - 1 - rank
	}
	return rank, score, ok
}

// Flags are the options of ZADD.
type Flags uint8

const (
	Incr Flags = 1 << iota // add to the score
	NX                     // only new members
	XX                     // only members that are there
	GT                     // only to a greater score
	LT                     // only to a lower score
)

// Outcome says what Add did.
type Outcome uint8

const (
	Added   Outcome = iota // the member is new
	Updated                // the score has changed
	Same                   // the member had this score
	Skipped                // the flags forbade it
	NaN                    // the score would not be a number; nothing has changed
)

// Add adds member with a score or changes its score. It returns the score that
// the member has now, unless the outcome is Skipped or NaN.
func Add(h *offheap.Heap, lim *value.Limits, v *value.Value, score float64, member []byte, flags Flags) (float64, Outcome) {
	if math.IsNaN(score) {
		return 0, NaN
	}
	if v.Root != 0 && v.Enc == value.SkipList {
		return largeOf(v).add(h, score, member, flags)
	}
	current, known := Score(v, member)
	score, outcome := decide(current, known, score, flags)
	switch outcome {
	case Added:
		insert(h, lim, v, score, member)
	case Updated:
		lp, _ := listpack.DeleteAt(h, why, v.Root, find(listpack.At(v.Root), member), 2)
		v.Root = smallInsert(h, lp, score, member)
	}
	return score, outcome
}

// Append adds a member that is behind all others, and not there.
func Append(h *offheap.Heap, lim *value.Limits, v *value.Value, score float64, member []byte) {
	if v.Root == 0 && v.Enc == value.SkipList {
		newLarge(h, v)
	}
	if v.Root != 0 && v.Enc == value.SkipList {
		largeOf(v).append(h, score, member)
		return
	}
	insert(h, lim, v, score, member)
}

// decide applies the flags of ZADD.
func decide(current float64, known bool, score float64, flags Flags) (float64, Outcome) {
	if !known {
		if flags&XX != 0 {
			return 0, Skipped
		}
		return score, Added
	}
	if flags&NX != 0 {
		return 0, Skipped
	}
	if flags&Incr != 0 {
		if score += current; math.IsNaN(score) {
			return 0, NaN
		}
	}
	switch {
	case flags&LT != 0 && score >= current, flags&GT != 0 && score <= current:
		return 0, Skipped
	case score == current:
		return score, Same
	}
	return score, Updated
}

// insert adds a member that is not there to a set that is not large.
func insert(h *offheap.Heap, lim *value.Limits, v *value.Value, score float64, member []byte) {
	if v.Root == 0 {
		begin(h, v)
	}
	if v.Enc == value.ListPack {
		lp := listpack.At(v.Root)
		if lp.Len()/2 < lim.ZSetMaxListpackEntries && len(member) <= lim.ZSetMaxListpackValue &&
			listpack.SafeToAdd(lp.Size(), len(member)) {
			v.Root = smallInsert(h, v.Root, score, member)
			return
		}
		toLarge(h, v)
	}
	z := largeOf(v)
	z.insert(h, z.table.Hash(member), score, member)
}

// begin makes the empty structure of a set that has none. The small encoding is
// left by itself if it does not suit the first member.
func begin(h *offheap.Heap, v *value.Value) {
	if v.Enc != value.SkipList {
		v.Enc, v.Root = value.ListPack, listpack.New(h, why, 0)
		return
	}
	newLarge(h, v)
}

// Remove takes member out and reports whether it was there.
func Remove(h *offheap.Heap, v *value.Value, member []byte) (removed bool) {
	switch {
	case v.Root == 0:
		return false
	case v.Enc == value.ListPack:
		if p := find(listpack.At(v.Root), member); p != 0 {
			v.Root, _ = listpack.DeleteAt(h, why, v.Root, p, 2)
			removed = true
		}
	default:
		removed = largeOf(v).remove(h, member)
	}
	if removed {
		freeIfEmpty(h, v)
	}
	return removed
}

func freeIfEmpty(h *offheap.Heap, v *value.Value) {
	if Len(v) == 0 {
		Free(h, v)
	}
}

// Unpack gives a packed set the large encoding, whatever its size.
func Unpack(h *offheap.Heap, v *value.Value) {
	if v.Root != 0 && v.Enc == value.ListPack {
		toLarge(h, v)
	}
}

// ApplyLimits gives a set that is too large for a listpack the large encoding,
// and one that is small enough a listpack. It is for sets that were loaded or
// computed as a whole.
func ApplyLimits(h *offheap.Heap, lim *value.Limits, v *value.Value) {
	if v.Root == 0 {
		return
	}
	fits := Len(v) <= lim.ZSetMaxListpackEntries
	if fits {
		total := 0
		Range(v, 0, Len(v), false, func(member []byte, _ float64) bool {
			total += len(member)
			fits = len(member) <= lim.ZSetMaxListpackValue && listpack.SafeToAdd(0, total)
			return fits
		})
	}
	switch {
	case fits && v.Enc == value.SkipList:
		toSmall(h, v)
	case !fits && v.Enc == value.ListPack:
		toLarge(h, v)
	}
}
