package zset

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Packed returns a view of the listpack that is the set, as RDB files and DUMP
// have it. ok is false for the large encoding and for the empty set.
func Packed(v *value.Value) (block []byte, ok bool) {
	if v.Root == 0 || v.Enc != value.ListPack {
		return nil, false
	}
	return listpack.At(v.Root), true
}

// LoadListpack makes a set of the bytes of a listpack from outside, which it
// checks, for members that are there twice or out of order and for scores that are none
// too, and copies. The set may be empty.
func LoadListpack(h *offheap.Heap, lim *value.Limits, block []byte) (v value.Value, ok bool) {
	v = value.Value{Type: value.ZSet, Enc: value.ListPack}
	pairs := pairCheck{}
	if !listpack.ValidateUnique(block, 2, pairs.entry) {
		return v, false
	}
	if listpack.View(block).Len() == 0 {
		return v, true
	}
	v.Root = listpack.Copy(h, why, block)
	if Len(&v) > lim.ZSetMaxListpackEntries {
		toLarge(h, &v)
	}
	return v, true
}

// pairCheck checks the pairs of a listpack, entry by entry: that scores are
// numbers, and that the order is right. Searches rely on it, and no server
// writes another.
type pairCheck struct {
	member, before int // entries: of a pair without its score yet, of the last one
	score          float64
}

func (c *pairCheck) entry(lp listpack.View, p int) bool {
	if c.member == 0 {
		c.member = p
		return true
	}
	score, ok := parseScoreAt(lp, p)
	if !ok {
		return false
	}
	var scratch listpack.Scratch
	if c.before != 0 && (score < c.score || score == c.score && lp.Compare(c.before, lp.Bytes(c.member, &scratch)) > 0) {
		return false
	}
	c.before, c.member, c.score = c.member, 0, score
	return true
}
