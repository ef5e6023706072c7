// Package pace lets background work give way to the threads that serve clients.
//
// Work that holds a lock now and then must not be lowered in priority: a thread
// of low priority that was interrupted with the lock held gets no processor for
// long, and whoever waits for the lock does not either. What helps is to work in
// short bursts and to sleep between them. A thread that has slept is let run at
// once and is seldom interrupted within a burst.
//
// How long to sleep follows from whether the operating system interrupts the
// thread (an involuntary context switch, getrusage(2)) while clients are served:
// then those who serve them want the processor. Otherwise work goes on without a
// pause. An interruption alone says little: work on a single processor is interrupted
// by its own helpers, as who writes what it has encoded, and by Go's.
//
// Work whose bursts are shorter than anybody minds need not sleep. It calls Yield
// after each, without a lock. A thread that serves clients and shares the processor
// with the work then waits for the rest of a burst; otherwise it would wait until
// the system ends the other thread's turn, which takes milliseconds.
package pace

import "time"

// The share of a processor that work takes: it is halved by each burst that was
// interrupted and grows by a step with each that was not.
const (
	shareMin  = 1.0 / 8
	shareStep = 1.0 / 128
)

// Pacer paces the work of one goroutine. It does not tie it to a thread: that would
// make each passing on to another goroutine two switches of threads.
type Pacer struct {
	share       float64
	ran         time.Duration // the last burst that began and ended on one thread
	thread      int
	cpu         time.Duration
	interrupted int64
}

// New returns a Pacer.
func New() *Pacer { return &Pacer{share: 1} }

// Begin begins a burst.
func (p *Pacer) Begin() {
	p.thread = thread()
	p.cpu, p.interrupted = usage()
}

// Rest ends a burst and sleeps as long as others need the processor; serving tells
// whether clients were served during this burst or the rest before. The caller holds
// no lock.
func (p *Pacer) Rest(serving bool) {
	if cpu, interrupted := usage(); thread() == p.thread {
		p.ran = cpu - p.cpu
		p.note(serving && interrupted > p.interrupted)
	}
	if d := p.pause(); d > 0 {
		Sleep(d)
	}
}

// note takes the end of a burst into account.
func (p *Pacer) note(interrupted bool) {
	if interrupted {
		p.share = max(shareMin, p.share/2)
	} else {
		p.share = min(1, p.share+shareStep)
	}
}

// pause returns how long to sleep after a burst.
func (p *Pacer) pause() time.Duration {
	return time.Duration(float64(p.ran) * (1/p.share - 1))
}
