// Package gather collects the members of several collections, each once: the
// working memory of unions and differences.
//
// A [Table] copies members into one buffer, in the order in which they first
// came, and finds them by an open hash table of indexes. It lives on the Go
// heap for the time of one command; nothing in it is freed one by one, which is
// what makes it faster than a set in the keyspace.
package gather

import (
	"bytes"
	"hash/maphash"
)

// Table is the collected members, each with an index from 0 on. Use New.
type Table struct {
	seed  maphash.Seed
	bytes []byte // all members
	ends  []int  // in bytes, by index

	// A slot is 0, or the upper half of a member's hash and its index + 1. The
	// number of slots is a power of two, at least twice that of members.
	slots []uint64
}

// New returns a table with room for about size members.
func New(size int) *Table {
	slots := 16
	for slots < 2*size {
		slots *= 2
	}
	return &Table{seed: maphash.MakeSeed(), ends: make([]int, 0, size), slots: make([]uint64, slots)}
}

// Len returns the number of members.
func (t *Table) Len() int { return len(t.ends) }

// Member returns a view of the member with index i, valid until the next Add.
func (t *Table) Member(i int) []byte {
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.bytes[start:t.ends[i]:t.ends[i]]
}

// Find returns the index of member.
func (t *Table) Find(member []byte) (i int, ok bool) {
	_, i, ok = t.find(maphash.Bytes(t.seed, member), member)
	return i, ok
}

// Add adds a copy of member, unless it is there, and returns its index.
func (t *Table) Add(member []byte) (i int, added bool) {
	hash := maphash.Bytes(t.seed, member)
	at, i, ok := t.find(hash, member)
	if ok {
		return i, false
	}
	t.bytes = append(t.bytes, member...)
	t.ends = append(t.ends, len(t.bytes))
	i = len(t.ends) - 1
	t.slots[at] = hash&^indexMask | uint64(i+1)
	if 2*len(t.ends) > len(t.slots) {
		t.grow()
	}
	return i, true
}

const indexMask = 1<<32 - 1

// find returns the slot of a member and its index, or where it would go.
func (t *Table) find(hash uint64, member []byte) (at, i int, ok bool) {
	mask := len(t.slots) - 1
	for at = home(hash, mask); ; at = (at + 1) & mask {
		s := t.slots[at]
		if s == 0 {
			return at, 0, false
		}
		if i = int(s&indexMask) - 1; s&^indexMask == hash&^indexMask && bytes.Equal(t.Member(i), member) {
			return at, i, true
		}
	}
}

// home is where the search for a hash begins. Only its upper half is kept.
func home(hash uint64, mask int) int { return int(hash>>32) & mask }

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]uint64, 2*len(old))
	mask := len(t.slots) - 1
	for _, s := range old {
		if s == 0 {
			continue
		}
		at := home(s, mask)
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = s
	}
}
