package zset

import (
	"sort"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// find returns the position of member, or 0.
func find(lp listpack.View, member []byte) int { return lp.Find(lp.First(), member, 1) }

// scoreAt reads the score at p.
func scoreAt(lp listpack.View, p int) float64 {
	score, _ := parseScoreAt(lp, p)
	return score
}

// parseScoreAt is scoreAt for an entry that may be no score.
func parseScoreAt(lp listpack.View, p int) (score float64, ok bool) {
	e := lp.Get(p)
	if e.IsInt {
		return float64(e.Int), true
	}
	return number.ParseDouble(e.Str)
}

// scoreElem returns a score as the listpack stores it: an integer if it is one.
func scoreElem(score float64, text []byte) listpack.Elem {
	if n, ok := number.DoubleToInt(score); ok {
		return listpack.Elem{Int: n, IsInt: true}
	}
	return listpack.Elem{Str: number.AppendDouble(text, score)}
}

// smallInsert puts a member that is not there into its place.
func smallInsert(h *offheap.Heap, ref offheap.Ref, score float64, member []byte) offheap.Ref {
	lp := listpack.At(ref)
	_, at := smallSearch(lp, func(p int) bool {
		other := scoreAt(lp, lp.Next(p))
		return other < score || other == score && lp.Compare(p, member) < 0
	})
	return smallPut(h, ref, at, score, member)
}

func smallPut(h *offheap.Heap, ref offheap.Ref, at int, score float64, member []byte) offheap.Ref {
	var text [32]byte
	pair := [2]listpack.Elem{{Str: member}, scoreElem(score, text[:0])}
	return listpack.BatchInsert(h, why, ref, at, pair[:])
}

func smallRank(lp listpack.View, member []byte) (rank int, score float64, ok bool) {
	for p := lp.First(); p != 0; rank++ {
		s := lp.Next(p)
		if lp.Equal(p, member) {
			return rank, scoreAt(lp, s), true
		}
		p = lp.Next(s)
	}
	return 0, 0, false
}

// smallSearch returns the number of members for which before is true, which are
// the first ones, and the position behind them. Walking to each pair is cheap
// and reading a score is not: the walk notes positions, and a binary search
// reads few scores.
func smallSearch(lp listpack.View, before func(p int) bool) (rank, at int) {
	var buffer [128]int32
	positions := buffer[:0]
	for p := lp.First(); p != 0; p = lp.Next(lp.Next(p)) {
		positions = append(positions, int32(p))
	}
	rank = sort.Search(len(positions), func(i int) bool { return !before(int(positions[i])) })
	if rank == len(positions) {
		return rank, lp.End()
	}
	return rank, int(positions[rank])
}

// smallRange passes count members from rank on to visit, in either direction,
// until visit returns false.
func smallRange(lp listpack.View, rank, count int, reverse bool, visit func([]byte, float64) bool) {
	var scratch listpack.Scratch
	for p := lp.Seek(2 * rank); count > 0; count-- {
		s := lp.Next(p)
		if !visit(lp.Bytes(p, &scratch), scoreAt(lp, s)) {
			return
		}
		if !reverse {
			p = lp.Next(s)
		} else if p = lp.Prev(p); p != 0 {
			p = lp.Prev(p)
		}
	}
}
