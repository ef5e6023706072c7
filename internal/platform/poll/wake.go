package poll

import "sync/atomic"

// wakeState lets Wake skip its system call unless the loop sleeps, and lets
// many wake-ups before the loop looks count as one.
//
//	running ── sleep ──► sleeping ── notify: system call ──► notified
//	   │                    └─────── awake ──► running           │
//	   └────────── notify: no system call ──► notified ── awake ─┘
//
// Whoever wakes the loop first puts its message into the loop's queue. The
// loop empties the queue after each Wait, hence after awake: a notify that
// finds notified set comes before that awake, so its message will be seen.
type wakeState struct {
	state atomic.Uint32
}

const (
	running uint32 = iota
	sleeping
	notified
)

// notify records a wake-up and reports whether the loop sleeps.
func (w *wakeState) notify() (asleep bool) {
	if w.state.Load() == notified {
		return false
	}
	return w.state.Swap(notified) == sleeping
}

// pending reports whether a wake-up waits to be taken.
func (w *wakeState) pending() bool { return w.state.Load() == notified }

// sleep announces that the loop is about to block. It returns false if a
// wake-up has come already: the loop must not block.
func (w *wakeState) sleep() bool { return w.state.CompareAndSwap(running, sleeping) }

// awake takes all wake-ups so far.
func (w *wakeState) awake() { w.state.Store(running) }
