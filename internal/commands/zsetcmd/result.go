package zsetcmd

import (
	"bytes"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/gather"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/keysort"
)

// result is a computed sorted set: members in the order in which they came, and
// their scores. It is put in order once, at the end.
type result struct {
	members *gather.Table
	scores  []float64 // by index in members
	dropped []bool    // likewise; nil if none is
	drops   int
}

func newResult(size int) *result {
	return &result{members: gather.New(size), scores: make([]float64, 0, size)}
}

// add adds a member, unless it is there, and returns its index in scores.
func (r *result) add(member []byte, score float64) (i int, added bool) {
	i, added = r.members.Add(member)
	if added {
		r.scores = append(r.scores, score)
	}
	return i, added
}

// drop takes a member out if it is there. Nothing is added afterwards.
func (r *result) drop(member []byte) {
	i, ok := r.members.Find(member)
	if !ok {
		return
	}
	if r.dropped == nil {
		r.dropped = make([]bool, r.members.Len())
	}
	if !r.dropped[i] {
		r.dropped[i] = true
		r.drops++
	}
}

func (r *result) len() int { return r.members.Len() - r.drops }

// each passes the members to visit, in order.
func (r *result) each(visit func(member []byte, score float64) bool) {
	places := make([]keysort.Place, 0, r.len())
	for i, score := range r.scores {
		if r.dropped == nil || !r.dropped[i] {
			places = append(places, keysort.Place{Key: keysort.OfDouble(score), Index: int32(i)})
		}
	}
	keysort.Sort(places)
	keysort.EqualRuns(places, func(run []keysort.Place) {
		slices.SortFunc(run, func(a, b keysort.Place) int {
			return bytes.Compare(r.members.Member(int(a.Index)), r.members.Member(int(b.Index)))
		})
	})
	for _, p := range places {
		if !visit(r.members.Member(int(p.Index)), r.scores[p.Index]) {
			return
		}
	}
}

// build returns a new sorted set with these members.
func (r *result) build(c *command.Ctx) value.Value {
	v := value.Value{Type: value.ZSet, Enc: value.ListPack}
	longest := 0
	for i := range r.scores {
		if r.dropped == nil || !r.dropped[i] {
			longest = max(longest, len(r.members.Member(i)))
		}
	}
	zset.Prepare(c.Tx.Heap(), c.Limits, &v, r.len(), longest)
	r.each(func(member []byte, score float64) bool {
		zset.Append(c.Tx.Heap(), c.Limits, &v, score, member)
		return true
	})
	return v
}
