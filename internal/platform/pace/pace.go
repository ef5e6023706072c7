// Package pace lets background work give way to the threads that serve clients.
//
// Work that holds a lock now and then must not be lowered in priority: a thread
// of low priority that was interrupted with the lock held gets no processor for
// long, and whoever waits for the lock does not either. What helps is to work in
// short bursts and to sleep between them. A thread that has slept is let run at
// once and is seldom interrupted within a burst.
//
// How long to sleep follows from whether the operating system interrupts the
// thread (an involuntary context switch, getrusage(2)): then others want the
// processor. On an idle machine that does not happen, and work goes on without a
// pause.
package pace

import (
	"runtime"
	"time"
)

// The share of a processor that work takes: it is halved by each burst that was
// interrupted and grows by a step with each that was not.
const (
	shareMin  = 1.0 / 8
	shareStep = 1.0 / 128
)

// Pacer paces the work of one goroutine.
type Pacer struct {
	share       float64
	cpu         time.Duration
	interrupted int64
}

// New ties the calling goroutine to its thread until Close; all bursts are its.
func New() *Pacer {
	runtime.LockOSThread()
	return &Pacer{share: 1}
}

// Close ends what New began.
func (p *Pacer) Close() { runtime.UnlockOSThread() }

// Begin begins a burst.
func (p *Pacer) Begin() { p.cpu, p.interrupted = usage() }

// Rest ends a burst and sleeps as long as others need the processor. The caller
// holds no lock.
func (p *Pacer) Rest() {
	cpu, interrupted := usage()
	if d := p.pause(cpu-p.cpu, interrupted > p.interrupted); d > 0 {
		sleep(d)
	}
}

// pause returns how long to sleep after a burst.
func (p *Pacer) pause(ran time.Duration, interrupted bool) time.Duration {
	if interrupted {
		p.share = max(shareMin, p.share/2)
	} else {
		p.share = min(1, p.share+shareStep)
	}
	return time.Duration(float64(ran) * (1/p.share - 1))
}
