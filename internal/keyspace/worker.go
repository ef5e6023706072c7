package keyspace

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Worker is one goroutine's right to touch keys: an allocator front, the reader
// lock, and the transaction it reuses. Its methods are for that goroutine.
type Worker struct {
	space *Space
	heap  *offheap.Heap
	mu    sync.Mutex // the reader lock; others take it for exclusive mode
	tx    Tx
	other Tx // second database of MOVE and COPY
	sink  Sink
	rng   uint64
	lane  int // which worker this is, counted from 0

	buffers listpack.Buffers // of readers of lists and streams

	exclusive bool      // this worker is in exclusive mode
	held      [4]uint64 // shards locked by LockShards

	// Stats are counted by the worker and read in exclusive mode.
	Stats Stats

	changes atomic.Int64  // Stats.Dirty when the reader lock was last released
	turns   atomic.Uint64 // how often it has taken its reader lock; only it writes
}

// Stats count what happened to keys.
type Stats struct {
	Hits, Misses    int64
	Expired         int64 // keys removed because their time had come
	ExpiredFields   int64 // hash fields, likewise
	LazyFreed       int64 // values handed to the reclaimer
	Dirty           int64 // changes, as rdb_changes_since_last_save counts
	ExclusiveEnters int64
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Hits += o.Hits
	s.Misses += o.Misses
	s.Expired += o.Expired
	s.ExpiredFields += o.ExpiredFields
	s.LazyFreed += o.LazyFreed
	s.Dirty += o.Dirty
	s.ExclusiveEnters += o.ExclusiveEnters
}

// Sink is told what a worker's transactions do to keys, under the key's lock
// and in the order it happens. Keys are valid during the call only.
type Sink interface {
	// Modified: the key's value or expiry changed, or it was created or removed.
	Modified(tx *Tx, key []byte)
	// Removed: the server itself removed the key, because its time had come or
	// to reclaim memory. Modified is called as well.
	Removed(tx *Tx, key []byte, why Reason)
	// FieldsExpired: the server itself took these fields out of the hash,
	// because their time had come. If that emptied it, Removed is called next;
	// Modified is called as well. The fields are the callee's.
	FieldsExpired(tx *Tx, key []byte, fields [][]byte, emptied bool)
	// Missed: a key was looked up for reading and is not there. Created: a key
	// was made; its value is not. Only where Space.SetNotices asks for it.
	Missed(tx *Tx, key []byte)
	Created(tx *Tx, key []byte)
}

// What Space.notices asks for.
const (
	noticeMissed = 1 << iota
	noticeCreated
)

// SetNotices chooses whether sinks hear of missed and created keys.
func (s *Space) SetNotices(missed, created bool) {
	n := uint32(0)
	if missed {
		n |= noticeMissed
	}
	if created {
		n |= noticeCreated
	}
	s.notices.Store(n)
}

// Reason says why the server removed a key by itself.
type Reason uint8

// Reasons.
const (
	ReasonExpired Reason = iota
	ReasonEvicted
	ReasonEmptied // a hash, all of whose fields had expired
)

// NewWorker registers a worker. sink may be nil. The caller holds no reader lock:
// registering waits for exclusive mode to end.
func (s *Space) NewWorker(sink Sink) *Worker {
	w := &Worker{space: s, heap: s.pool.NewHeap(), sink: sink}
	w.tx.w, w.other.w = w, w
	w.tx.origin = uint64(s.pool.Base())
	w.other.origin = w.tx.origin
	w.rng = hashKey(s.seed, []byte("worker")) | 1
	s.exclusiveMu.Lock()
	s.workersMu.Lock()
	w.rng += uint64(len(s.workers)) * 2
	w.lane = s.lanes
	s.lanes++
	s.workers = append(slices.Clip(s.workers), w)
	s.workersMu.Unlock()
	s.exclusiveMu.Unlock()
	return w
}

// Close unregisters the worker and returns its memory to the pool. It must not
// hold its reader lock.
func (w *Worker) Close() {
	s := w.space
	s.exclusiveMu.Lock()
	s.workersMu.Lock()
	s.workers = slices.DeleteFunc(slices.Clone(s.workers), func(o *Worker) bool { return o == w })
	s.workersMu.Unlock()
	s.exclusiveMu.Unlock()
	w.heap.Close()
}

// Heap returns the worker's allocator front.
func (w *Worker) Heap() *offheap.Heap { return w.heap }

// Space returns the space the worker works in.
func (w *Worker) Space() *Space { return w.space }

// Enter takes the reader lock. A loop does so once per batch, and waits here
// while exclusive mode is in force or wanted.
func (w *Worker) Enter() {
	s := w.space
	if s.exclusivePending.Load() != 0 {
		s.exclusiveMu.Lock()
		//lint:ignore SA2001 waiting for exclusive mode to end is the point
		s.exclusiveMu.Unlock()
	}
	w.mu.Lock()
	w.turns.Store(w.turns.Load() + 1)
}

// Leave releases the reader lock and publishes the counters of the allocator and
// of changes.
func (w *Worker) Leave() {
	w.heap.Sync()
	if w.Stats.Dirty != w.changes.Load() {
		w.changes.Store(w.Stats.Dirty)
	}
	w.mu.Unlock()
}

// Exclusive runs f while no other worker executes anything. The caller holds
// its reader lock and no shard; between giving up the one and getting the
// others, another worker's exclusive section may run. Nested calls run f at once.
func (w *Worker) Exclusive(f func()) {
	if w.exclusive {
		f()
		return
	}
	w.BeginExclusive()
	defer w.EndExclusive()
	f()
}

// BeginExclusive enters exclusive mode; see Exclusive.
func (w *Worker) BeginExclusive() {
	s := w.space
	if !s.exclusiveMu.TryLock() {
		s.exclusivePending.Add(1)
		w.mu.Unlock()
		s.exclusiveMu.Lock()
		w.mu.Lock()
		s.exclusivePending.Add(-1)
	}
	s.exclusivePending.Add(1)
	for _, o := range s.workers {
		if o != w {
			o.mu.Lock()
		}
	}
	w.exclusive = true
	w.Stats.ExclusiveEnters++
}

// EndExclusive leaves exclusive mode and keeps the worker's own reader lock.
func (w *Worker) EndExclusive() {
	s := w.space
	w.exclusive = false
	for _, o := range s.workers {
		if o != w {
			o.mu.Unlock()
		}
	}
	s.exclusivePending.Add(-1)
	s.exclusiveMu.Unlock()
}

// Changes is Stats.Dirty as of when the reader lock was last released. Any
// goroutine may ask.
func (w *Worker) Changes() int64 { return w.changes.Load() }

// InExclusive reports whether the worker is in exclusive mode.
func (w *Worker) InExclusive() bool { return w.exclusive }

// EachWorker calls f for every worker. Exclusive mode only.
func (w *Worker) EachWorker(f func(*Worker)) {
	for _, o := range w.space.workers {
		f(o)
	}
}

// OthersTurns counts how often other workers have begun to execute: who remembers
// it can tell whether any has since.
func (w *Worker) OthersTurns() (n uint64) {
	s := w.space
	s.workersMu.Lock()
	workers := s.workers
	s.workersMu.Unlock()
	for _, o := range workers {
		if o != w {
			n += o.turns.Load()
		}
	}
	return n
}

// LockShard locks one shard; UnlockShards releases it.
func (w *Worker) LockShard(i int) {
	w.space.shards[i].mu.Lock()
	w.held[i>>6] |= 1 << (i & 63)
}

// LockShards locks a set of shards, given as a bitmap, in ascending order.
func (w *Worker) LockShards(set *[4]uint64) {
	for k, word := range set {
		for ; word != 0; word &= word - 1 {
			w.space.shards[k<<6|bits.TrailingZeros64(word)].mu.Lock()
		}
	}
	w.held = *set
}

// UnlockShards releases what LockShard or LockShards locked.
func (w *Worker) UnlockShards() {
	for k := range w.held {
		for word := w.held[k]; word != 0; word &= word - 1 {
			w.space.shards[k<<6|bits.TrailingZeros64(word)].mu.Unlock()
		}
		w.held[k] = 0
	}
}

// UnlockShard releases the one shard that LockShard locked.
func (w *Worker) UnlockShard(i int) {
	w.held[i>>6] = 0
	w.space.shards[i].mu.Unlock()
}

// Random returns the next number of the worker's own generator (xorshift64*).
func (w *Worker) Random() uint64 {
	x := w.rng
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	w.rng = x
	return x * 0x2545f4914f6cdd1d
}
