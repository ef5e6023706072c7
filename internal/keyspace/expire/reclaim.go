package expire

import (
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/pace"
)

const (
	queueMax = 1 << 16
	// A step takes some tens of microseconds, for which a client may have to wait
	// if the loop that serves it shares a processor with the Reclaimer.
	flushStepKeys    = 512
	freeStepElements = 512
)

// Reclaimer frees values and flushed databases on a goroutine of its own. It
// implements keyspace.Reclaimer.
type Reclaimer struct {
	heap  *offheap.Heap
	queue chan any // value.Value or *keyspace.DB
	done  sync.WaitGroup

	pending atomic.Int64 // objects waiting
	freed   atomic.Int64 // objects freed
}

// NewReclaimer returns a Reclaimer that frees into pool. Start begins the work.
func NewReclaimer(pool *offheap.Pool) *Reclaimer {
	return &Reclaimer{heap: pool.NewHeap(), queue: make(chan any, queueMax)}
}

// Start begins the work; Stop ends it when everything is freed.
func (r *Reclaimer) Start() {
	r.done.Go(func() {
		for job := range r.queue {
			switch j := job.(type) {
			case value.Value:
				for !keyspace.FreeValueStep(r.heap, &j, freeStepElements) {
					r.rest()
				}
				r.finished(1)
			case *keyspace.DB:
				n := j.Keys()
				for !j.FreeSome(r.heap, flushStepKeys) {
					r.rest()
				}
				r.finished(n)
			}
			r.rest()
		}
		r.heap.Close()
	})
}

// rest publishes what a step has freed and lets others have the processor.
func (r *Reclaimer) rest() {
	r.heap.Sync()
	pace.Yield()
}

// Stop frees what is queued and ends. No more work may be given.
func (r *Reclaimer) Stop() {
	close(r.queue)
	r.done.Wait()
}

func (r *Reclaimer) finished(n int64) {
	r.pending.Add(-n)
	r.freed.Add(n)
}

// Reclaim implements keyspace.Reclaimer.
func (r *Reclaimer) Reclaim(v value.Value) bool {
	return keyspace.FreeEffort(v) > keyspace.LazyFreeThreshold && r.enqueue(v, 1)
}

// ReclaimDB implements keyspace.Reclaimer.
func (r *Reclaimer) ReclaimDB(db *keyspace.DB) bool { return r.enqueue(db, db.Keys()) }

func (r *Reclaimer) enqueue(job any, n int64) bool {
	r.pending.Add(n)
	select {
	case r.queue <- job:
		return true
	default:
		r.pending.Add(-n)
		return false
	}
}

// Pending returns how many objects wait to be freed (lazyfree_pending_objects).
func (r *Reclaimer) Pending() int64 { return r.pending.Load() }

// Freed returns how many objects were freed (lazyfreed_objects).
func (r *Reclaimer) Freed() int64 { return r.freed.Load() }

// ResetFreed zeroes the count of freed objects (CONFIG RESETSTAT).
func (r *Reclaimer) ResetFreed() { r.freed.Store(0) }
