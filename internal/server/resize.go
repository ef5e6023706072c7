package server

import (
	"sync"

	"github.com/kvasirdb/kvasir/internal/platform/processors"
	"github.com/kvasirdb/kvasir/internal/session"
)

// crew is the server's loops, which come and go with io-threads.
//
// Loop 0 stays for good and hires and dismisses the others, between two of its
// turns: a new loop needs a worker, for which exclusive mode has to be over. A loop
// that is dismissed gets no more connections, and at the end of its turn hands over
// those it has, in exclusive mode: then neither its clients nor the other loops do
// anything. A client takes its unsent output and the requests that are not executed
// yet along, so that nothing is lost or overtaken.
type crew struct {
	running sync.WaitGroup

	mu      sync.Mutex
	leaving []*Loop   // dismissed, and not at their end yet
	left    LoopStats // of those that have ended
}

// SetLoops makes the server run with n loops soon. Any goroutine may call it.
func (s *Server) SetLoops(n int) {
	s.wanted.Store(int32(n))
	s.Loops()[0].poller.Wake()
}

// resize hires or dismisses loops. Loop 0, outside of its reader lock.
func (s *Server) resize() {
	now := s.Loops()
	want := int(s.wanted.Load())
	if want == len(now) || s.ending.Load() {
		return
	}
	if want > len(now) {
		processors.Reserve(want)
		grown := append([]*Loop(nil), now...)
		for i := len(now); i < want; i++ {
			l, err := newLoop(s, i)
			if err != nil {
				s.hooks.Log.Warningf("Cannot start event loop %d: %v", i, err)
				s.wanted.Store(int32(i))
				break
			}
			grown = append(grown, l)
			s.crew.running.Go(l.run)
		}
		s.loops.Store(&grown)
		if s.ending.Load() {
			s.Stop() // which may have seen the old ones only
		}
		return
	}
	kept, leaving := now[:want:want], now[want:]
	s.crew.mu.Lock()
	s.loops.Store(&kept)
	s.crew.leaving = append(s.crew.leaving, leaving...)
	s.crew.mu.Unlock()
	for _, l := range leaving {
		l.dismissed.Store(true)
		l.poller.Wake()
	}
}

// handOver ends a dismissed loop's work. It holds its reader lock.
func (l *Loop) handOver() {
	l.inboxMu.Lock()
	l.stopping.Store(true) // nothing is posted from now on
	l.inboxMu.Unlock()
	l.drainInbox()
	l.settle()
	s := l.server
	var orphans []*conn
	l.exec.Do(func() {
		heirs := s.Loops()
		for i, c := range l.conns {
			if c != nil && !heirs[i%len(heirs)].inherit(l, c) {
				orphans = append(orphans, c)
			}
		}
	})
	for _, c := range orphans { // the server ends
		l.close(c)
	}
	s.crew.mu.Lock()
	s.crew.left.add(&l.stats)
	for i, o := range s.crew.leaving {
		if o == l {
			s.crew.leaving = append(s.crew.leaving[:i:i], s.crew.leaving[i+1:]...)
			break
		}
	}
	s.crew.mu.Unlock()
}

// inherit takes over a connection of another loop, unless this one stops. Exclusive
// mode of the other one.
func (l *Loop) inherit(from *Loop, c *conn) bool {
	l.inboxMu.Lock()
	defer l.inboxMu.Unlock()
	if l.stopping.Load() {
		return false
	}
	from.poller.Remove(c.io)
	c.loop, c.Loop = l, l
	c.dirty, c.unfinished, c.touched = false, false, false
	l.place(c)
	l.inbox = append(l.inbox, func() { l.welcome(c) }) // however long the queue is
	l.poller.Wake()
	return true
}

// welcome begins to watch an inherited connection and goes on with what it brings.
func (l *Loop) welcome(c *conn) {
	if c.closed {
		return
	}
	err := l.poller.Add(c.io, c.token)
	if err == nil && c.writeArmed {
		err = l.poller.Modify(c.io, true, true)
	}
	if err != nil {
		l.server.hooks.Log.Warningf("Error registering fd event for a client: %v", err)
		c.Set(session.CloseSoon)
	}
	c.resumed = true
	l.markDirty(c)
	if c.HasMail() {
		l.takeMail(c)
	}
}
