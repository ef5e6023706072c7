// Package trim gives memory that the data no longer needs back to the system,
// a little at a time.
//
// The allocator keeps whole free pages for the next use. After a large deletion
// they would stay the process's for good. The Trimmer looks at them every second;
// when more than a share of the memory in use has been free for another, it
// returns the surplus in steps that other goroutines hardly notice.
package trim

import (
	"sync"
	"time"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/pace"
)

const (
	period     = 100 * time.Millisecond
	restPeriod = time.Second // as long as there is no surplus
	// patience is for how many periods in a row there must be a surplus: what a
	// burst frees, the next may need.
	patience  = 10
	stepBytes = 64 << 20

	// Free pages that stay: a share of the pages in use, and a minimum.
	keptShare = 8
	keptBytes = 16 << 20
)

// Trimmer returns free pages in the background.
type Trimmer struct {
	pool    *offheap.Pool
	waited  int // periods in a row with a surplus
	stop    chan struct{}
	running sync.WaitGroup
}

// New returns a Trimmer for a pool.
func New(pool *offheap.Pool) *Trimmer {
	return &Trimmer{pool: pool, stop: make(chan struct{})}
}

// Start begins the work; Stop ends it and waits.
func (t *Trimmer) Start() {
	t.running.Go(func() {
		timer := time.NewTimer(restPeriod)
		defer timer.Stop()
		for {
			select {
			case <-t.stop:
				return
			case <-timer.C:
			}
			t.Step()
			if t.waited == 0 {
				timer.Reset(restPeriod)
			} else {
				timer.Reset(period)
			}
		}
	})
}

// Stop ends the background work.
func (t *Trimmer) Stop() {
	close(t.stop)
	t.running.Wait()
}

// Step is the work of one period. It returns how many bytes went back.
func (t *Trimmer) Step() int64 {
	surplus := Surplus(t.pool.Stats())
	if surplus <= 0 {
		t.waited = 0
		return 0
	}
	if t.waited++; t.waited < patience {
		return 0
	}
	var given int64
	for want := min(surplus, stepBytes); given < want; pace.Yield() {
		n := t.pool.ReleaseSome(want - given)
		if n == 0 {
			break
		}
		given += n
	}
	return given
}

// Surplus returns how many bytes of free pages are more than is kept.
func Surplus(s offheap.Stats) int64 {
	return s.FreePages - max(s.Active/keptShare, keptBytes)
}
