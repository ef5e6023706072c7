package keyspace

import (
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Inspect looks a key up as it lies in memory: without statistics, without
// moving its access clock, and though its time may have come.
func (tx *Tx) Inspect(key []byte) Entry { return tx.find(key) }

// Each calls f for every entry of the database, expired ones included. f must
// not change the database. Exclusive mode only.
func (tx *Tx) Each(f func(e Entry)) {
	tables := tx.db.tables()
	for n := range tables {
		t := &tables[n]
		for b := uint64(0); b < t.n; b++ {
			t.eachSlot(b, func(s slot) bool {
				f(tx.entryAt(n, s))
				return true
			})
		}
	}
}

// Block returns the block of a found key's entry, to be shown or measured.
func (e *Entry) Block() offheap.Ref { return e.ref() }

// AccessClock returns the 24 bits of a found key's access clock: LRU seconds,
// or LFU minutes and counter.
func (e *Entry) AccessClock() uint32 { return entHeader(e.ref()).clock() }

// Now returns the time of the command that found the key, Unix milliseconds.
func (e *Entry) Now() int64 { return e.tx.now }

// ExpiryBytes returns the memory of the expiry indexes of db, which is a part of
// TableBytes.
func (s *Space) ExpiryBytes(db int) (bytes int64) {
	for _, x := range s.dbs[db].Load().expiry {
		bytes += x.bytes()
	}
	return bytes
}
