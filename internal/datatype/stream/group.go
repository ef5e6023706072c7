package stream

import (
	"bytes"
	"iter"
	"math"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// UnknownRead is a group's EntriesRead when it cannot be told.
const UnknownRead = -1

// Group is a consumer group.
type Group struct {
	s Stream
	d *groupData
}

// groupData is the block of a group; its name follows.
type groupData struct {
	last      ID
	read      int64
	pending   streamindex.Tree[Pending]
	consumers directory
	nameBytes uint64
}

// Pending is an entry that was delivered and not acknowledged.
type Pending struct {
	DeliveryMillis int64 // Unix milliseconds
	Deliveries     int64
	owner          offheap.Ref // consumerData
}

// Owner returns the consumer to whom the entry was delivered.
func (p *Pending) Owner() Consumer { return Consumer{consumerAt(p.owner)} }

// Consumer is a consumer of a group.
type Consumer struct{ d *consumerData }

// consumerData is the block of a consumer; its name follows.
type consumerData struct {
	seenMillis   int64
	activeMillis int64
	pending      streamindex.Tree[struct{}]
	nameBytes    uint64
}

// NeverActive is a consumer's ActiveMillis before it got an entry.
const NeverActive = -1

func groupAt(r offheap.Ref) *groupData { return (*groupData)(r.Ptr()) }

func consumerAt(r offheap.Ref) *consumerData { return (*consumerData)(r.Ptr()) }

func refOf[T any](p *T) offheap.Ref { return offheap.Ref(uintptr(unsafe.Pointer(p))) }

func groupName(r offheap.Ref) []byte {
	return nameAt(r, unsafe.Sizeof(groupData{}), groupAt(r).nameBytes)
}

func consumerName(r offheap.Ref) []byte {
	return nameAt(r, unsafe.Sizeof(consumerData{}), consumerAt(r).nameBytes)
}

func nameAt(r offheap.Ref, from uintptr, size uint64) []byte {
	return unsafe.Slice((*byte)(r.Add(int(from))), int(size))
}

// Group returns the group of this name.
func (s Stream) Group(name []byte) (g Group, ok bool) {
	i, ok := s.d.groups.find(name, groupName)
	if !ok {
		return g, false
	}
	return Group{s, groupAt(s.d.groups.at(i))}, true
}

// CreateGroup makes a group that has delivered everything up to an ID, read
// entries, or UnknownRead. It reports false if there is one of this name.
func (s Stream) CreateGroup(name []byte, last ID, read int64) (g Group, ok bool) {
	i, there := s.d.groups.find(name, groupName)
	if there {
		return g, false
	}
	r := newNamed(s.h, unsafe.Sizeof(groupData{}), name)
	g = Group{s, groupAt(r)}
	g.d.last, g.d.read, g.d.nameBytes = last, read, uint64(len(name))
	s.d.groups.insert(s.h, i, r)
	return g, true
}

// DestroyGroup removes the group of this name and reports whether there was one.
func (s Stream) DestroyGroup(name []byte) bool {
	i, ok := s.d.groups.find(name, groupName)
	if ok {
		groupAt(s.d.groups.at(i)).freeStep(s.h, math.MaxInt)
		s.h.Free(s.d.groups.at(i), why)
		s.d.groups.remove(s.h, i)
	}
	return ok
}

// GroupCount returns the number of groups.
func (s Stream) GroupCount() int { return int(s.d.groups.used) }

// Groups returns the groups by name.
func (s Stream) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for i := range int(s.d.groups.used) {
			if !yield(Group{s, groupAt(s.d.groups.at(i))}) {
				return
			}
		}
	}
}

// Name returns the group's name, a view.
func (g Group) Name() []byte { return groupName(refOf(g.d)) }

// LastID returns up to which ID entries were delivered.
func (g Group) LastID() ID { return g.d.last }

// EntriesRead returns how many entries of the stream come up to LastID, or
// UnknownRead.
func (g Group) EntriesRead() int64 { return g.d.read }

// SetLastID sets up to which ID entries were delivered.
func (g Group) SetLastID(id ID) { g.d.last = id }

// SetEntriesRead sets how many entries come up to LastID, or UnknownRead.
func (g Group) SetEntriesRead(n int64) { g.d.read = n }

// Pass notes that the entry with this ID is delivered. It reports whether the
// group's LastID moved.
func (g Group) Pass(id ID) bool {
	if !g.d.last.Less(id) {
		return false
	}
	s := g.s
	if g.d.read != UnknownRead && !g.d.last.Less(s.d.first) && !s.deletedAfter(g.d.last) {
		g.d.read++
	} else if s.d.added > 0 {
		g.d.read = s.readUpTo(id)
	}
	g.d.last = id
	return true
}

// Lag returns how many entries the group has not delivered yet, if that can be
// told.
func (g Group) Lag() (n int64, ok bool) {
	s := g.s
	if s.d.added == 0 {
		return 0, true
	}
	read := g.d.read
	if read == UnknownRead || s.deletedAfter(g.d.last) {
		read = s.readUpTo(g.d.last)
	}
	return int64(s.d.added) - read, read != UnknownRead
}

// deletedAfter reports whether entries may have been deleted at or after an ID,
// so that counting on from there would be wrong.
func (s Stream) deletedAfter(id ID) bool {
	return s.d.length > 0 && !s.d.maxDeleted.IsZero() && !s.d.maxDeleted.Less(id)
}

// readUpTo returns how many of the entries ever added come up to an ID, or
// UnknownRead.
func (s Stream) readUpTo(id ID) int64 {
	d := s.d
	switch {
	case d.added == 0:
		return 0
	case d.length == 0 && !d.last.Less(id):
		return int64(d.added)
	case !id.IsZero() && id.Less(d.maxDeleted):
		return UnknownRead
	case id == d.last:
		return int64(d.added)
	case d.last.Less(id):
		return UnknownRead
	case !d.maxDeleted.IsZero() && !d.maxDeleted.Less(d.first):
		return UnknownRead
	case id.Less(d.first):
		return int64(d.added - d.length)
	case id == d.first:
		return int64(d.added - d.length + 1)
	}
	return UnknownRead
}

// Consumer returns the consumer of this name.
func (g Group) Consumer(name []byte) (c Consumer, ok bool) {
	i, ok := g.d.consumers.find(name, consumerName)
	if !ok {
		return c, false
	}
	return Consumer{consumerAt(g.d.consumers.at(i))}, true
}

// CreateConsumer makes a consumer. It reports false if there is one of this name.
func (g Group) CreateConsumer(name []byte, nowMillis int64) (c Consumer, ok bool) {
	i, there := g.d.consumers.find(name, consumerName)
	if there {
		return c, false
	}
	r := newNamed(g.s.h, unsafe.Sizeof(consumerData{}), name)
	c = Consumer{consumerAt(r)}
	c.d.seenMillis, c.d.activeMillis, c.d.nameBytes = nowMillis, NeverActive, uint64(len(name))
	g.d.consumers.insert(g.s.h, i, r)
	return c, true
}

// DeleteConsumer removes a consumer with all that is pending for it and
// returns how much that was.
func (g Group) DeleteConsumer(c Consumer) (pending int) {
	h := g.s.h
	pending = c.PendingLen()
	c.d.pending.Each(func(id ID, _ *struct{}) bool {
		g.d.pending.Delete(h, why, id)
		return true
	})
	i, _ := g.d.consumers.find(c.Name(), consumerName)
	c.d.freeStep(h, math.MaxInt)
	h.Free(refOf(c.d), why)
	g.d.consumers.remove(h, i)
	return pending
}

// ConsumerCount returns the number of consumers.
func (g Group) ConsumerCount() int { return int(g.d.consumers.used) }

// Consumers returns the consumers by name.
func (g Group) Consumers() iter.Seq[Consumer] {
	return func(yield func(Consumer) bool) {
		for i := range int(g.d.consumers.used) {
			if !yield(Consumer{consumerAt(g.d.consumers.at(i))}) {
				return
			}
		}
	}
}

// PendingLen returns how many entries are pending.
func (g Group) PendingLen() int { return g.d.pending.Len() }

// PendingBounds returns the lowest and the highest pending ID.
func (g Group) PendingBounds() (low, high ID, ok bool) {
	first, ok := g.d.pending.First()
	if !ok {
		return low, high, false
	}
	last, _ := g.d.pending.Last()
	return first.ID(), last.ID(), true
}

// Pending returns what is pending of an entry, to be read or changed, or nil. It
// is valid until what is pending changes.
func (g Group) Pending(id ID) *Pending { return g.d.pending.Find(id) }

// PendingFrom returns what is pending from an ID on. Nothing may become pending
// or be acknowledged meanwhile.
func (g Group) PendingFrom(from ID) iter.Seq2[ID, *Pending] {
	return func(yield func(ID, *Pending) bool) {
		c, ok := g.d.pending.SeekAtLeast(from)
		for ; ok && yield(c.ID(), c.Value()); ok = c.Next() {
		}
	}
}

// PendingOf is PendingFrom for one consumer.
func (g Group) PendingOf(c Consumer, from ID) iter.Seq2[ID, *Pending] {
	return func(yield func(ID, *Pending) bool) {
		at, ok := c.d.pending.SeekAtLeast(from)
		for ; ok && yield(at.ID(), g.d.pending.Find(at.ID())); ok = at.Next() {
		}
	}
}

// FirstPending returns the first pending entry from an ID on.
func (g Group) FirstPending(from ID) (id ID, p *Pending, ok bool) {
	c, ok := g.d.pending.SeekAtLeast(from)
	if !ok {
		return id, nil, false
	}
	return c.ID(), c.Value(), true
}

// Assign makes an entry pending for a consumer, whoever had it before, and
// returns it. A new one has no delivery time and count.
func (g Group) Assign(id ID, c Consumer) *Pending {
	h, owner := g.s.h, refOf(c.d)
	if g.d.pending.Insert(h, why, id, Pending{owner: owner}) {
		c.d.pending.Insert(h, why, id, struct{}{})
		return g.d.pending.Find(id)
	}
	p := g.d.pending.Find(id)
	if p.owner != owner {
		consumerAt(p.owner).pending.Delete(h, why, id)
		c.d.pending.Insert(h, why, id, struct{}{})
		p.owner = owner
	}
	return p
}

// Acknowledge makes an entry no longer pending and reports whether it was.
func (g Group) Acknowledge(id ID) bool {
	p := g.d.pending.Find(id)
	if p == nil {
		return false
	}
	consumerAt(p.owner).pending.Delete(g.s.h, why, id)
	g.d.pending.Delete(g.s.h, why, id)
	return true
}

// Name returns the consumer's name, a view.
func (c Consumer) Name() []byte { return consumerName(refOf(c.d)) }

// SeenMillis returns when the consumer last tried to get entries.
func (c Consumer) SeenMillis() int64 { return c.d.seenMillis }

// ActiveMillis returns when it last got some, or NeverActive.
func (c Consumer) ActiveMillis() int64 { return c.d.activeMillis }

// SetSeen notes that the consumer tried to get entries.
func (c Consumer) SetSeen(millis int64) { c.d.seenMillis = millis }

// SetActive notes that the consumer got entries.
func (c Consumer) SetActive(millis int64) { c.d.activeMillis = millis }

// PendingLen returns how many entries are pending for the consumer.
func (c Consumer) PendingLen() int { return c.d.pending.Len() }

// Is reports whether two handles stand for the same consumer.
func (c Consumer) Is(other Consumer) bool { return c.d == other.d }

func newNamed(h *offheap.Heap, size uintptr, name []byte) offheap.Ref {
	r := h.AllocZeroed(int(size)+len(name), why)
	copy(nameAt(r, size, uint64(len(name))), name)
	return r
}

// directory is an array of blocks that have names, sorted by them.
type directory struct {
	block      offheap.Ref
	used, room uint32
}

func (d *directory) slots() []offheap.Ref {
	if d.block == 0 {
		return nil
	}
	return unsafe.Slice((*offheap.Ref)(d.block.Ptr()), d.room)
}

func (d *directory) at(i int) offheap.Ref { return d.slots()[i] }

// find returns where the block of this name is or would be.
func (d *directory) find(name []byte, nameOf func(offheap.Ref) []byte) (i int, ok bool) {
	slots := d.slots()
	low, high := 0, int(d.used)
	for low < high {
		mid := (low + high) / 2
		switch c := bytes.Compare(nameOf(slots[mid]), name); {
		case c == 0:
			return mid, true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

func (d *directory) insert(h *offheap.Heap, i int, r offheap.Ref) {
	if d.used == d.room {
		d.room = max(1, 2*d.room)
		d.block = h.Resize(d.block, int(d.room)*8, why)
	}
	slots := d.slots()
	copy(slots[i+1:d.used+1], slots[i:d.used])
	slots[i] = r
	d.used++
}

func (d *directory) remove(h *offheap.Heap, i int) {
	slots := d.slots()
	copy(slots[i:], slots[i+1:d.used])
	d.used--
	if d.used == 0 {
		h.Free(d.block, why)
		*d = directory{}
	}
}
