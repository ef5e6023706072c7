package server

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/session"
)

const (
	readBufferBytes = 1 << 20 // shared by the connections read in one batch
	readBytes       = 16 << 10
	inboxMax        = 1 << 16
	eventsMax       = 1024
	cronInterval    = 100 * time.Millisecond
	listenerToken   = 1 << 62
)

// Loop is one event loop.
type Loop struct {
	server   *Server
	index    int
	poller   *poll.Poller
	exec     *engine.Executor
	stopping atomic.Bool

	buf     []byte // shared read buffer; requests queued now lie below at
	at      int
	conns   []*conn // by token index
	free    []uint32
	dirty   []*conn // have output, or must be closed, or may go on reading
	buffers [][]byte
	pieces  [64][]byte // for vectored writes

	listeners []*poll.Listener
	accepted  []*poll.Conn
	nowMillis int64
	lastCron  time.Time
	cursor    int // where the next check of idle clients begins

	stats    LoopStats // of this turn and all before
	requests int64     // queued so far

	statsMu   sync.Mutex
	published LoopStats // guarded by statsMu: as of the last turn
	zero      bool      // guarded by statsMu: start over at the end of this turn

	inboxMu sync.Mutex
	inbox   []func()
	posted  []func()
}

func newLoop(s *Server, index int) (*Loop, error) {
	p, err := poll.New(poll.Options{})
	if err != nil {
		return nil, err
	}
	l := &Loop{server: s, index: index, poller: p, buf: make([]byte, readBufferBytes), accepted: make([]*poll.Conn, 64)}
	l.exec = s.engine.NewExecutor(l)
	return l, nil
}

// Index implements session.Loop.
func (l *Loop) Index() int { return l.index }

// Executor returns the loop's executor; for the loop's own goroutine.
func (l *Loop) Executor() *engine.Executor { return l.exec }

// Post implements session.Loop.
func (l *Loop) Post(f func()) bool {
	l.inboxMu.Lock()
	ok := len(l.inbox) < inboxMax && !l.stopping.Load()
	if ok {
		l.inbox = append(l.inbox, f)
	}
	l.inboxMu.Unlock()
	if ok {
		l.poller.Wake()
	}
	return ok
}

// run is the loop's life.
func (l *Loop) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]poll.Event, eventsMax)
	l.tick(time.Now())
	for !l.stopping.Load() {
		n, err := l.poller.Wait(events, l.patience())
		if err != nil {
			l.server.hooks.Log.Warningf("Event loop %d: %v", l.index, err)
			break
		}
		l.turn(events[:n])
	}
	l.shutdown()
}

// patience is how long the loop may sleep: until the next cron or the deadline
// of a waiting client.
func (l *Loop) patience() time.Duration {
	d := cronInterval
	if l.index == 0 {
		if at := l.server.engine.NextDeadline(); at > 0 {
			d = min(d, max(0, time.Duration(at-l.nowMillis)*time.Millisecond))
		}
	}
	return d
}

// turn handles one round of events. The stages are those of the package
// comment.
func (l *Loop) turn(events []poll.Event) {
	ticks, commands := clock.Ticks(), l.requests
	began := time.Now()
	l.tick(began)
	for i := range events {
		ev := &events[i]
		if ev.Token >= listenerToken {
			l.accept(int(ev.Token - listenerToken))
			continue
		}
		c := l.conn(ev.Token)
		if c == nil {
			continue
		}
		if ev.Writable {
			l.markDirty(c)
		}
		if ev.Readable || ev.Hangup {
			l.read(c)
		}
	}
	l.execute()
	l.settle()
	l.drainInbox()
	if l.index == 0 {
		if at := l.server.engine.NextDeadline(); at > 0 && at <= l.nowMillis {
			l.exec.EndWaits()
		}
	}
	if began.Sub(l.lastCron) >= cronInterval {
		l.lastCron = began
		t := clock.Ticks()
		l.cron()
		l.stats.CronTicks += clock.Ticks() - t
	}
	l.settle()
	l.publish(clock.Ticks()-ticks, l.requests-commands)
}

// tick freezes the time for this turn.
func (l *Loop) tick(now time.Time) {
	l.nowMillis = now.UnixMilli()
	l.exec.SetNow(l.nowMillis)
}

// execute runs the queued requests, after which the read buffer is free again.
func (l *Loop) execute() {
	l.exec.Execute()
	l.at = 0
}

// settle flushes the dirty clients, closes those that are to be closed, and
// lets those go on that no longer wait.
func (l *Loop) settle() {
	for len(l.dirty) > 0 {
		list := l.dirty
		l.dirty = nil
		for _, c := range list {
			c.dirty = false
			l.settleConn(c)
		}
		l.execute()
		if l.dirty == nil {
			l.dirty = list[:0]
		}
	}
}

func (l *Loop) settleConn(c *conn) {
	if c.closed {
		return
	}
	if c.held != nil {
		c.restore()
	}
	if c.Flags&session.CloseSoon != 0 || !l.flush(c) {
		l.close(c)
		return
	}
	if len(c.pending) > 0 && c.Flags&(session.Blocked|session.CloseAfterReply) == 0 && c.resumed {
		c.resumed = false
		l.parsePending(c)
	}
}

// drainInbox does what others have posted.
func (l *Loop) drainInbox() {
	l.inboxMu.Lock()
	l.posted, l.inbox = l.inbox, l.posted[:0]
	l.inboxMu.Unlock()
	for i, f := range l.posted {
		f()
		l.posted[i] = nil
	}
	l.posted = l.posted[:0]
}

// Unexecuted implements engine.Host.
func (l *Loop) Unexecuted(sc *session.Client, raw []byte) {
	c := l.of(sc)
	c.held = append(c.held, raw...)
	l.markDirty(c)
}

// Dirty implements engine.Host.
func (l *Loop) Dirty(sc *session.Client) { l.markDirty(l.of(sc)) }

func (l *Loop) markDirty(c *conn) {
	if !c.dirty {
		c.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// of returns the connection of a client of this loop.
func (l *Loop) of(sc *session.Client) *conn { return connOf(sc) }

// conn returns the connection that a token names, unless it was closed.
func (l *Loop) conn(token uint64) *conn {
	i := uint32(token)
	if int(i) >= len(l.conns) {
		return nil
	}
	c := l.conns[i]
	if c == nil || c.token != token {
		return nil
	}
	return c
}

// cron keeps the timers of this loop's clients, and the server's on loop 0.
func (l *Loop) cron() {
	limits := l.server.Limits()
	// Every client is looked at about once a second.
	for n := len(l.conns)/10 + 1; n > 0 && len(l.conns) > 0; n-- {
		l.cursor = (l.cursor + 1) % len(l.conns)
		if c := l.conns[l.cursor]; c != nil {
			l.checkIdle(c, limits)
		}
	}
	if l.index == 0 {
		l.server.hooks.Cron(l.nowMillis)
	}
}

func (l *Loop) checkIdle(c *conn, limits *Limits) {
	c.shrinkPending()
	idle := l.nowMillis - c.LastInteractionMillis
	const exempt = session.Replica | session.Primary | session.Blocked | session.PubSub
	if limits.IdleTimeoutMillis > 0 && idle > limits.IdleTimeoutMillis && c.Flags&exempt == 0 {
		l.server.hooks.Log.Verbosef("Closing idle client")
		l.close(c)
		return
	}
	if c.Out.Len() > 0 {
		l.checkOutput(c, limits)
	}
}

// addListener and removeListener run on the loop.
func (l *Loop) addListener(ln *poll.Listener) {
	l.listeners = append(l.listeners, ln)
	if err := l.poller.AddListener(ln, listenerToken+uint64(len(l.listeners)-1)); err != nil {
		l.server.hooks.Log.Warningf("Cannot watch listener %s: %v", ln.Addr(), err)
	}
}

func (l *Loop) removeListener(ln *poll.Listener) {
	if i := slices.Index(l.listeners, ln); i >= 0 {
		l.poller.RemoveListener(ln)
		ln.Close()
		l.listeners[i] = nil
	}
}

// accept takes waiting connections and deals them out to the loops.
func (l *Loop) accept(i int) {
	ln := l.listeners[i]
	if ln == nil {
		return
	}
	limits := l.server.Limits()
	for left := max(limits.AcceptsPerTurn, 1); left > 0; {
		n, err := ln.Accept(l.accepted[:min(left, len(l.accepted))])
		for _, pc := range l.accepted[:n] {
			l.server.deal(pc)
		}
		if err != nil {
			if !errors.Is(err, poll.ErrAgain) {
				l.server.hooks.Log.Warningf("Accepting client connection: %v", err)
			}
			return
		}
		if n < min(left, len(l.accepted)) {
			return
		}
		left -= n
	}
}

// deal gives a new connection to the next loop.
func (s *Server) deal(pc *poll.Conn) {
	s.Stats.Connections.Add(1)
	l := s.loops[int(s.nextLoop.Add(1)-1)%len(s.loops)]
	if l.index == 0 {
		l.adopt(pc)
		return
	}
	if !l.Post(func() { l.adopt(pc) }) {
		pc.Close()
	}
}

// shutdown flushes and closes everything.
func (l *Loop) shutdown() {
	for _, ln := range l.listeners {
		if ln != nil {
			ln.Close()
		}
	}
	for _, c := range l.conns {
		if c != nil {
			l.flush(c)
			l.close(c)
		}
	}
	l.exec.Close()
	l.poller.Close()
}

// endWait takes a client that goes away out of the queues of waiting clients.
func (l *Loop) endWait(c *conn) {
	if w := blocking.Of(&c.Client); w != nil {
		l.server.engine.Waiting.Remove(w)
	}
}
