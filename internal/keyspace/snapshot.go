package keyspace

import (
	"errors"
	"sync/atomic"
)

// Snapshot is the keyspace as it was at one instant, being read while clients go
// on. BGSAVE, a full synchronisation, the rewriting of the AOF and the migration
// of slots feed on it.
//
// Every entry has a mark, and the space has a current side of that mark. The
// instant flips the side: all entries there are then on the other side, and
// new ones are born on the current side. The walk visits each entry on the other
// side, hands it to the sink and moves it over. Whoever is about to change or
// remove an entry of the other side does the same first, so that the sink gets
// every entry exactly once, as it was. When the walk has ended, all entries are
// on the current side again.
//
// Nothing is copied in advance: what a snapshot needs besides the data is the
// sink's buffer. A sink that is behind blocks the walk, and writers of unvisited
// keys, in SaveEntry.
type Snapshot struct {
	space *Space
	sink  SnapshotSink
	dbs   []*DB // as numbered at the instant
	index map[*DB]int
	keep  []*DB // flushed meanwhile; freed at the end. Exclusive mode.

	db, table int // where the walk is
	cursor    uint64

	keys      int64 // at the instant
	saved     atomic.Int64
	cancelled atomic.Bool
}

// SnapshotSink receives the entries of a snapshot.
type SnapshotSink interface {
	// SaveEntry is called with the shard of the entry locked, by the walk or by
	// a worker that is about to change the entry. db is the number that its
	// database had at the instant. e is valid during the call.
	SaveEntry(db int, e Entry)
}

// ErrSnapshotRunning is returned while another snapshot runs.
var ErrSnapshotRunning = errors.New("a snapshot is in progress")

// BeginSnapshot makes now the instant of a new snapshot. Exclusive mode only.
func (s *Space) BeginSnapshot(sink SnapshotSink) (*Snapshot, error) {
	if s.snapshot != nil {
		return nil, ErrSnapshotRunning
	}
	sn := &Snapshot{space: s, sink: sink, index: map[*DB]int{}}
	for i := range s.dbs {
		d := s.dbs[i].Load()
		sn.dbs = append(sn.dbs, d)
		sn.index[d] = i
		sn.keys += d.len()
	}
	s.mark ^= entMark
	s.snapshot = sn
	return sn, nil
}

// Keys returns the number of keys at the instant, and how many are done.
func (sn *Snapshot) Keys() (total, done int64) { return sn.keys, sn.saved.Load() }

// Cancel makes the rest of the walk bring the marks in order without handing
// anything to the sink. The walk has to be continued to its end.
func (sn *Snapshot) Cancel() { sn.cancelled.Store(true) }

// Step continues the walk by about n buckets and reports whether it has ended.
// The worker must not hold its reader lock; others are kept from one shard at a
// time, for step buckets.
func (sn *Snapshot) Step(w *Worker, nowMillis int64, n int) (done bool) {
	const step = 8
	for n > 0 {
		if sn.db == len(sn.dbs) {
			return true
		}
		d := sn.dbs[sn.db]
		if d.table(sn.table) == nil || sn.table >= d.count {
			sn.db, sn.table, sn.cursor = sn.db+1, 0, 0
			continue
		}
		shard := sn.table % Shards
		w.Enter()
		w.LockShard(shard)
		tx := w.Begin(0, nowMillis)
		tx.db, tx.index = d, sn.db
		t := d.table(sn.table)
		for range min(n, step) {
			sn.cursor = t.scan(sn.cursor, func(s slot) {
				e := Entry{tx: tx, t: t, slot: s}
				sn.visit(&e)
			})
			n--
			if sn.cursor == 0 {
				sn.table++
				break
			}
		}
		w.UnlockShard(shard)
		w.Leave()
	}
	return false
}

// visit hands over an entry that is still on the other side.
func (sn *Snapshot) visit(e *Entry) {
	r := e.ref()
	h := entHeader(r)
	if h&entMark == sn.space.mark {
		return
	}
	if i, ok := sn.index[e.tx.db]; ok && !sn.cancelled.Load() {
		sn.sink.SaveEntry(i, *e)
		sn.saved.Add(1)
	}
	setEntHeader(r, h&^entMark|sn.space.mark)
}

// End ends a snapshot whose walk has ended. Exclusive mode only.
func (sn *Snapshot) End(w *Worker) {
	sn.space.snapshot = nil
	for _, d := range sn.keep {
		sn.space.dispose(w, d)
	}
	sn.keep = nil
}

// dispose frees a database that is no longer reachable.
func (s *Space) dispose(w *Worker, d *DB) {
	if s.reclaimer != nil && s.reclaimer.ReclaimDB(d) {
		return
	}
	for !d.FreeSome(w.heap, 1<<20) {
	}
}
