package list

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// grow prepares the list, which may have no memory yet, for count elements of
// together size bytes.
func grow(h *offheap.Heap, lim *value.Limits, v *value.Value, size, count int) {
	if v.Enc == value.QuickList {
		return
	}
	if v.Root == 0 {
		if !quicklist.Exceeds(lim.ListMaxListpackSize, listpack.EmptySize+size, count) {
			v.Root = listpack.New(h, why, 0)
			return
		}
	} else {
		lp := listpack.At(v.Root)
		if !quicklist.Exceeds(lim.ListMaxListpackSize, lp.Size()+size, lp.Len()+count) {
			return
		}
	}
	l := newQuicklist(h, lim)
	if v.Root != 0 {
		l.AppendListpack(v.Root)
	}
	v.Enc, v.Root = value.QuickList, l.Root()
}

func newQuicklist(h *offheap.Heap, lim *value.Limits) quicklist.List {
	l := quicklist.New(h, lim.ListMaxListpackSize, lim.ListCompressDepth)
	l.PackedThreshold = lim.ListPackedThreshold
	return l
}

// openToAdd opens a quicklist that gets elements.
func openToAdd(h *offheap.Heap, lim *value.Limits, v *value.Value) quicklist.List {
	l := quicklist.Open(h, v.Root)
	l.PackedThreshold = lim.ListPackedThreshold
	return l
}

// shrink makes a listpack of a quicklist that is within half of the limit.
func shrink(h *offheap.Heap, lim *value.Limits, v *value.Value) { pack(h, lim, v, 2) }

// pack makes a listpack of a quicklist of one packed node that is within the
// limit divided by divisor.
func pack(h *offheap.Heap, lim *value.Limits, v *value.Value, divisor int) {
	if v.Root == 0 || v.Enc != value.QuickList {
		return
	}
	l := quicklist.Open(h, v.Root)
	if l.Nodes() != 1 {
		return
	}
	n := l.Node(0)
	bytesMax, countMax := quicklist.Limit(lim.ListMaxListpackSize)
	if n.Plain || bytesMax != 0 && n.Size > bytesMax/divisor || countMax != 0 && n.Count > countMax/divisor {
		return
	}
	v.Enc, v.Root = value.ListPack, l.Detach()
}

// freeIfEmpty gives the memory of a list without elements back.
func freeIfEmpty(h *offheap.Heap, v *value.Value) {
	if v.Root != 0 && Len(v) == 0 {
		Free(h, v)
	}
}

// Builder makes a list of parts in order: elements, or whole nodes as an RDB
// file has them. It always makes a quicklist first, whose encoding Finish
// decides.
type Builder struct {
	h   *offheap.Heap
	lim *value.Limits
	l   quicklist.List
}

// NewBuilder returns a builder of an empty list.
func NewBuilder(h *offheap.Heap, lim *value.Limits) Builder {
	return Builder{h: h, lim: lim, l: newQuicklist(h, lim)}
}

// Push adds s at the tail.
func (b *Builder) Push(s []byte) { b.l.PushTail(s) }

// AppendListpack adds a copy of lp, which was validated in depth, as a node.
func (b *Builder) AppendListpack(lp listpack.View) {
	if !lp.Empty() {
		b.l.AppendListpack(listpack.Copy(b.h, why, lp))
	}
}

// AppendPlain adds a copy of s as a plain node.
func (b *Builder) AppendPlain(s []byte) { b.l.AppendPlain(s) }

// Finish returns the list: a listpack if it is one node within the limit. The
// builder is then of no use.
func (b *Builder) Finish() value.Value {
	v := value.Value{Type: value.List, Enc: value.QuickList, Root: b.l.Root()}
	freeIfEmpty(b.h, &v)
	pack(b.h, b.lim, &v, 1)
	return v
}

// Discard frees what was built.
func (b *Builder) Discard() { b.l.Free() }

// Nodes hands the nodes to visit, in order, a listpack being one packed node.
func Nodes(v *value.Value, visit func(n quicklist.NodeInfo)) {
	switch {
	case v.Root == 0:
	case v.Enc == value.QuickList:
		l := quicklist.Open(nil, v.Root)
		for i := range l.Nodes() {
			visit(l.Node(i))
		}
	default:
		lp := listpack.At(v.Root)
		visit(quicklist.NodeInfo{Size: lp.Size(), Count: lp.Len(), Data: lp})
	}
}
