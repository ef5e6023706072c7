package keyspace

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
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
// sink's buffer. A sink that is behind blocks writers of unvisited keys in
// SaveEntry, and the walk in Rest.
//
// # Large values
//
// A collection of many elements, or a long string, is handed over in slices,
// between which the walk unlocks its shard. It stays on the other side until the
// last slice, so that a worker that is about to change it comes to visit and saves
// the rest first.
// Commands of clients do not come to that: they wait (await.go).
// There is one such value at a time; entries that others hand over meanwhile are
// the sink's to keep apart, and when it cannot keep more, they help with the
// value (see relieve).
type Snapshot struct {
	space *Space
	sink  SnapshotSink
	dbs   []*DB // as numbered at the instant
	index map[*DB]int
	keep  []*DB // flushed meanwhile; freed at the end. Exclusive mode.

	db, table int // where the walk is
	cursor    uint64

	large atomic.Pointer[sliced] // being handed over; changed under its shard

	keys      int64 // at the instant
	saved     atomic.Int64
	cancelled atomic.Bool

	// Settled is called in exclusive mode when commands that wait (AwaitSnapshot)
	// may try again. It is set before the walk begins.
	Settled func()
	retry   atomic.Bool // Settled is to be called

	awaitedMu sync.Mutex
	awaited   []awaitedKey // first come first
	isAwaited map[awaitedKey]bool
}

// SnapshotSink receives the entries of a snapshot.
type SnapshotSink interface {
	// SaveEntry is called by the walk, with the shard of the entry locked and no
	// large value under way. db is the number that its database had at the
	// instant. e is valid during the call.
	SaveEntry(db int, e Entry)
	// SaveEarly is the same for a worker that is about to change the entry, at
	// any time. Several workers call it at once, each with a lane of its own: a
	// small number that keeps them apart.
	SaveEarly(lane, db int, e Entry)
	// SaveLarge begins to take over a large entry. e is valid during the call,
	// its key and its value until the last call of a method of LargeValue. Rest
	// is called before the next entry.
	SaveLarge(db int, e Entry) LargeValue
	// Full reports whether no entry should be handed over before the large value
	// under way has ended.
	Full() bool
	// Crowded reports that this will soon be so.
	Crowded() bool
	// Rest is called by the walk between its slices, without any lock, and
	// returns when the sink is ready for more.
	Rest()
}

// LargeValue is a large entry on its way to the sink. Its methods may be called
// by different goroutines, all with the entry's shard locked.
type LargeValue interface {
	// Slice takes over a part and reports whether it was the last.
	Slice() (done bool)
	// Finish takes over the rest.
	Finish()
	// Abandon gives the rest up: the snapshot was cancelled.
	Abandon()
}

// sliced is the large value that is being handed over.
type sliced struct {
	ref   offheap.Ref
	shard int
	to    LargeValue
}

// Values are handed over in slices from these sizes on. To encode as much takes
// about a tenth of a millisecond.
const (
	largeElements = 1 << 10
	largeNodes    = 16 // of a list or a stream, of up to 8 KiB each
	// To compress a longer string takes longer than that.
	largeBytes = 64 << 10
)

func isLarge(e *Entry) bool { return atLeast(e, largeElements, largeNodes, largeBytes) }

// atLeast reports whether a value has so many elements or nodes, or is a longer
// string.
func atLeast(e *Entry, elements, nodes, bytes int64) bool {
	if e.Type() == value.String {
		return e.BigString() != 0 && int64(e.StringLen()) > bytes
	}
	v := e.Value()
	switch v.Type {
	case value.List, value.Stream:
		return FreeEffort(v) >= nodes
	}
	return FreeEffort(v) >= elements
}

// ErrSnapshotRunning is returned while another snapshot runs.
var ErrSnapshotRunning = errors.New("a snapshot is in progress")

// BeginSnapshot makes now the instant of a new snapshot. Exclusive mode only.
func (s *Space) BeginSnapshot(sink SnapshotSink) (*Snapshot, error) {
	if s.snapshot != nil {
		return nil, ErrSnapshotRunning
	}
	sn := &Snapshot{space: s, sink: sink, index: map[*DB]int{}, isAwaited: map[awaitedKey]bool{}}
	for i := range s.dbs {
		d := s.dbs[i].Load()
		sn.dbs = append(sn.dbs, d)
		sn.index[d] = i
		sn.keys += d.len()
	}
	s.mark ^= entMark
	s.snapshot = sn
	s.Snapshots.Add(1)
	return sn, nil
}

// Keys returns the number of keys at the instant, and how many are done.
func (sn *Snapshot) Keys() (total, done int64) { return sn.keys, sn.saved.Load() }

// Cancel makes the rest of the walk bring the marks in order without handing
// anything to the sink, and commands that wait try again. The walk has to be
// continued to its end.
func (sn *Snapshot) Cancel() {
	sn.cancelled.Store(true)
	sn.retry.Store(true)
}

// stepBuckets is for how many buckets the walk keeps a shard locked. Their
// entries are prefetched together.
const stepBuckets = 8

// Step continues the walk by about n buckets and reports whether it has ended.
// The worker must not hold its reader lock; others are kept from one shard at a
// time, for a few buckets or a slice of a large value.
func (sn *Snapshot) Step(w *Worker, nowMillis int64, n int) (done bool) {
	for n > 0 {
		if sn.retry.Load() && sn.retry.Swap(false) {
			sn.settle(w)
		}
		if sn.saveAwaited(w, nowMillis) {
			n--
			continue
		}
		if sn.db == len(sn.dbs) {
			return true
		}
		d := sn.dbs[sn.db]
		if d.table(sn.table) == nil || sn.table >= d.count {
			sn.db, sn.table, sn.cursor = sn.db+1, 0, 0
			continue
		}
		sn.sink.Rest()
		shard := sn.table % Shards
		w.Enter()
		w.LockShard(shard)
		tx := w.Begin(0, nowMillis)
		tx.db, tx.index = d, sn.db
		n -= sn.visitBuckets(tx, min(n, stepBuckets))
		sn.handOver(w, shard)
		w.UnlockShard(shard)
		w.Leave()
	}
	return false
}

// handOver hands over the large value that was begun, if any, slice by slice. The
// walk holds its shard, which it unlocks in between.
func (sn *Snapshot) handOver(w *Worker, shard int) {
	for sn.large.Load() != nil {
		w.UnlockShard(shard)
		w.Leave()
		sn.sink.Rest()
		if sn.retry.Swap(false) {
			sn.settle(w)
		}
		w.Enter()
		w.LockShard(shard)
		sn.slice()
	}
}

// visitBuckets visits up to n buckets of the walk's table and returns how many
// it has visited. It stops at a bucket with a large value and begins to hand it
// over; the bucket is visited again.
func (sn *Snapshot) visitBuckets(tx *Tx, n int) int {
	t := tx.db.table(sn.table)
	t.prefetch(sn.cursor, n)
	for i := range n {
		large := false
		next := t.scan(sn.cursor, func(s slot) {
			e := Entry{tx: tx, slot: s}
			if large = large || sn.beginLarge(&e, sn.table%Shards); !large {
				sn.visit(&e, false)
			}
		})
		if large {
			return i
		}
		if sn.cursor = next; next == 0 {
			sn.table++
			return i + 1
		}
	}
	return n
}

// beginLarge begins to hand an entry over in slices, if it is worth that and no
// other one is under way.
func (sn *Snapshot) beginLarge(e *Entry, shard int) bool {
	if sn.large.Load() != nil || !sn.needs(e) || !isLarge(e) {
		return false
	}
	sn.large.Store(&sliced{ref: e.ref(), shard: shard, to: sn.sink.SaveLarge(sn.index[e.tx.db], *e)})
	return true
}

// slice hands over a part of the large value, if it is still under way. The
// caller holds its shard.
func (sn *Snapshot) slice() {
	l := sn.large.Load()
	switch {
	case l == nil:
	case sn.cancelled.Load():
		sn.finish(l)
	case l.to.Slice():
		sn.ended(l)
	}
}

// finish hands over the rest of the large value, or gives it up. The caller
// holds its shard.
func (sn *Snapshot) finish(l *sliced) {
	if sn.cancelled.Load() {
		l.to.Abandon()
	} else {
		l.to.Finish()
	}
	sn.ended(l)
}

func (sn *Snapshot) ended(l *sliced) {
	setEntHeader(l.ref, entHeader(l.ref)&^entMark|sn.space.mark)
	sn.saved.Add(1)
	sn.large.Store(nil)
}

// visit hands over an entry that is still on the other side; early says that it
// is about to change.
func (sn *Snapshot) visit(e *Entry, early bool) {
	r := e.ref()
	h := entHeader(r)
	if h&entMark == sn.space.mark {
		return
	}
	if l := sn.large.Load(); l != nil && l.ref == r {
		sn.finish(l)
		return
	}
	if i, ok := sn.index[e.tx.db]; ok && !sn.cancelled.Load() {
		if early {
			sn.relieve(e.tx.w)
			sn.sink.SaveEarly(e.tx.w.lane, i, *e)
		} else {
			sn.sink.SaveEntry(i, *e)
		}
		sn.saved.Add(1)
	}
	setEntHeader(r, h&^entMark|sn.space.mark)
}

// relieve waits while the sink is full because of a large value, and helps to
// end that. Waiting alone could be for ever: the walk needs the value's shard,
// which this worker may hold, and its reader lock, for which it may have to wait
// behind an exclusive section that waits for this worker. So whoever waits hands
// over the rest as soon as it can have the shard; shards are taken out of order
// here, therefore only if they are free.
func (sn *Snapshot) relieve(w *Worker) {
	for l := sn.large.Load(); l != nil && sn.sink.Full(); l = sn.large.Load() {
		if w.exclusive || w.held[l.shard>>6]>>(l.shard&63)&1 != 0 {
			sn.finish(l)
			return
		}
		if mu := &sn.space.shards[l.shard].mu; mu.TryLock() {
			if sn.large.Load() == l {
				sn.finish(l)
			}
			mu.Unlock()
			return
		}
		runtime.Gosched()
	}
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
