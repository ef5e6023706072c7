package keyspace

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Loading puts many keys that mostly are not there into tables that mostly are
// not in the cache. Whoever loads locates a group of keys and prefetches their
// buckets before it stores the first, and says in advance how many keys there
// will be.

// PeekAt is Peek for a key that was located, and does not mind its expiry.
func (tx *Tx) PeekAt(key []byte, l Located) Entry {
	e := Entry{tx: tx, loc: l}
	if t := e.table(); t != nil {
		e.slot = t.find(l.Hash, key)
	}
	return e
}

// Put makes the key that was looked up hold the non-inline value v, replacing
// what was there, with the given expiry (-1: none). key must not be a view of
// the entry.
func (e *Entry) Put(key []byte, v value.Value, expiry int64, changes int) {
	tx := e.tx
	p := tx.assign(e, key, kind(v.Type, v.Enc), 8, expiry)
	*(*[8]byte)(p) = *(*[8]byte)(unsafe.Pointer(&v.Root))
	if v.Type == value.Hash {
		e.trackFields(&v, never)
	}
	tx.modified(key, changes)
}

// Reserve makes room in the empty tables of the database for so many keys. It is
// a hint: a table that gets more grows, and one that gets less gives back in
// TrimTables. Exclusive mode only.
func (tx *Tx) Reserve(keys int64) {
	heap := tx.w.heap
	if keys < int64(tx.w.space.tableCount()) {
		return
	}
	if tx.db.table(0) == nil {
		tx.w.space.makeTables(heap, tx.db)
	}
	tables := tx.db.tables()
	for i := range tables {
		tables[i].reserve(tx, uint64(keys)/uint64(len(tables))/growAbove)
	}
}

// reserve gives an empty table n buckets.
func (t *table) reserve(tx *Tx, n uint64) {
	heap := tx.w.heap
	if t.used != 0 || n <= t.n {
		return
	}
	if t.n == 0 {
		t.base = heap.AllocZeroed(bucketBytes, offheap.PurposeTable)
		t.baseCap, t.n = 1, 1
	}
	for t.n < n {
		t.makeRoom(heap)
		t.n++
		clear(t.bucketAt(t.n - 1).Bytes(bucketBytes))
	}
}

// TrimTables gives back the buckets that Reserve made for keys that did not come.
// Exclusive mode only.
func (tx *Tx) TrimTables() {
	heap := tx.w.heap
	tables := tx.db.tables()
	for i := range tables {
		t := &tables[i]
		for t.n > 1 && t.used < t.n*shrinkBelow {
			t.shrink(heap)
		}
		if t.used == 0 {
			t.release(heap)
		}
	}
}
