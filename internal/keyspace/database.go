package keyspace

import (
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Flush empties a database and returns the number of keys it had. lazy hands
// the old tables to the reclaimer. Exclusive mode only.
func (w *Worker) Flush(db int, lazy bool) int64 {
	s := w.space
	old := s.dbs[db].Load()
	n := old.len()
	if old.first.Load() == nil {
		return n
	}
	s.dbs[db].Store(&DB{count: old.count})
	if sn := s.snapshot; sn != nil {
		if _, walking := sn.index[old]; walking {
			sn.keep = append(sn.keep, old)
			sn.settled()
			return n
		}
	}
	if rec := s.reclaimer; lazy && rec != nil && rec.ReclaimDB(old) {
		w.Stats.LazyFreed += n
		return n
	}
	for !old.FreeSome(w.heap, 1<<20) {
	}
	return n
}

// Keys returns the number of keys of a database that is no longer in use.
func (d *DB) Keys() int64 { return d.len() }

// FreeSome frees about limit entries of a database that is no longer
// reachable, and reports whether nothing is left.
func (d *DB) FreeSome(heap *offheap.Heap, limit int) (done bool) {
	tables := d.tables()
	for i := range tables {
		t := &tables[i]
		for t.n > 0 && t.used > 0 {
			if limit <= 0 {
				return false
			}
			last := t.n - 1
			t.eachSlot(last, func(s slot) bool {
				freeBlock(heap, t.ref(s))
				t.used--
				limit--
				return true
			})
			if t.used == 0 {
				break
			}
			if last == 0 {
				break
			}
			// Without entries the bucket can go as in any shrinking.
			t.drain(heap, t.bucketAt(last), nil)
			t.n = last
			t.trimRoom(heap)
		}
		t.used = 0
		t.release(heap)
	}
	if tables == nil {
		return true
	}
	for i, x := range d.expiry {
		x.release(heap)
		d.expiry[i] = nil
	}
	d.first.Store(nil)
	first := unsafe.Pointer(&tables[0])
	heap.Free(offheap.Ref(uintptr(first)), offheap.PurposeTable)
	return true
}

// freeBlock frees an unlinked entry and its value at once.
func freeBlock(heap *offheap.Heap, r offheap.Ref) {
	h := entHeader(r)
	if v := entValue(r, h); v.Root != 0 {
		FreeValue(heap, v)
	}
	heap.Free(r, offheap.PurposeEntry)
}

// Cursors of a database scan: the table in the low bits, the table's own
// cursor above.
func (s *Space) tableBits() int { return bits.Len(uint(s.tableCount() - 1)) }

// Scan calls f for the entries that cursor stands for and returns the next
// cursor; 0 ends the scan. It visits buckets until about count entries have
// been seen or 10 × count buckets were. Keys that are there during the whole
// scan are met at least once. f must not change the database; expired keys are
// met like others, see Entry.Expired. Exclusive mode only.
func (tx *Tx) Scan(cursor uint64, count int, f func(e Entry)) uint64 {
	return tx.scan(cursor, count, -1, f)
}

// ScanTable is Scan restricted to one table, a hash slot in cluster mode.
func (tx *Tx) ScanTable(table int, cursor uint64, count int, f func(e Entry)) uint64 {
	return tx.scan(cursor, count, table, f)
}

func (tx *Tx) scan(cursor uint64, count, only int, f func(e Entry)) uint64 {
	tb := tx.w.space.tableBits()
	tables := tx.db.tables()
	if len(tables) == 0 {
		return 0
	}
	n := int(cursor & (1<<tb - 1))
	if only >= 0 {
		n = only
	}
	c := cursor >> tb
	seen, visits := 0, 10*count
	for n < len(tables) {
		t := &tables[n]
		c = t.scan(c, func(s slot) {
			seen++
			f(tx.entryAt(n, s))
		})
		visits--
		if c == 0 {
			if only >= 0 {
				return 0
			}
			n++
			for n < len(tables) && tables[n].used == 0 {
				n++
			}
			if n == len(tables) {
				return 0
			}
		}
		if seen >= count || visits <= 0 {
			return c<<tb | uint64(n)
		}
	}
	return 0
}

// entryAt makes an Entry from a slot of table n.
func (tx *Tx) entryAt(n int, s slot) Entry {
	t := tx.db.table(n)
	r := t.ref(s)
	key := entKey(r, entHeader(r))
	return Entry{tx: tx, slot: s, loc: Located{hashKey(tx.w.space.seed, key), uint32(n)}}
}

// Expired reports whether a found key's time has come, and lookups of the same
// Tx would not see it.
func (e *Entry) Expired() bool {
	x := e.Expiry()
	return x >= 0 && x < e.tx.now && !e.tx.serveExpired()
}

// RandomEntry returns some entry, each about equally likely, or an Entry that
// is not Found when the database is empty. Exclusive mode only.
func (tx *Tx) RandomEntry() Entry {
	total := tx.db.len()
	if total == 0 {
		return Entry{tx: tx}
	}
	pick := int64(tx.w.Random() % uint64(total))
	for n, t := range tx.db.tables() {
		if pick -= int64(t.used); pick < 0 {
			return tx.randomIn(n)
		}
	}
	return Entry{tx: tx}
}

// randomIn returns some entry of table n, which is not empty. Buckets are drawn
// until one accepts: with k entries it is accepted k times out of 16, so that
// entries of full and of thin buckets are about equally likely.
func (tx *Tx) randomIn(n int) Entry {
	t := tx.db.table(n)
	for {
		i := tx.w.Random() % t.n
		k := 0
		t.eachSlot(i, func(slot) bool { k++; return true })
		pick := int(tx.w.Random() % uint64(max(k, 16)))
		if pick >= k {
			continue
		}
		var found slot
		t.eachSlot(i, func(s slot) bool {
			if pick == 0 {
				found = s
				return false
			}
			pick--
			return true
		})
		return tx.entryAt(n, found)
	}
}

// Check verifies every table and expiry index of every database. Exclusive
// mode only.
func (w *Worker) Check() error {
	s := w.space
	for i := range s.dbs {
		tx := w.Begin(i, 0)
		tables := tx.db.tables()
		for n := range tables {
			number := func(h uint64) bool { return s.cluster || int(h>>56) == n }
			if err := tables[n].check(s.pool, number); err != nil {
				return err
			}
		}
		for shard := range Shards {
			if err := tx.checkExpiry(shard); err != nil {
				return err
			}
		}
	}
	return nil
}
