package stream

import (
	"iter"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Nodes returns the nodes by ID, as a file holds them. Each is valid until the next.
func (s Stream) Nodes() iter.Seq2[ID, listpack.View] {
	return func(yield func(ID, listpack.View) bool) {
		var buf []byte
		s.d.nodes.Each(func(id ID, b *block) bool { return yield(id, b.view(&buf)) })
	}
}

// PendingIDs returns the IDs that are pending for a consumer.
func (c Consumer) PendingIDs() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		c.d.pending.Each(func(id ID, _ *struct{}) bool { return yield(id) })
	}
}

// Counters are what a file keeps of a stream besides nodes and groups.
type Counters struct {
	Length                  uint64
	Added                   uint64
	First, Last, MaxDeleted ID
}

// Counters returns the counters of a stream.
func (s Stream) Counters() Counters {
	return Counters{s.d.length, s.d.added, s.d.first, s.d.last, s.d.maxDeleted}
}

// Loader builds a stream from the parts that a file holds: first nodes in
// order, then counters, then groups, each with what is pending and then with
// its consumers. Its methods report false where the parts contradict each
// other; the stream has then to be freed.
type Loader struct {
	s       Stream
	v       value.Value
	live    uint64
	lastID  ID           // of the nodes
	orphans map[ID]Group // pending, whose consumer is not known yet
}

// NewLoader returns a loader of an empty stream.
func NewLoader(h *offheap.Heap) *Loader {
	v := New(h)
	return &Loader{s: Open(h, &v), v: v}
}

// Value returns the stream as far as it is loaded. The loader does not own it.
func (l *Loader) Value() value.Value { return l.v }

// AddNode adds a node after those before. lp is checked and copied.
func (l *Loader) AddNode(id ID, lp []byte) bool {
	n, ok := validate(id, lp)
	if !ok || l.s.d.nodes.Len() > 0 && !l.lastID.Less(id) {
		return false
	}
	l.lastID = n.last
	l.live += uint64(n.live)
	if c, ok := l.s.d.nodes.Last(); ok {
		condenseBefore(l.s.h, c)
	}
	l.s.d.nodes.Insert(l.s.h, why, id, block(listpack.Copy(l.s.h, why, listpack.View(lp))))
	return true
}

// SetCounters sets the counters, which must agree with the nodes. A file that
// does not know First, as older ones do, gives the zero ID: it is looked up.
func (l *Loader) SetCounters(c Counters) bool {
	if c.Length != l.live || c.Last.Less(l.lastID) {
		return false
	}
	d := l.s.d
	d.length, d.added, d.last, d.maxDeleted = c.Length, c.Added, c.Last, c.MaxDeleted
	l.s.findFirst()
	return c.First.IsZero() || c.First == d.first
}

// AddGroup adds a group.
func (l *Loader) AddGroup(name []byte, last ID, read int64) (g Group, ok bool) {
	if len(l.orphans) > 0 {
		return g, false
	}
	l.orphans = map[ID]Group{}
	return l.s.CreateGroup(name, last, read)
}

// AddPending makes an entry pending in a group. Its consumer comes later.
func (l *Loader) AddPending(g Group, id ID, deliveryMillis, deliveries int64) bool {
	if !g.d.pending.Insert(g.s.h, why, id, Pending{DeliveryMillis: deliveryMillis, Deliveries: deliveries}) {
		return false
	}
	l.orphans[id] = g
	return true
}

// AddConsumer adds a consumer to a group.
func (l *Loader) AddConsumer(g Group, name []byte, seenMillis, activeMillis int64) (c Consumer, ok bool) {
	if c, ok = g.CreateConsumer(name, seenMillis); ok {
		c.SetActive(activeMillis)
	}
	return c, ok
}

// Own makes a pending entry that of a consumer.
func (l *Loader) Own(g Group, c Consumer, id ID) bool {
	p := g.d.pending.Find(id)
	if p == nil || p.owner != 0 {
		return false
	}
	p.owner = refOf(c.d)
	c.d.pending.Insert(g.s.h, why, id, struct{}{})
	delete(l.orphans, id)
	return true
}

// Done reports whether the stream is complete: every pending entry has its
// consumer.
func (l *Loader) Done() bool { return len(l.orphans) == 0 }

// validated is what a check of a node found.
type validated struct {
	live int64
	last ID
}

// validate checks that bytes from outside are a node with at least one entry
// whose IDs ascend from that of the node.
func validate(id ID, lp []byte) (result validated, ok bool) {
	if !listpack.Validate(lp, true, nil) {
		return result, false
	}
	r := reader{v: listpack.View(lp)}
	r.p = r.v.First()
	live, dead, fields := r.int(), r.int(), r.count()
	r.skip(fields)
	if r.int() != 0 || live < 1 || dead < 0 {
		return result, false
	}
	buried := int64(0)
	for entries := int64(0); r.p != 0 && !r.bad; entries++ {
		flags := r.int()
		at := ID{Millis: id.Millis + uint64(r.int()), Seq: id.Seq + uint64(r.int())}
		elements := fields
		count := fields + entryHead
		if flags&flagSameFields == 0 {
			elements = 2 * r.count()
			count = elements + 1 + entryHead
		}
		r.skip(elements)
		if r.int() != int64(count) || at.Less(id) || entries > 0 && !result.last.Less(at) || flags&^(flagDeleted|flagSameFields) != 0 {
			return result, false
		}
		buried += flags & flagDeleted
		result.live += 1 - flags&flagDeleted
		result.last = at
	}
	return result, !r.bad && result.live == live && buried == dead
}

// reader reads the elements of a listpack one after the other.
type reader struct {
	v   listpack.View
	p   int  // 0 at the end
	bad bool // an element was missing or no integer
}

func (r *reader) int() int64 {
	if r.p == 0 {
		r.bad = true
		return 0
	}
	e := r.v.Get(r.p)
	r.p = r.v.Next(r.p)
	if e.IsInt {
		return e.Int
	}
	n, ok := number.ParseInt(e.Str)
	r.bad = r.bad || !ok
	return n
}

// count reads an integer that counts elements to come.
func (r *reader) count() int {
	n := r.int()
	if n < 0 || n > int64(len(r.v)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) skip(count int) {
	for ; count > 0 && r.p != 0; count-- {
		r.p = r.v.Next(r.p)
	}
	r.bad = r.bad || count > 0
}
