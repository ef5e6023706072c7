package sortcmd

import (
	"sync"

	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/keysort"
)

// workspace is the memory of one run.
type workspace struct {
	elems, weights texts
	ranks, spare   []keysort.Place
	buffers        listpack.Buffers // of lists that are read
}

// workspaces keeps workspaces between runs, until the garbage collector comes.
type workspaces struct{ pool sync.Pool }

func (p *workspaces) take() *workspace {
	if w, ok := p.pool.Get().(*workspace); ok {
		return w
	}
	return new(workspace)
}

// give keeps w unless it is large.
func (p *workspaces) give(w *workspace) {
	const (
		textsMax  = 16 << 20 // bytes
		placesMax = 1 << 20
	)
	if cap(w.elems.bytes)+cap(w.weights.bytes) <= textsMax && cap(w.ranks) <= placesMax {
		p.pool.Put(w)
	}
}

// read makes the elements count of a value's, from the one with this index on; of
// a list or a sorted set with reverse set counted and read from its end.
func (w *workspace) read(v *value.Value, start, count int, reverse bool) {
	w.elems.reset(count)
	switch v.Type {
	case value.List:
		w.elems.readList(v, start, count, reverse, &w.buffers)
	case value.Set:
		i := 0
		for member := range set.All(v) {
			if i >= start && i < start+count {
				w.elems.add(member)
			}
			i++
		}
	case value.ZSet:
		from := start
		if reverse {
			from = zset.Len(v) - 1 - start
		}
		zset.Range(v, from, count, reverse, func(member []byte, _ float64) bool {
			w.elems.add(member)
			return true
		})
	}
}

func (t *texts) readList(v *value.Value, start, count int, reverse bool, buffers *listpack.Buffers) {
	if !reverse {
		list.Runs(v, start, count, buffers, func(packed listpack.View, p, n int, elem []byte) {
			if packed == nil {
				t.add(elem)
			} else {
				t.addRun(packed, p, n)
			}
		})
		return
	}
	var scratch list.Scratch
	it, ok := list.At(v, -1-start, buffers)
	defer it.Close()
	for ; ok && count > 0; count-- {
		t.add(it.Bytes(&scratch))
		ok = it.Prev()
	}
}

// addRun adds n elements of a listpack from position p on.
func (t *texts) addRun(lp listpack.View, p, n int) {
	for ; n > 0; n-- {
		if s, next := lp.Short(p); next != 0 {
			t.add(s)
			p = next
			continue
		}
		if e := lp.Get(p); e.IsInt {
			t.addInt(e.Int)
		} else {
			t.add(e.Str)
		}
		p = lp.Next(p)
	}
}
