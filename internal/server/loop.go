package server

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/platform/processors"
	"github.com/kvasirdb/kvasir/internal/session"
)

const (
	readBufferBytes = 1 << 20 // shared by the connections read in one batch
	readBytes       = 16 << 10
	inboxMax        = 1 << 16
	eventsMax       = 1024
	listenerToken   = 1 << 62
	yieldConns      = 64 // clients flushed before exclusive mode of others is let in
)

// Loop is one event loop.
type Loop struct {
	server   *Server
	index    int
	poller   *poll.Poller
	exec     *engine.Executor
	stopping atomic.Bool

	dismissed atomic.Bool // io-threads has become less; see crew

	buf   []byte // shared read buffer; requests queued now lie below at
	at    int
	conns []*conn // by token index
	free  []uint32
	dirty []*conn // have output, or must be closed, or may go on reading

	buffers     [][]byte // for output, not in use
	bufferBytes int      // of them all

	unfinished []*conn    // go on in the next turn
	muted      bool       // no reply may leave any more; see Durability
	came       int        // clients that sent something in this turn
	answered   int        // clients that the last commit was for
	spare      []*conn    // memory of that list
	pieces     [64][]byte // for vectored writes

	listeners []listener
	accepted  []*poll.Conn
	nowMillis int64
	lastCron  time.Time
	cursor    int // where the next check of idle clients begins

	stats    LoopStats // of this turn and all before
	requests int64     // queued so far

	statsMu   sync.Mutex
	published LoopStats   // guarded by statsMu: as of the last turn
	peaks     recentPeaks // guarded by statsMu
	zero      bool        // guarded by statsMu: start over at the end of this turn

	inboxMu sync.Mutex
	inbox   []func()
	posted  []func()
	touched []*conn // guarded by inboxMu

	hasTouched   atomic.Bool
	spareTouched []*conn // memory of touched
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

// run is the loop's life. It holds its reader lock except while it sleeps and
// while the server's own timers run: whatever is done to a client is done under
// it, so that all clients stand still in exclusive mode.
func (l *Loop) run() {
	events := make([]poll.Event, eventsMax)
	l.tick(time.Now())
	scheduled := l.nowMillis
	for !l.stopping.Load() {
		n, err := l.poller.Wait(events, l.patience())
		if err != nil {
			l.server.hooks.Log.Warningf("Event loop %d: %v", l.index, err)
			break
		}
		l.exec.Enter()
		due := l.turn(events[:n])
		l.exec.Leave()
		if l.dismissed.Load() {
			break
		}
		if l.index == 0 {
			if due {
				l.server.hooks.Cron(l.nowMillis)
			}
			l.server.resize()
		}
		if l.nowMillis-scheduled >= processors.Turn.Milliseconds() {
			scheduled = l.nowMillis
			runtime.Gosched()
		}
	}
	l.exec.Enter()
	if l.dismissed.Load() {
		l.handOver()
	} else {
		l.shutdown()
	}
	l.exec.Leave()
	l.exec.Close()
	l.poller.Close()
}

// patience is how long the loop may sleep: until its next cron, and on loop 0
// until the deadline of a waiting client or of a pause.
func (l *Loop) patience() time.Duration {
	if len(l.unfinished) > 0 {
		return 0
	}
	d := l.server.Limits().CronInterval
	if l.index == 0 {
		wakes := l.nowMillis + d.Milliseconds()
		l.server.wakesAt.Store(wakes)
		if at := l.server.nextDeadline(); at > 0 && at < wakes {
			d = max(0, time.Duration(at-l.nowMillis)*time.Millisecond)
			l.server.wakesAt.Store(at)
		}
	}
	return d
}

// nextDeadline returns when loop 0 has to end a wait or a pause, 0 for never.
func (s *Server) nextDeadline() int64 {
	wait, pause := s.engine.NextDeadline(), s.Pauses.until.Load()
	if wait == 0 || pause != 0 && pause < wait {
		return pause
	}
	return wait
}

// turn handles one round of events. The stages are those of the package
// comment. It reports whether the timers were due.
func (l *Loop) turn(events []poll.Event) (timers bool) {
	ticks, commands := clock.Ticks(), l.requests
	began := time.Now()
	l.tick(began)
	if l.hasTouched.Load() {
		l.takeTouched()
	}
	l.goOn()
	l.came = 0
	l.take(events)
	l.execute()
	l.gather(events[:cap(events)])
	l.settle()
	l.drainInbox()
	l.keepDeadlines()
	due := began.Sub(l.lastCron) >= l.server.Limits().CronInterval
	if due {
		l.lastCron = began
	}
	if timers = due && !l.server.cronPaused.Load(); timers {
		t := clock.Ticks()
		l.cron()
		l.stats.CronTicks += clock.Ticks() - t
	}
	l.settle()
	l.evict()
	l.publish(clock.Ticks()-ticks, l.requests-commands)
	return timers
}

// take handles what the poller has found.
func (l *Loop) take(events []poll.Event) {
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
			l.came++
			l.read(c)
		}
	}
}

// tick freezes the time for this turn.
func (l *Loop) tick(now time.Time) {
	l.nowMillis = now.UnixMilli()
	l.exec.SetNow(l.nowMillis)
}

// goOn continues with the clients that had more input or output than fits into
// one turn.
func (l *Loop) goOn() {
	list := l.unfinished
	l.unfinished = l.spare[:0]
	for i, c := range list {
		c.unfinished = false
		l.markDirty(c)
		if !c.closed && len(c.pending) > 0 && c.Flags&session.Waits == 0 {
			l.parsePending(c)
		}
		list[i] = nil
	}
	l.spare = list[:0]
}

// postpone lets a client go on in the next turn.
func (l *Loop) postpone(c *conn) {
	if !c.unfinished && !c.closed {
		c.unfinished = true
		l.unfinished = append(l.unfinished, c)
	}
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
		if l.commit() {
			l.answered = len(l.dirty)
		}
		list := l.dirty
		l.dirty = nil
		for i, c := range list {
			c.dirty = false
			l.settleConn(c)
			if i%yieldConns == yieldConns-1 {
				l.exec.Yield()
				l.commit() // others may have answered clients of this loop
			}
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
	c.restore()
	if c.HasMail() {
		l.takeMail(c)
	}
	limits := l.server.Limits()
	if c.Out.Len() > 0 && l.overOutputLimit(c, limits) || c.Flags&session.CloseSoon != 0 || l.muted || !l.flush(c) {
		l.close(c)
		return
	}
	if len(c.pending) > 0 && c.Flags&(session.Waits|session.CloseAfterReply) == 0 && c.resumed {
		c.resumed = false
		l.postpone(c)
	}
	c.account()
}

// drainInbox does what others have posted, and looks after clients that others
// have touched.
func (l *Loop) drainInbox() {
	l.inboxMu.Lock()
	l.posted, l.inbox = l.inbox, l.posted[:0]
	l.inboxMu.Unlock()
	for i, f := range l.posted {
		f()
		l.posted[i] = nil
	}
	l.posted = l.posted[:0]
	l.takeTouched()
}

// takeTouched looks after clients that others have touched: they get their mail
// now, before they are answered anything else, and the rest when they are settled.
func (l *Loop) takeTouched() {
	l.inboxMu.Lock()
	l.hasTouched.Store(false)
	list := l.touched
	l.touched = l.spareTouched[:0]
	for _, c := range list {
		c.touched = false
	}
	l.inboxMu.Unlock()
	for i, c := range list {
		c.resumed = true
		l.markDirty(c)
		if c.HasMail() {
			l.takeMail(c)
		}
		list[i] = nil
	}
	l.spareTouched = list[:0]
}

// takeMail appends what others have to say to a client to its output.
func (l *Loop) takeMail(c *conn) {
	if c.closed {
		return
	}
	if c.Out.BufferCap() == 0 {
		c.Out.SetBuffer(l.borrow())
	}
	c.TakeMail()
}

// touch makes the loop look after one of its clients. Any goroutine may call it.
func (l *Loop) touch(c *conn) {
	l.inboxMu.Lock()
	first := !c.touched
	if first {
		c.touched = true
		l.touched = append(l.touched, c)
		l.hasTouched.Store(true)
	}
	l.inboxMu.Unlock()
	if first {
		l.poller.Wake()
	}
}

// keepDeadlines ends the waits and pauses that are due. Loop 0 does so for all;
// the others wake it if they have set a deadline before its next one.
func (l *Loop) keepDeadlines() {
	s := l.server
	at := s.nextDeadline()
	switch {
	case at == 0:
	case l.index != 0:
		if at < s.wakesAt.Load() {
			s.Loops()[0].poller.Wake()
		}
	case at <= l.nowMillis:
		l.exec.EndWaits()
		if at := s.Pauses.until.Load(); at > 0 && at <= l.nowMillis {
			l.exec.Do(func() { s.Pauses.expire(l.nowMillis) })
		}
		l.drainInbox()
	}
}

// evict closes clients when all of them together occupy too much.
func (l *Loop) evict() {
	s := l.server
	limit := s.Limits().ClientsBytes
	if limit == 0 || s.clientBytes.Load() <= limit {
		return
	}
	l.exec.Do(func() { s.evictClients(limit, l.nowMillis) })
	l.drainInbox()
	l.settle()
}

// Unexecuted implements engine.Host.
func (l *Loop) Unexecuted(sc *session.Client, raw []byte) {
	c := l.of(sc)
	c.held = append(c.held, raw...)
	c.Set(session.PutBack)
	l.markDirty(c)
}

// Dirty implements engine.Host.
func (l *Loop) Dirty(sc *session.Client) {
	c := l.of(sc)
	l.markDirty(c)
	if c.HasMail() {
		l.takeMail(c) // what its command has caused follows its reply
	}
	if c.Out.Len() >= flushEarlyBytes && l.mayAnswer() {
		l.flushEarly(c)
	}
}

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

// cron keeps the timers of this loop's clients.
func (l *Loop) cron() {
	limits := l.server.Limits()
	// Every client is looked at about once a second.
	perSecond := int(time.Second / limits.CronInterval)
	for n := len(l.conns)/perSecond + 1; n > 0 && len(l.conns) > 0; n-- {
		l.cursor = (l.cursor + 1) % len(l.conns)
		if c := l.conns[l.cursor]; c != nil {
			l.checkIdle(c, limits)
		}
	}
	l.resumeListeners()
}

func (l *Loop) checkIdle(c *conn, limits *Limits) {
	idle := l.nowMillis - c.LastInteractionMillis
	resting := c.resting() // has no buffers: nothing to measure or to give back
	if !resting {
		l.notePeaks(c)
		c.shrinkPending(idle)
	}
	const exempt = session.Replica | session.Primary | session.Blocked | session.PubSub
	if limits.IdleTimeoutMillis > 0 && idle > limits.IdleTimeoutMillis && c.Flags&exempt == 0 {
		l.server.hooks.Log.Verbosef("Closing idle client")
		l.close(c)
		return
	}
	if c.Out.Len() > 0 && l.overOutputLimit(c, limits) {
		l.close(c)
		return
	}
	if !resting {
		c.account()
	}
}

// shutdown flushes and closes everything.
func (l *Loop) shutdown() {
	for i := range l.listeners {
		if ln := l.listeners[i].Listener; ln != nil {
			ln.Close()
		}
	}
	l.commit()
	for _, c := range l.conns {
		if c != nil {
			if !l.muted {
				l.flush(c)
			}
			l.close(c)
		}
	}
}
