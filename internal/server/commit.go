package server

import (
	"time"

	"github.com/kvasirdb/kvasir/internal/platform/pace"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
)

// Durability is what replies wait for, so that what they acknowledge is on disk.
// Loops call it under their reader locks.
type Durability struct {
	// Commit is called before replies leave. If it reports false, it has become
	// impossible to commit: the loop closes its clients without answering them.
	Commit func() bool
	// Committed reports whether all that has been executed is committed.
	Committed func() bool
	// Patience is how long it pays to wait for requests that the same commit can
	// serve. It is 0 when there is nothing to commit.
	Patience func() time.Duration
}

// HoldReplies makes every loop keep replies back as d says. Nil ends it.
func (s *Server) HoldReplies(d *Durability) { s.durability.Store(d) }

// commit is called when clients are about to be flushed. It reports whether there
// was anything to commit.
func (l *Loop) commit() bool {
	d := l.server.durability.Load()
	if d == nil || d.Committed() {
		return false
	}
	if !d.Commit() {
		l.muted = true
	}
	return true
}

// mayAnswer reports whether replies may leave without a commit.
func (l *Loop) mayAnswer() bool {
	d := l.server.durability.Load()
	return d == nil || !l.muted && d.Committed()
}

const (
	gatherLooks   = 8 // within the patience
	gatherStepMin = 10 * time.Microsecond
	gatherIdleMax = 2  // looks that find nothing, one after the other
	gatherMax     = 64 // looks that find something
)

// gather takes in the requests that are on their way, before a commit that takes
// long. A commit serves one request or fifty in the same time; but the loop is back
// here before all clients that it has just answered have sent their next request,
// and whoever comes a moment late waits for two commits. So it waits while clients
// keep coming and those of the last commit are not all back, for a part of the time
// of a commit at most.
func (l *Loop) gather(events []poll.Event) {
	d := l.server.durability.Load()
	if d == nil || l.came >= l.answered {
		return
	}
	step := d.Patience() / gatherLooks
	if step < gatherStepMin {
		return
	}
	for idle, sleeps, looks := 0, 0, 0; l.came < l.answered && looks < gatherMax; {
		n, err := l.poller.Wait(events, 0)
		switch {
		case err != nil:
			return // the next turn meets it again
		case n > 0:
			looks++
			idle = 0
			l.take(events[:n])
			l.execute()
		case idle == gatherIdleMax || sleeps == gatherLooks:
			return
		default:
			idle++
			sleeps++
			pace.Sleep(step)
		}
	}
}
