// Package expire runs the two background tasks of the keyspace: the Expirer
// removes keys whose time has come, and the Reclaimer frees values that nobody
// can reach any more.
package expire

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
)

// The Expirer looks for due keys every period, or, while none have been due for
// some time, every idlePeriod, so that a server without work hardly wakes up. In
// one cycle it works for at most a quarter of the period at effort 1, more with a
// higher effort, as active-expire-effort promises.
const (
	period     = 25 * time.Millisecond
	idlePeriod = 100 * time.Millisecond
	idleCycles = 40  // without work, before the longer period begins
	stepKeys   = 32  // visited while one shard is locked
	cycleKeys  = 512 // visited between two looks at the clock
)

// Expirer removes expired keys in the background.
type Expirer struct {
	worker *keyspace.Worker
	clock  clock.Clock
	effort atomic.Int32
	active atomic.Bool // DEBUG SET-ACTIVE-EXPIRE
	paused func() bool // expiry is not this server's to decide now
	stop   chan struct{}
	done   sync.WaitGroup

	// CapReached counts cycles that ended for lack of time; Micros is the time
	// spent in all.
	CapReached atomic.Int64
	Micros     atomic.Int64
	// OnCycle is told how long a cycle took. It may be set before Start.
	OnCycle func(d time.Duration)
}

// NewExpirer returns an Expirer that works with the given worker, which it owns
// from Start to Stop. paused may be nil.
func NewExpirer(w *keyspace.Worker, c clock.Clock, paused func() bool) *Expirer {
	if paused == nil {
		paused = func() bool { return false }
	}
	x := &Expirer{worker: w, clock: c, paused: paused, stop: make(chan struct{}), OnCycle: func(time.Duration) {}}
	x.effort.Store(1)
	x.active.Store(true)
	return x
}

// SetEffort sets active-expire-effort, 1 to 10.
func (x *Expirer) SetEffort(n int) { x.effort.Store(int32(n)) }

// SetActive turns active expiry on or off.
func (x *Expirer) SetActive(on bool) { x.active.Store(on) }

// Start begins the work; Stop ends it and waits.
func (x *Expirer) Start() {
	x.done.Go(func() {
		t := time.NewTimer(period)
		defer t.Stop()
		for idle := 0; ; {
			select {
			case <-x.stop:
				return
			case <-t.C:
			}
			idle++
			if x.active.Load() && !x.paused() && x.Cycle() {
				idle = 0
			}
			if idle < idleCycles {
				t.Reset(period)
			} else {
				t.Reset(idlePeriod)
			}
		}
	})
}

// Stop ends the background work.
func (x *Expirer) Stop() {
	close(x.stop)
	x.done.Wait()
}

// Cycle removes due keys and fields until none is left or its time is up. It
// reports whether there were any.
func (x *Expirer) Cycle() (worked bool) {
	began := x.clock.Mono()
	before := x.worker.Stats.Expired + x.worker.Stats.ExpiredFields
	limit := int64(period) / 4
	limit += limit * int64(x.effort.Load()-1) / 4
	for {
		left := x.worker.ExpireDue(x.clock.Now().UnixMilli(), cycleKeys, stepKeys)
		spent := x.clock.Mono() - began
		if left > 0 || spent > limit {
			if left == 0 {
				x.CapReached.Add(1)
			}
			x.Micros.Add(spent / 1000)
			x.OnCycle(time.Duration(spent))
			return x.worker.Stats.Expired+x.worker.Stats.ExpiredFields > before
		}
	}
}
