// Package hash is the hash type: which encoding holds a hash, and what every
// hash command needs of it, the expiry of single fields included.
//
//	encoding   Root is
//	ListPack   a listpack of pairs, field then value
//	HashTable  a block with a hashtable.Table, whose elements are fields, and a
//	           sortedtree.Tree of those fields that expire, by expiry
//
// An element of the table, after the optional expiry and the field (see
// hashtable.Element), holds the value:
//
//	┌────────────┬───────┬──────────────┬───────────────┬───────┐
//	│ [expiry 8] │ field │ length LEB128│ value         │ spare │
//	└────────────┴───────┴──────────────┴───────────────┴───────┘
//
// # Expiry
//
// An expiry is a Unix time in milliseconds, or NoExpiry. A hash with a field
// that expires has a table. A field whose expiry is before now is expired: no
// function that takes now finds it, yet it counts in Len until [RemoveExpired]
// takes it out or [Set] overwrites it. Whoever wants to see expired fields, such
// as a replica, passes IgnoreExpiry as now.
//
// Fields and values are views: valid until the callback returns or the hash
// changes, whichever is first; those from Get also end with the next use of its
// scratch. No callback may change the hash. A hash from which the last field is
// taken is as a new one, with Root 0.
package hash

import (
	"iter"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const (
	why = offheap.PurposeHash

	// NoExpiry is the expiry of a field that does not expire.
	NoExpiry int64 = -1
	// IgnoreExpiry is a now at which no field has expired.
	IgnoreExpiry int64 = math.MinInt64
)

// Scratch is where Get writes the decimal form of an integer.
type Scratch = listpack.Scratch

// Entry is a field with its value.
type Entry struct {
	Field, Value []byte
	Expiry       int64 // Unix milliseconds, or NoExpiry
}

// Prepare chooses the encoding for setting fields: args are fields and values
// in turn.
func Prepare(h *offheap.Heap, lim *value.Limits, v *value.Value, args [][]byte) {
	if v.Enc == value.HashTable {
		return
	}
	size, total := 0, 0
	if v.Root != 0 {
		size = listpack.At(v.Root).Size()
	}
	fits := len(args)/2 <= lim.HashMaxListpackEntries
	for _, arg := range args {
		fits = fits && len(arg) <= lim.HashMaxListpackValue
		total += len(arg)
	}
	switch {
	case fits && listpack.SafeToAdd(size, total):
	case v.Root == 0:
		v.Enc = value.HashTable
	default:
		toLarge(h, v)
	}
}

// Len returns the number of fields, expired ones included.
func Len(v *value.Value) int {
	switch {
	case v.Root == 0:
		return 0
	case v.Enc == value.ListPack:
		return listpack.At(v.Root).Len() / 2
	}
	return largeOf(v).table.Len()
}

// Get returns the entry of field, if there is one that is not expired.
func Get(v *value.Value, field []byte, now int64, scratch *Scratch) (Entry, bool) {
	switch {
	case v.Root == 0:
		return Entry{}, false
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		p := lp.Find(lp.First(), field, 1)
		if p == 0 {
			return Entry{}, false
		}
		return Entry{field, lp.Bytes(lp.Next(p), scratch), NoExpiry}, true
	}
	_, e := largeOf(v).find(field)
	if e == 0 || expired(e, now) {
		return Entry{}, false
	}
	return entryOf(e), true
}

// Outcome says what Set did.
type Outcome uint8

const (
	Inserted Outcome = iota // the field is new
	Updated                 // the field was there
	Revived                 // the field was there, but expired: it counts as new
)

// Set gives field a value and an expiry. With keepExpiry set, a field that is
// there and not expired keeps the expiry it has.
func Set(h *offheap.Heap, lim *value.Limits, v *value.Value, field, val []byte, expiry int64, keepExpiry bool, now int64) Outcome {
	if v.Root == 0 {
		begin(h, v)
	}
	if v.Enc == value.ListPack {
		if expiry == NoExpiry && len(field) <= lim.HashMaxListpackValue && len(val) <= lim.HashMaxListpackValue &&
			listpack.SafeToAdd(listpack.At(v.Root).Size(), len(field)+len(val)) {
			return setSmall(h, lim, v, field, val)
		}
		toLarge(h, v)
	}
	return largeOf(v).set(h, field, val, expiry, keepExpiry, now)
}

// begin makes the empty structure of a hash that has none. The small encoding
// is left by itself if it does not suit the first field.
func begin(h *offheap.Heap, v *value.Value) {
	if v.Enc != value.HashTable {
		v.Enc, v.Root = value.ListPack, listpack.New(h, why, 0)
		return
	}
	newLarge(h, v)
}

func setSmall(h *offheap.Heap, lim *value.Limits, v *value.Value, field, val []byte) Outcome {
	lp := listpack.At(v.Root)
	if p := lp.Find(lp.First(), field, 1); p != 0 {
		v.Root = listpack.Replace(h, why, v.Root, lp.Next(p), val)
		return Updated
	}
	pair := [2]listpack.Elem{{Str: field}, {Str: val}}
	v.Root = listpack.BatchInsert(h, why, v.Root, lp.End(), pair[:])
	ApplyLimits(h, lim, v)
	return Inserted
}

// Delete takes field out and reports whether it was there and not expired. An
// expired field stays.
func Delete(h *offheap.Heap, v *value.Value, field []byte, now int64) (deleted bool) {
	switch {
	case v.Root == 0:
		return false
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		if p := lp.Find(lp.First(), field, 1); p != 0 {
			v.Root, _ = listpack.DeleteAt(h, why, v.Root, p, 2)
			deleted = true
		}
	default:
		z := largeOf(v)
		if hash, e := z.find(field); e != 0 && !expired(e, now) {
			z.remove(h, hash, e)
			deleted = true
		}
	}
	if deleted {
		freeIfEmpty(h, v)
	}
	return deleted
}

func freeIfEmpty(h *offheap.Heap, v *value.Value) {
	if Len(v) == 0 {
		Free(h, v)
	}
}

// All yields every entry that is not expired.
func All(v *value.Value, now int64) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		switch {
		case v.Root == 0:
		case v.Enc == value.ListPack:
			var field, val Scratch
			lp := listpack.At(v.Root)
			for p := lp.First(); p != 0; {
				q := lp.Next(p)
				if !yield(Entry{lp.Bytes(p, &field), lp.Bytes(q, &val), NoExpiry}) {
					return
				}
				p = lp.Next(q)
			}
		default:
			for e := range largeOf(v).table.All() {
				if !expired(e, now) && !yield(entryOf(e)) {
					return
				}
			}
		}
	}
}

// Scan passes some entries that are not expired to visit and returns the cursor
// of the next call, 0 at the end; see hashtable.Table.Scan for what it
// guarantees. A listpack is passed whole.
func Scan(v *value.Value, cursor uint64, now int64, visit func(Entry)) uint64 {
	if v.Root != 0 && v.Enc == value.HashTable {
		return largeOf(v).table.Scan(cursor, func(e hashtable.Element) {
			if !expired(e, now) {
				visit(entryOf(e))
			}
		})
	}
	for entry := range All(v, now) {
		visit(entry)
	}
	return 0
}

// ApplyLimits gives a hash with too many fields for a listpack a table.
func ApplyLimits(h *offheap.Heap, lim *value.Limits, v *value.Value) {
	if v.Root != 0 && v.Enc == value.ListPack && Len(v) > lim.HashMaxListpackEntries {
		toLarge(h, v)
	}
}
