// Package streamindex is an ordered map from stream IDs to values of a fixed
// size, outside the Go heap: the nodes of a stream by their first ID, and the
// pending entries of groups and consumers.
//
// It is a B+tree. IDs mostly arrive in ascending order, so a leaf that is full
// at the end of the tree is left full and a new one begun. Entries mostly leave
// from the front; a node that is nearly empty is joined with a neighbour.
//
//	leaf, 24 bytes and its slots
//	┌────────┬────────┬──────┬──────┬──────┬──────────────────────────┐
//	│ prev 8 │ next 8 │used 2│room 2│    4 │ 32 slots: value, ID 16   │
//	└────────┴────────┴──────┴──────┴──────┴──────────────────────────┘
//
//	inner node, 776 bytes
//	┌────────┬────────────────────┬────────────────┐
//	│ used 8 │ 32 lower bounds 16 │ 32 children 8  │
//	└────────┴────────────────────┴────────────────┘
//
// The lower bound of a child is not above its IDs and above those of the child
// before it; that of the first child is not looked at. The leaf that is the
// whole tree starts with room for one slot and doubles, since most streams are
// short and most consumers have little pending.
//
// A radix tree, as Valkey has, shares the prefixes of its keys, but needs a
// block of some 50 bytes for each; a slot here takes 16 bytes and its value.
//
// The package does not lock.
package streamindex

import "github.com/kvasirdb/kvasir/internal/platform/offheap"

// Tree is the head of a tree. The zero Tree is empty and ready. It is meant to
// lie in an off-heap block of its owner; V must not hold Go pointers. Methods
// that allocate or free take the heap and the purpose, the same in all calls.
type Tree[V any] struct {
	root   offheap.Ref
	count  uint64
	height uint32 // inner nodes above a leaf
	leaves uint32
	inners uint32
	_      uint32
}

// The value comes first: were it last, one of size zero would be padded.
type slot[V any] struct {
	value V
	id    ID
}

type leaf[V any] struct {
	prev, next offheap.Ref
	used, room uint16
	_          uint32
	slots      [leafRoom]slot[V]
}

type inner struct {
	used     uint64
	lowest   [innerRoom]ID
	children [innerRoom]offheap.Ref
}

const (
	leafRoom  = 32
	innerRoom = 32
	// Neighbours are joined when both together leave a quarter free.
	leafJoinMax  = leafRoom * 3 / 4
	innerJoinMax = innerRoom * 3 / 4

	leafHeadBytes = 24
	innerBytes    = 8 + innerRoom*24
)

func leafAt[V any](r offheap.Ref) *leaf[V] { return (*leaf[V])(r.Ptr()) }

func innerAt(r offheap.Ref) *inner { return (*inner)(r.Ptr()) }

// Len returns the number of IDs.
func (t *Tree[V]) Len() int { return int(t.count) }

// Nodes returns the number of blocks that the tree takes.
func (t *Tree[V]) Nodes() int { return int(t.leaves + t.inners) }

// Find returns the value of an ID, to be read or changed in place until the
// tree changes, or nil.
func (t *Tree[V]) Find(id ID) *V {
	c, ok := t.SeekAtLeast(id)
	if !ok || c.ID() != id {
		return nil
	}
	return c.Value()
}

// Cursor stands on an ID of a tree. It is valid until the tree changes.
type Cursor[V any] struct {
	leaf *leaf[V]
	i    int
}

// ID returns the ID on which the cursor stands.
func (c *Cursor[V]) ID() ID { return c.leaf.slots[c.i].id }

// Value returns its value, which may be changed in place.
func (c *Cursor[V]) Value() *V { return &c.leaf.slots[c.i].value }

// Next moves to the next ID and reports whether there is one.
func (c *Cursor[V]) Next() bool {
	if c.i++; c.i < int(c.leaf.used) {
		return true
	}
	if c.leaf.next == 0 {
		return false
	}
	c.leaf, c.i = leafAt[V](c.leaf.next), 0
	return true
}

// Prev moves to the previous ID and reports whether there is one.
func (c *Cursor[V]) Prev() bool {
	if c.i--; c.i >= 0 {
		return true
	}
	if c.leaf.prev == 0 {
		return false
	}
	c.leaf = leafAt[V](c.leaf.prev)
	c.i = int(c.leaf.used) - 1
	return true
}

// First returns a cursor on the lowest ID.
func (t *Tree[V]) First() (c Cursor[V], ok bool) { return t.SeekAtLeast(ID{}) }

// Last returns a cursor on the highest ID.
func (t *Tree[V]) Last() (c Cursor[V], ok bool) { return t.SeekAtMost(Max()) }

// SeekAtLeast returns a cursor on the first ID that is not below id.
func (t *Tree[V]) SeekAtLeast(id ID) (c Cursor[V], ok bool) {
	if t.root == 0 {
		return c, false
	}
	c.leaf = t.leafOf(id)
	c.i = c.leaf.search(id) - 1
	return c, c.Next()
}

// SeekAtMost returns a cursor on the last ID that is not above id.
func (t *Tree[V]) SeekAtMost(id ID) (c Cursor[V], ok bool) {
	if t.root == 0 {
		return c, false
	}
	c.leaf = t.leafOf(id)
	c.i = c.leaf.search(id)
	if c.i < int(c.leaf.used) && c.ID() == id {
		return c, true
	}
	return c, c.Prev()
}

func (t *Tree[V]) leafOf(id ID) *leaf[V] {
	r := t.root
	for range t.height {
		n := innerAt(r)
		r = n.children[n.childOf(id)]
	}
	return leafAt[V](r)
}

// Each passes every ID and value to visit, in order, until it returns false.
func (t *Tree[V]) Each(visit func(ID, *V) bool) {
	c, ok := t.First()
	for ; ok; ok = c.Next() {
		if !visit(c.ID(), c.Value()) {
			return
		}
	}
}

// Bytes returns the memory of the tree without Tree itself.
func (t *Tree[V]) Bytes(pool *offheap.Pool) int {
	if t.height == 0 {
		if t.root == 0 {
			return 0
		}
		return pool.SizeOf(t.root)
	}
	return int(t.leaves)*pool.ClassSize(leafBytes[V](leafRoom)) + int(t.inners)*pool.ClassSize(innerBytes)
}

// search returns the number of the leaf's IDs below id.
func (l *leaf[V]) search(id ID) int {
	used := int(l.used)
	if used == 0 || l.slots[used-1].id.Less(id) {
		return used // the common case: id is new
	}
	low, high := 0, used
	for low < high {
		if mid := (low + high) / 2; l.slots[mid].id.Less(id) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// childOf returns the child in which id lies or would lie.
func (n *inner) childOf(id ID) int {
	low, high := 1, int(n.used)
	for low < high {
		if mid := (low + high) / 2; id.Less(n.lowest[mid]) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low - 1
}
