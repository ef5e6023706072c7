package loadgen

import (
	"sync/atomic"
)

const (
	// Requests due within this time may go now: a loop cannot wait more exactly.
	paceLookaheadNanos = 1_000_000
	// A server that stalled is sent at most this much of what it missed.
	paceCatchUpNanos = 1_000_000_000
)

// pacer limits the requests per second of all lanes together. It remembers the
// time at which the requests let through so far would have been due at an even
// rate; a request may go when its own time has come.
type pacer struct {
	requestNanos float64
	dueNanos     atomic.Int64 // 0 before the first request
}

func newPacer(requestsPerSecond int) *pacer {
	return &pacer{requestNanos: 1e9 / float64(requestsPerSecond)}
}

// take asks to send n requests at the time now. It returns 0 if they may go, or
// how long to wait before asking again.
func (p *pacer) take(now int64, n int) (waitNanos int64) {
	cost := int64(p.requestNanos * float64(n))
	horizon := now + paceLookaheadNanos
	// However late, and however much one batch costs, it may go in the end.
	oldest := horizon - max(paceCatchUpNanos, cost)
	for {
		seen := p.dueNanos.Load()
		due := seen
		if due == 0 {
			due = now
		}
		due = max(due, oldest) + cost
		if due > horizon {
			// Remember the first attempt's time, or the batch's turn never comes.
			if seen != 0 || p.dueNanos.CompareAndSwap(seen, now) {
				return due - horizon
			}
			continue
		}
		if p.dueNanos.CompareAndSwap(seen, due) {
			return 0
		}
	}
}
