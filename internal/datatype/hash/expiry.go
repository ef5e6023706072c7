package hash

import (
	"iter"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/sortedtree"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Condition is an option of HEXPIRE and its relatives: when to change an expiry.
// Options combine.
type Condition uint8

const (
	OnlyNone    Condition = 1 << iota // NX: the field does not expire
	OnlySome                          // XX: the field expires
	OnlyLater                         // GT: to later; not expiring counts as latest
	OnlyEarlier                       // LT: to earlier
)

// ExpiryOutcome says what SetExpiry or Persist did. The values are those that
// the commands reply.
type ExpiryOutcome int

const (
	NoField     ExpiryOutcome = -2
	NotVolatile ExpiryOutcome = -1 // Persist: the field does not expire
	Unmet       ExpiryOutcome = 0  // the condition does not hold
	Changed     ExpiryOutcome = 1
	Deleted     ExpiryOutcome = 2 // the expiry was past
)

// SetExpiry changes the expiry of a field. past says that expiry is in the past
// and the caller wants the field deleted for that, not marked.
func SetExpiry(h *offheap.Heap, v *value.Value, field []byte, expiry int64, when Condition, past bool, now int64) ExpiryOutcome {
	var scratch Scratch
	entry, known := Get(v, field, now, &scratch)
	switch {
	case !known:
		return NoField
	case !when.holds(entry.Expiry, expiry):
		return Unmet
	case past:
		Delete(h, v, field, now)
		return Deleted
	}
	if v.Enc == value.ListPack {
		toLarge(h, v)
	}
	largeOf(v).setExpiry(h, field, expiry)
	return Changed
}

func (c Condition) holds(current, expiry int64) bool {
	expires := current != NoExpiry
	return !(c&OnlyNone != 0 && expires ||
		c&OnlySome != 0 && !expires ||
		c&OnlyLater != 0 && (!expires || expiry <= current) ||
		c&OnlyEarlier != 0 && expires && expiry >= current)
}

// Persist makes a field one that does not expire.
func Persist(h *offheap.Heap, v *value.Value, field []byte, now int64) ExpiryOutcome {
	var scratch Scratch
	entry, known := Get(v, field, now, &scratch)
	switch {
	case !known:
		return NoField
	case entry.Expiry == NoExpiry:
		return NotVolatile
	}
	largeOf(v).setExpiry(h, field, NoExpiry)
	return Changed
}

func (z *large) setExpiry(h *offheap.Heap, field []byte, expiry int64) {
	hash, e := z.find(field)
	entry := entryOf(e)
	if entry.Expiry != expiry {
		entry.Expiry = expiry
		z.store(h, hash, e, entry)
	}
}

// VolatileLen returns the number of fields that expire or have expired.
func VolatileLen(v *value.Value) int {
	if v.Root == 0 || v.Enc != value.HashTable {
		return 0
	}
	return largeOf(v).expiries.Len()
}

// ExpiredLen returns the number of expired fields.
func ExpiredLen(v *value.Value, now int64) int {
	if now < 0 || VolatileLen(v) == 0 {
		return 0
	}
	return largeOf(v).expiries.Rank(sortedtree.BeforeNumber(uint64(now)))
}

// NextExpiry returns the earliest expiry of the hash.
func NextExpiry(v *value.Value) (expiry int64, ok bool) {
	if VolatileLen(v) == 0 {
		return 0, false
	}
	c := largeOf(v).expiries.At(0)
	return expiryOf(c.Element()), true
}

// Volatile yields the entries that expire or have expired, by expiry.
func Volatile(v *value.Value) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if VolatileLen(v) == 0 {
			return
		}
		c := largeOf(v).expiries.At(0)
		for yield(entryOf(c.Element())) && c.Next() {
		}
	}
}

// RemoveExpired takes out expired fields, those that expired first and at most
// the given number, passes each to visit before it goes, and returns how many
// there were.
func RemoveExpired(h *offheap.Heap, v *value.Value, now int64, fieldsMax int, visit func(field []byte)) int {
	count := min(ExpiredLen(v, now), fieldsMax)
	if count == 0 {
		return 0
	}
	z := largeOf(v)
	z.expiries.RemoveRange(h, why, 0, count, func(c sortedtree.Cursor, n int) {
		for i := range n {
			e := c.Peek(i)
			visit(e.Key())
			z.table.Remove(h, why, z.table.Hash(e.Key()), e)
			e.Free(h, why)
		}
	})
	freeIfEmpty(h, v)
	return count
}
