package server

import (
	"errors"
	"io"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// conn is one connection: a client and its socket.
type conn struct {
	session.Client // first, so that connOf can go back

	loop   *Loop
	io     *poll.Conn
	parser resp.Parser
	token  uint64

	// pending are bytes received and not parsed yet: an incomplete frame, or
	// whatever came while the client waits. held are frames that were queued
	// and could not be executed; they come before pending.
	pending []byte
	held    []byte

	dirty      bool // in loop.dirty
	closed     bool
	writeArmed bool
	resumed    bool // no longer waits: pending may hold complete frames
	peak       int  // most bytes pending since the last look
}

// connOf returns the connection that a client is part of.
func connOf(c *session.Client) *conn {
	return (*conn)(unsafe.Pointer(c))
}

const (
	bufferBytes    = 2 << 10  // of a fresh output buffer
	bufferKeptMax  = 64 << 10 // larger ones are not kept for reuse
	buffersKeptMax = 256
	pendingKeptMax = 32 << 10
)

// adopt makes a client of a new connection.
func (l *Loop) adopt(pc *poll.Conn) {
	s := l.server
	limits := s.Limits()
	if s.Clients() >= limits.MaxClients {
		s.Stats.Rejected.Add(1)
		pc.Write([]byte("-ERR max number of clients reached\r\n"))
		pc.Close()
		return
	}
	c := &conn{loop: l, io: pc}
	c.ID = s.nextID.Add(1)
	c.Loop = l
	c.FD = pc.FD()
	c.Addr, c.LocalAddr = pc.RemoteAddr(), pc.LocalAddr()
	c.CreatedMillis, c.LastInteractionMillis = l.nowMillis, l.nowMillis
	c.Out.SetProtocol(resp.RESP2)
	c.Touch = func() {
		c.resumed = true
		if !l.Post(func() { l.markDirty(c) }) {
			l.poller.Wake()
		}
	}
	if pc.IsUnix() {
		c.Set(session.UnixSocket)
	} else if limits.KeepAliveSeconds > 0 {
		pc.SetKeepAlive(limits.KeepAliveSeconds)
	}
	s.hooks.Connected(&c.Client)
	if limits.ProtectedMode && !pc.IsLocal() {
		pc.Write([]byte(protectedModeError))
		s.Stats.Rejected.Add(1)
		pc.Close()
		return
	}
	i := uint32(len(l.conns))
	if n := len(l.free); n > 0 {
		i, l.free = l.free[n-1], l.free[:n-1]
	} else {
		l.conns = append(l.conns, nil)
	}
	// The generation keeps events of a closed connection from reaching the
	// next one with its index; it stays below the listeners' range.
	c.token = (c.ID&(1<<29-1))<<32 | uint64(i)
	l.conns[i] = c
	if err := l.poller.Add(pc, c.token); err != nil {
		s.hooks.Log.Warningf("Error registering fd event for the new client connection: %v", err)
		l.conns[i] = nil
		l.free = append(l.free, i)
		pc.Close()
		return
	}
	s.register(c)
	s.hooks.Log.Verbosef("Accepted %s", c.Addr)
}

// read takes what the socket has and queues the complete requests.
func (l *Loop) read(c *conn) {
	if c.closed {
		return
	}
	if len(c.pending) > 0 || c.Flags&session.Blocked != 0 {
		l.readPending(c)
		return
	}
	if len(l.buf)-l.at < readBytes {
		l.execute()
	}
	n, err := c.io.Read(l.buf[l.at : l.at+readBytes])
	if !l.received(c, n, err) {
		return
	}
	frames := l.buf[l.at : l.at+n]
	l.at += n
	rest := l.parse(c, frames)
	if len(rest) > 0 && !c.closed {
		c.pending = append(c.pending, rest...)
	}
}

// received accounts a read and reports whether it brought bytes.
func (l *Loop) received(c *conn, n int, err error) bool {
	switch {
	case err == nil && n > 0:
		c.LastInteractionMillis = l.nowMillis
		c.NetworkInputBytes += int64(n)
		l.stats.InputBytes += int64(n)
		l.stats.Reads++
		return true
	case errors.Is(err, poll.ErrAgain):
		return false
	case err != nil && !errors.Is(err, io.EOF):
		l.server.hooks.Log.Verbosef("Reading from client: %v", err)
	default:
		l.server.hooks.Log.Verbosef("Client closed connection %s", c.Addr)
	}
	// What was read before the end is executed before the client is closed.
	l.execute()
	l.close(c)
	return false
}

// readPending reads behind bytes that are there already. The buffer grows to
// what a large argument needs, so that the argument is received in place.
func (l *Loop) readPending(c *conn) {
	want := readBytes
	if c.Flags&session.Blocked == 0 {
		if m := c.parser.Missing(len(c.pending)); m > int64(want) {
			want = int(min(m, 1<<20))
		}
	}
	have := len(c.pending)
	if cap(c.pending)-have < want {
		size := have + want
		if m := c.parser.Missing(have); m > int64(want) && int64(have)*4 > m {
			size = have + int(m) // most of it has arrived: no more growing
		} else {
			size = max(size, 2*cap(c.pending))
		}
		grown := make([]byte, have, size)
		copy(grown, c.pending)
		c.pending = grown
	}
	n, err := c.io.Read(c.pending[have : have+want])
	if !l.received(c, n, err) {
		return
	}
	c.pending = c.pending[:have+n]
	c.peak = max(c.peak, len(c.pending))
	limits := l.server.Limits()
	if int64(len(c.pending)) > limits.QueryBufferBytes {
		l.server.Stats.QueryLimitClosed.Add(1)
		l.server.hooks.Log.Warningf("Closing client that reached max query buffer length: %s (qbuf initial bytes: %q)",
			c.Addr, c.pending[:min(64, len(c.pending))])
		l.close(c)
		return
	}
	if c.Flags&session.Blocked == 0 {
		l.parsePending(c)
	}
}

// parsePending queues and executes the complete frames of the pending buffer.
// The requests lie in that buffer, so it is executed before it changes.
func (l *Loop) parsePending(c *conn) {
	frames := c.pending
	c.pending = nil
	rest := l.parse(c, frames)
	l.execute()
	if c.closed {
		return
	}
	// What the batch put back came before the rest.
	if len(c.held) > 0 {
		c.pending = append(c.held, rest...)
		c.held = nil
		c.parser.Reset()
		return
	}
	if len(rest) == 0 {
		if cap(frames) <= pendingKeptMax {
			c.pending = frames[:0]
		}
		return
	}
	c.pending = frames[:copy(frames, rest)]
}

// restore puts frames that could not be executed before the pending bytes.
func (c *conn) restore() {
	if len(c.held) > 0 {
		c.pending = append(c.held, c.pending...)
		c.parser.Reset()
	}
	c.held = nil
}

// parse queues the complete frames and returns what is left: an incomplete
// frame, or everything behind a request that made the client wait.
func (l *Loop) parse(c *conn, frames []byte) (rest []byte) {
	limits := l.server.Limits().Requests
	for len(frames) > 0 {
		if c.Flags&(session.Blocked|session.CloseAfterReply|session.CloseSoon) != 0 {
			return frames
		}
		limits.Authenticated = c.Authenticated
		args, n, status := c.parser.Next(frames, l.exec.Args(), &limits)
		switch status {
		case resp.Complete:
			if c.Out.BufferCap() == 0 {
				c.Out.SetBuffer(l.borrow())
			}
			l.requests++
			if l.exec.Queue(&c.Client, args, frames[:n:n]) {
				l.exec.Execute()
			}
			frames = frames[n:]
		case resp.Empty:
			frames = frames[n:]
		case resp.Incomplete:
			return frames
		case resp.Invalid:
			l.exec.Execute()
			l.protocolError(c)
			return nil
		}
	}
	return nil
}

// protocolError answers a request stream that makes no sense and ends it.
func (l *Loop) protocolError(c *conn) {
	e := c.parser.Err()
	l.server.hooks.Log.Verbosef("Protocol error (%s) from client: %s", e.Log, c.Addr)
	c.Set(session.CloseAfterReply | session.ProtocolError)
	if c.Out.BufferCap() == 0 {
		c.Out.SetBuffer(l.borrow())
	}
	c.Out.Error(e.Reply)
	l.exec.Stats.CountError(e.Reply)
	l.markDirty(c)
}

// flush writes what the socket takes. It reports false when the connection is
// at its end.
func (l *Loop) flush(c *conn) bool {
	for c.Out.Len() > 0 {
		var n int
		var err error
		if c.Out.HasRefs() {
			n, err = c.io.Writev(c.Out.Vector(l.pieces[:0]))
		} else {
			n, err = c.io.Write(c.Out.Bytes())
		}
		if n > 0 {
			c.Out.Consume(n)
			c.NetworkOutputBytes += int64(n)
			l.stats.OutputBytes += int64(n)
			l.stats.Writes++
			continue
		}
		if errors.Is(err, poll.ErrAgain) {
			if !c.writeArmed {
				c.writeArmed = true
				l.poller.Modify(c.io, true, true)
			}
			return l.withinLimits(c)
		}
		l.server.hooks.Log.Verbosef("Error writing to client: %v", err)
		return false
	}
	if c.writeArmed {
		c.writeArmed = false
		l.poller.Modify(c.io, true, false)
	}
	c.SoftLimitSinceMillis = 0
	if c.Out.BufferCap() > 0 {
		l.lend(c.Out.TakeBuffer())
	}
	return c.Flags&session.CloseAfterReply == 0
}

// withinLimits reports whether waiting output is within its limits.
func (l *Loop) withinLimits(c *conn) bool {
	return !l.overOutputLimit(c, l.server.Limits())
}

// checkOutput closes a client whose output has been over its limits.
func (l *Loop) checkOutput(c *conn, limits *Limits) {
	if l.overOutputLimit(c, limits) {
		l.close(c)
	}
}

func (l *Loop) overOutputLimit(c *conn, limits *Limits) bool {
	class := OutputNormal
	switch {
	case c.Flags&session.Replica != 0:
		class = OutputReplica
	case c.Flags&session.PubSub != 0:
		class = OutputPubSub
	case c.Flags&session.Primary != 0:
		return false
	}
	limit, n := limits.Output[class], int64(c.Out.Len())
	over := limit.HardBytes > 0 && n > limit.HardBytes
	if limit.SoftBytes > 0 && n > limit.SoftBytes {
		if c.SoftLimitSinceMillis == 0 {
			c.SoftLimitSinceMillis = l.nowMillis
		}
		over = over || l.nowMillis-c.SoftLimitSinceMillis > limit.SoftSeconds*1000
	} else {
		c.SoftLimitSinceMillis = 0
	}
	if over {
		l.server.Stats.OutputLimitClosed.Add(1)
		l.server.hooks.Log.Warningf("Client id=%d addr=%s closed for overcoming of output buffer limits.", c.ID, c.Addr)
	}
	return over
}

// borrow returns an output buffer, lately used if possible.
func (l *Loop) borrow() []byte {
	if n := len(l.buffers); n > 0 {
		b := l.buffers[n-1]
		l.buffers = l.buffers[:n-1]
		return b
	}
	return make([]byte, 0, bufferBytes)
}

// lend takes an output buffer back.
func (l *Loop) lend(b []byte) {
	if cap(b) >= bufferBytes && cap(b) <= bufferKeptMax && len(l.buffers) < buffersKeptMax {
		l.buffers = append(l.buffers, b[:0])
	}
}

// shrinkPending gives back a pending buffer that was large once.
func (c *conn) shrinkPending() {
	if len(c.pending) == 0 && cap(c.pending) > 0 && c.peak == 0 {
		c.pending = nil
	}
	c.peak = len(c.pending)
}

// close ends a connection.
func (l *Loop) close(c *conn) {
	if c.closed {
		return
	}
	c.closed = true
	i := uint32(c.token)
	l.conns[i] = nil
	l.free = append(l.free, i)
	l.poller.Remove(c.io)
	c.io.Close()
	l.exec.Do(func() {
		l.endWait(c)
		l.server.unregister(c)
		c.Closed()
	})
	c.pending, c.held = nil, nil
}

const protectedModeError = "-DENIED Kvasir is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. " +
	"If you want to connect from external computers, you may adopt one of the following solutions: " +
	"1) Disable protected mode with 'CONFIG SET protected-mode no' from the loopback interface, and 'CONFIG REWRITE' to make it last; do so only on a network that strangers cannot reach. " +
	"2) Set protected-mode to no in the configuration file and restart the server. " +
	"3) Start the server with '--protected-mode no' for a trial. " +
	"4) Set a password for the default user.\r\n"

// IsLocal reports whether a client runs on this machine.
func IsLocal(c *session.Client) bool { return connOf(c).io.IsLocal() }
