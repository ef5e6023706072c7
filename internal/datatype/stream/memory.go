package stream

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Free frees all memory of a stream.
func Free(h *offheap.Heap, v *value.Value) { FreeStep(h, v, math.MaxInt) }

// FreeStep frees about limit nodes and pending entries of a stream that is no
// longer used, and reports whether nothing is left. No other function may be
// called after the first step.
func FreeStep(h *offheap.Heap, v *value.Value, limit int) (done bool) {
	const slotsPerLeaf = 32
	leaves := max(1, limit/slotsPerLeaf)
	d := Open(h, v).d
	if !d.nodes.FreeStep(h, why, leaves, func(b *block) { h.Free(b.ref(), why) }) {
		return false
	}
	if !d.groups.freeStep(h, func(r offheap.Ref) bool { return groupAt(r).freeStep(h, leaves) }, limit) {
		return false
	}
	h.Free(v.Root, why)
	v.Root = 0
	return true
}

// freeStep frees blocks of the directory from its end, up to limit of them, each
// after step has freed what it holds.
func (d *directory) freeStep(h *offheap.Heap, step func(offheap.Ref) bool, limit int) (done bool) {
	for ; d.used > 0; limit-- {
		r := d.at(int(d.used) - 1)
		if limit <= 0 || !step(r) {
			return false
		}
		h.Free(r, why)
		d.remove(h, int(d.used)-1)
	}
	return true
}

func (g *groupData) freeStep(h *offheap.Heap, leaves int) (done bool) {
	return g.pending.FreeStep(h, why, leaves, func(*Pending) {}) &&
		g.consumers.freeStep(h, func(r offheap.Ref) bool { return consumerAt(r).freeStep(h, leaves) }, leaves)
}

func (c *consumerData) freeStep(h *offheap.Heap, leaves int) (done bool) {
	return c.pending.FreeStep(h, why, leaves, func(*struct{}) {})
}

// FreeEffort estimates the work of freeing a stream, in blocks to free.
func FreeEffort(v *value.Value) int {
	d := Open(nil, v).d
	effort := d.nodes.Len() + d.nodes.Nodes()
	if d.groups.used > 0 { // the others are taken to be like the first
		g := groupAt(d.groups.at(0))
		effort += int(d.groups.used) * (1 + g.pending.Nodes() + int(g.consumers.used))
	}
	return effort
}

// Memory returns the memory of a stream, of which it measures that many nodes
// and takes the others to be like them; 0 measures all.
func Memory(h *offheap.Heap, v *value.Value, samples int) int {
	pool := h.Pool()
	d := Open(h, v).d
	bytes := pool.SizeOf(v.Root) + d.nodes.Bytes(pool)
	measured, count := 0, 0
	d.nodes.Each(func(_ ID, b *block) bool {
		measured += pool.SizeOf(b.ref())
		count++
		return samples == 0 || count < samples
	})
	if count > 0 {
		bytes += measured * d.nodes.Len() / count
	}
	return bytes + d.groups.memory(pool, func(r offheap.Ref) int {
		g := groupAt(r)
		return g.pending.Bytes(pool) + g.consumers.memory(pool, func(r offheap.Ref) int {
			return consumerAt(r).pending.Bytes(pool)
		})
	})
}

func (d *directory) memory(pool *offheap.Pool, inside func(offheap.Ref) int) (bytes int) {
	if d.used == 0 {
		return 0
	}
	bytes = pool.SizeOf(d.block)
	for _, r := range d.slots()[:d.used] {
		bytes += pool.SizeOf(r) + inside(r)
	}
	return bytes
}

// Copy returns a copy of a stream.
func Copy(h *offheap.Heap, v *value.Value) value.Value {
	source := Open(h, v)
	c := New(h)
	target := Open(h, &c)
	*target.d = data{
		length: source.d.length, added: source.d.added,
		first: source.d.first, last: source.d.last, maxDeleted: source.d.maxDeleted,
	}
	source.d.nodes.Each(func(id ID, b *block) bool {
		target.d.nodes.Insert(h, why, id, b.copied(h))
		return true
	})
	for g := range source.Groups() {
		copied, _ := target.CreateGroup(g.Name(), g.d.last, g.d.read)
		copied.take(g)
	}
	return c
}

// take fills a new group with the consumers and pending entries of another.
func (g Group) take(from Group) {
	h := g.s.h
	for c := range from.Consumers() {
		owner, _ := g.CreateConsumer(c.Name(), c.d.seenMillis)
		owner.d.activeMillis = c.d.activeMillis
	}
	for id, p := range from.PendingFrom(ID{}) {
		owner, _ := g.Consumer(p.Owner().Name())
		g.d.pending.Insert(h, why, id, Pending{p.DeliveryMillis, p.Deliveries, refOf(owner.d)})
		owner.d.pending.Insert(h, why, id, struct{}{})
	}
}
