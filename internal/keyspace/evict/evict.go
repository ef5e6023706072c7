// Package evict keeps the server within maxmemory: when more is used, it
// removes keys, chosen by a policy, before a command runs.
//
// Vocabulary:
//
//   - A policy says which keys may go (all, or those with an expiry) and which
//     go first.
//   - A candidate is a key with a score: how long it has not been used, how
//     seldom it is used, or how soon it expires. Higher scores go first.
//   - The pool holds the best candidates met so far. For every key that has to
//     go, a few random keys of every database are offered to the pool, and the
//     best of the pool goes. So a good choice comes from few looks at keys.
//   - Tenacity bounds how long a command is held up. What is still over the
//     limit then is left to later steps between turns of an event loop.
//
// The Evictor is used by all loops at once. A loop locks one shard at a time,
// before the locks of its command; the pool has a mutex of its own, taken under
// a shard's lock and held for a few comparisons.
package evict

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
)

// Order says which keys go first.
type Order uint8

// The orders.
const (
	LeastRecent   Order = iota // not used for the longest time
	LeastFrequent              // used most seldom
	Soonest                    // expires first
	Random
)

// Policy is a maxmemory-policy.
type Policy struct {
	Never    bool // noeviction
	Volatile bool // only keys with an expiry
	Order    Order
}

// Settings are the parameters, replaced as a whole.
type Settings struct {
	LimitBytes int64 // maxmemory; 0 none
	Policy     Policy
	Samples    int // maxmemory-samples
	Tenacity   int // maxmemory-eviction-tenacity
}

// Options are what an Evictor needs from its surroundings.
type Options struct {
	Clock clock.Clock
	// OtherBytes is the memory in use besides the allocator's: buffers of
	// clients. UncountedBytes is the part of all memory that maxmemory does not
	// limit.
	OtherBytes, UncountedBytes func() int64
	// Suspended reports whether the limit does not count now; Forbidden, whether
	// it does and no key may be removed all the same.
	Suspended, Forbidden func() bool
	// Later arranges for a call of Continue soon, outside of any command.
	Later func()
	// Pending is how many values wait to be freed in the background.
	Pending func() int64
}

// Result is how an attempt to get within the limit ended.
type Result uint8

const (
	// Within: memory is within the limit, or the limit does not count now.
	Within Result = iota
	// Running: not within the limit yet; Later has been called.
	Running
	// Failed: over the limit, and nothing may be removed.
	Failed
)

// Evictor keeps one server within its limit.
type Evictor struct {
	options  Options
	settings atomic.Pointer[Settings]

	mu     sync.Mutex // guards pool and census
	pool   pool
	census []keyspace.Census // by database
	nextDB int               // the one that the random policies look at next

	running       atomic.Bool  // Later was called and Continue has not come
	evicted       atomic.Int64 // keys
	exceededSince atomic.Int64 // Clock.Mono, 0 while within the limit
	exceeded      atomic.Int64 // nanoseconds in all, without the present time
}

// New returns an Evictor without a limit for a number of databases.
func New(databases int, o Options) *Evictor {
	e := &Evictor{options: o, census: make([]keyspace.Census, databases)}
	e.settings.Store(&Settings{})
	return e
}

// Configure replaces the settings. Candidates of another policy are forgotten.
func (e *Evictor) Configure(s Settings) {
	if old := e.settings.Swap(&s); old.Policy != s.Policy {
		e.mu.Lock()
		e.pool.clear()
		e.mu.Unlock()
	}
	if s.LimitBytes == 0 {
		e.note(Within)
	}
}

// Over reports whether the worker sees more memory in use than the limit
// allows.
func (e *Evictor) Over(w *keyspace.Worker) bool {
	limit := e.settings.Load().LimitBytes
	return limit > 0 && e.excess(w, limit) > 0
}

// excess is how many bytes are used over the limit. The worker's own use is
// exact, that of others as of their last batch.
func (e *Evictor) excess(w *keyspace.Worker, limit int64) int64 {
	used := w.Heap().Used() + e.options.OtherBytes()
	if used <= limit {
		return 0
	}
	return max(used-e.options.UncountedBytes()-limit, 0)
}

// stepKeys is how many keys are removed between two looks at the clock.
const stepKeys = 16

// MakeRoom makes room for a command: it removes keys until memory is within the
// limit, or the time that tenacity allows is over. The worker holds its reader
// lock and no shard.
func (e *Evictor) MakeRoom(w *keyspace.Worker, nowMillis int64) Result {
	s := e.settings.Load()
	if s.LimitBytes == 0 || e.excess(w, s.LimitBytes) == 0 {
		return e.note(Within)
	}
	if e.options.Suspended() {
		return Within
	}
	if s.Policy.Never || e.options.Forbidden() {
		return e.note(Failed)
	}
	return e.note(e.evict(w, s, nowMillis))
}

// Continue goes on where MakeRoom ran out of time.
func (e *Evictor) Continue(w *keyspace.Worker, nowMillis int64) {
	e.running.Store(false)
	e.MakeRoom(w, nowMillis)
}

func (e *Evictor) evict(w *keyspace.Worker, s *Settings, nowMillis int64) Result {
	began, limit := e.options.Clock.Mono(), timeLimit(s.Tenacity)
	lazy := w.Space().RemovesLazily(keyspace.ReasonEvicted)
	handed := int64(0) // bytes of removed values that are freed in the background
	for keys := 1; e.excess(w, s.LimitBytes) > handed; keys++ {
		background, ok := e.evictOne(w, s, nowMillis, lazy)
		if !ok {
			return e.awaitFrees(w, s, began, limit)
		}
		handed += background
		if keys%stepKeys == 0 && e.options.Clock.Mono()-began > int64(limit) {
			e.later()
			return Running
		}
	}
	return Within
}

// awaitFrees waits a moment for the background, when no key is left that may be
// removed.
func (e *Evictor) awaitFrees(w *keyspace.Worker, s *Settings, began int64, limit time.Duration) Result {
	for e.options.Pending() > 0 && e.options.Clock.Mono()-began < int64(limit) {
		if e.excess(w, s.LimitBytes) == 0 {
			return Within
		}
		time.Sleep(min(limit, time.Millisecond))
	}
	if e.excess(w, s.LimitBytes) == 0 {
		return Within
	}
	return Failed
}

func (e *Evictor) later() {
	if e.running.CompareAndSwap(false, true) {
		e.options.Later()
	}
}

// timeLimit is how long a command is held up at most: up to half a millisecond
// for a tenacity up to 10, beyond that 15% more with each step, and 100 is no
// limit.
func timeLimit(tenacity int) time.Duration {
	const linearMax, perStep, growth = 10, 50 * time.Microsecond, 1.15
	switch {
	case tenacity <= linearMax:
		return time.Duration(tenacity) * perStep
	case tenacity < 100:
		return time.Duration(float64(linearMax*perStep) * math.Pow(growth, float64(tenacity-linearMax)))
	}
	return math.MaxInt64
}

// note keeps the account of the time over the limit.
func (e *Evictor) note(r Result) Result {
	since := e.exceededSince.Load()
	switch {
	case r != Within && since == 0:
		e.exceededSince.CompareAndSwap(0, max(e.options.Clock.Mono(), 1))
	case r == Within && since != 0 && e.exceededSince.CompareAndSwap(since, 0):
		e.exceeded.Add(e.options.Clock.Mono() - since)
	}
	return r
}

// Evicted returns how many keys were removed (evicted_keys).
func (e *Evictor) Evicted() int64 { return e.evicted.Load() }

// ExceededMillis returns how long memory has been over the limit in all, and
// for how long it has been now (total_ and current_eviction_exceeded_time).
func (e *Evictor) ExceededMillis() (total, current int64) {
	if since := e.exceededSince.Load(); since != 0 {
		current = e.options.Clock.Mono() - since
	}
	return (e.exceeded.Load() + current) / 1e6, current / 1e6
}

// ResetStats zeroes the counters (CONFIG RESETSTAT).
func (e *Evictor) ResetStats() {
	e.evicted.Store(0)
	e.exceeded.Store(0)
	e.exceededSince.Store(0)
}
