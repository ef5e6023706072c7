package server

import (
	"bytes"
	"errors"
	"fmt"
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
	// and could not be executed; they come before pending. base is the array
	// that pending lies in.
	pending []byte
	base    []byte
	held    []byte

	dirty      bool // in loop.dirty
	unfinished bool // in loop.unfinished
	touched    bool // in loop.touched; guarded by loop.inboxMu
	closed     bool
	left       bool // no longer known to anybody but its loop
	writeArmed bool
	resumed    bool // no longer waits: pending may hold complete frames
	large      bool // a large argument is received in pending

	peak      int // most bytes pending since the last look
	replyPeak int // most bytes of output flushed at a time, up to replyChunkBytes
	accounted int // part in server.clientBytes
}

// connOf returns the connection that a client is part of. The client must not
// be an internal one.
func connOf(c *session.Client) *conn {
	if c.Has(session.Internal) {
		panic("server: an internal client has no connection")
	}
	return (*conn)(unsafe.Pointer(c))
}

// IsLocal reports whether a client runs on this machine.
func IsLocal(c *session.Client) bool { return c.Has(session.Internal) || connOf(c).io.IsLocal() }

const (
	bufferBytes    = 2 << 10  // of a fresh output buffer
	bufferKeptMax  = 1 << 20  // larger ones are not kept for reuse
	buffersKeptMax = 8 << 20  // bytes in all that are kept
	pendingKeptMax = 1 << 20  // after a request; more than that is dropped at once
	pendingFewMax  = 64 << 10 // likewise, of a request without a large argument
	pendingLow     = 32 << 10 // kept however little of it was needed
	// pendingIdleMillis is how long a client keeps a buffer it does not use.
	pendingIdleMillis = 2000

	growBytes = 1 << 20 // read at a time of a large argument

	// One client's share of a turn. What goes beyond waits for the next one, so
	// that the others are served in between.
	parseTurnBytes = 64 << 10
	replyTurnBytes = 1 << 20
	flushTurnBytes = 256 << 10

	// flushEarlyBytes of replies are written before the batch is over, while
	// they are in the cache: then no buffer grows with the depth of a pipeline.
	flushEarlyBytes = 64 << 10
)

// read takes what the socket has and queues the complete requests.
func (l *Loop) read(c *conn) {
	switch {
	case c.closed, c.unfinished: // the socket is looked at again next time
	case c.Flags&(session.CloseAfterReply|session.CloseSoon) != 0:
		l.discard(c)
	case len(c.pending) > 0 || c.Flags&session.Waits != 0:
		l.readPending(c)
	default:
		l.readShared(c)
	}
}

// readShared reads into the loop's buffer. Only what is not executed at the end
// is copied.
func (l *Loop) readShared(c *conn) {
	if len(l.buf)-l.at < readBytes {
		l.execute()
	}
	n, err := c.io.Read(l.buf[l.at : l.at+readBytes])
	if !l.received(c, n, err) {
		return
	}
	frames := l.buf[l.at : l.at+n]
	l.at += n
	if rest := l.parse(c, frames); len(rest) > 0 {
		c.setPending(append(c.base[:0], rest...))
	}
	if l.exec.Queued() == 0 {
		l.at = 0 // the next read finds the same lines, in the cache still
	}
}

// discard reads what a client sends that is about to be closed.
func (l *Loop) discard(c *conn) {
	if len(l.buf)-l.at < readBytes {
		l.execute()
	}
	n, err := c.io.Read(l.buf[l.at : l.at+readBytes])
	l.received(c, n, err)
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

// setPending makes b, which is the whole of its array, the pending buffer.
func (c *conn) setPending(b []byte) { c.pending, c.base = b, b[:0] }

// readPending reads behind bytes that are there already. The buffer grows to
// what a large argument needs, so that the argument is received in place.
func (l *Loop) readPending(c *conn) {
	have, want := len(c.pending), readBytes
	missing := int64(0)
	if c.Flags&session.Waits == 0 {
		missing = c.parser.Missing(have)
		want = int(max(int64(want), min(missing, growBytes)))
		if c.parser.Receiving() > readBytes {
			c.large = true
			if room := cap(c.pending) - have; missing <= int64(room) {
				want = room // the argument's end has a place: no reason to move the rest
			}
		}
	}
	if cap(c.pending)-have < want {
		size := max(have+want, 2*have)
		if missing > readBytes && (missing <= growBytes || missing < 4*int64(have)) {
			size = have + int(missing) // enough has arrived to believe the rest
		}
		grown := make([]byte, have, size)
		copy(grown, c.pending)
		c.setPending(grown)
	}
	n, err := c.io.Read(c.pending[have : have+want])
	if !l.received(c, n, err) {
		return
	}
	c.pending = c.pending[:have+n]
	c.peak = max(c.peak, len(c.pending))
	if l.overQueryLimit(c) {
		l.close(c)
		return
	}
	if c.Flags&session.Waits == 0 {
		l.parsePending(c)
	}
	l.markDirty(c) // its memory has changed
}

// overQueryLimit reports whether a client has sent more than it may without
// anything being executed.
func (l *Loop) overQueryLimit(c *conn) bool {
	limits := l.server.Limits()
	waiting := len(c.pending) + len(c.held) + c.MultiBytes
	if int64(waiting) <= limits.QueryBufferBytes {
		return false
	}
	sample := "*redacted*"
	if !limits.HideUserData {
		sample = fmt.Sprintf("%q", c.pending[:min(64, len(c.pending))])
	}
	l.server.Stats.QueryLimitClosed.Add(1)
	l.server.hooks.Log.Warningf("Closing client that reached max query buffer length: %s (qbuf initial bytes: %s)",
		l.server.describe(&c.Client, l.nowMillis), sample)
	return true
}

// parsePending queues and executes the complete frames of the pending buffer.
// The requests lie in that buffer, so it is executed before it changes.
func (l *Loop) parsePending(c *conn) {
	frames := c.pending
	c.pending = nil
	rest := l.parse(c, frames)
	l.execute()
	if len(rest) == 0 && c.dropsPending(cap(frames)) || len(c.held) > 0 {
		c.base = nil
		l.exec.Forget()
	}
	switch {
	case len(c.held) > 0: // what the batch put back came before the rest
		c.pending = rest
		c.restore()
	case len(rest) > 0 && len(rest) > cap(c.base)-cap(rest):
		c.pending = rest // moving it would cost more than what has been parsed
	default:
		c.pending = append(c.base[:0], rest...)
	}
}

// dropsPending reports whether a pending buffer, all executed, goes back at once.
// Who sends large arguments gets to keep it for the next one, for a while; thousands
// of small ones take much longer than an allocation.
func (c *conn) dropsPending(bytes int) bool {
	large := c.large
	c.large = false
	return bytes > pendingKeptMax || bytes > pendingFewMax && !large
}

// restore puts frames that could not be executed before the pending bytes.
func (c *conn) restore() {
	if len(c.held) > 0 {
		c.setPending(append(c.held, c.pending...))
		c.held = nil
		c.Clear(session.PutBack)
		c.parser.Reset()
	}
}

// parse queues the complete frames and returns what is left: an incomplete
// frame, everything behind a request that made the client wait, or what is too
// much for one turn.
func (l *Loop) parse(c *conn, frames []byte) (rest []byte) {
	all := l.server.Limits()
	limits := all.Requests
	c.OutputLimitBytes = all.outputOf(c).HardBytes
	size, output := len(frames), c.replyBytes()
	for len(frames) > 0 {
		if c.Flags&(session.Waits|session.CloseAfterReply|session.CloseSoon) != 0 {
			return frames
		}
		if size-len(frames) > parseTurnBytes || c.replyBytes()-output > replyTurnBytes {
			l.postpone(c)
			return frames
		}
		limits.Authenticated = c.Authenticated || !l.server.hooks.Users.Required()
		raw := frames
		if frames[0] != '*' {
			raw = unquoted(frames)
		}
		args, n, status := c.parser.Next(frames, l.exec.Args(), &limits)
		switch status {
		case resp.Complete:
			if c.Out.BufferCap() == 0 {
				c.Out.SetBuffer(l.borrow())
			}
			l.requests++
			// What the next request may be depends on whether this one
			// authenticates the client.
			if l.exec.Queue(&c.Client, args, raw[:n:n]) || !limits.Authenticated {
				l.exec.Execute()
			}
			frames = frames[n:]
		case resp.Empty:
			frames = frames[n:]
		case resp.Incomplete:
			return frames
		case resp.Invalid:
			l.exec.Execute()
			if c.Flags&session.Waits != 0 {
				c.parser.Reset() // it is found again when its time comes
				return frames
			}
			l.protocolError(c, frames)
			return nil
		}
	}
	return nil
}

// replyBytes is the length of all replies to the client so far, sent or not.
func (c *conn) replyBytes() int64 { return c.NetworkOutputBytes + int64(c.Out.Len()) }

// unquoted returns the bytes of an inline command for putting it back. The
// parser undoes quotes in place, so a line with any is copied before.
func unquoted(frames []byte) []byte {
	line := frames[:bytes.IndexByte(frames, '\n')+1]
	if bytes.IndexByte(line, '"') >= 0 || bytes.IndexByte(line, '\'') >= 0 {
		return bytes.Clone(line)
	}
	return frames
}

// protocolError answers a request stream that makes no sense and ends it.
func (l *Loop) protocolError(c *conn, stream []byte) {
	e := c.parser.Err()
	sample := "*redacted*"
	if !l.server.Limits().HideUserData {
		sample = sampleOf(stream)
	}
	l.server.hooks.Log.Verbosef("Protocol error (%s) from client: %s. Query buffer: %s",
		e.Log, l.server.describe(&c.Client, l.nowMillis), sample)
	c.Set(session.CloseAfterReply | session.ProtocolError)
	if c.Out.BufferCap() == 0 {
		c.Out.SetBuffer(l.borrow())
	}
	c.Out.Error(e.Reply)
	l.exec.Stats.CountError(e.Reply)
	l.markDirty(c)
}

// sampleOf shows the beginning and the end of a stream, what is not printable
// as dots.
func sampleOf(stream []byte) string {
	const sampleBytes = 128
	text := fmt.Sprintf("'%s'", stream)
	if more := len(stream) - sampleBytes; more > 0 {
		text = fmt.Sprintf("'%s' (... more %d bytes ...) '%s'",
			stream[:sampleBytes/2], more, stream[len(stream)-sampleBytes/2:])
	}
	printable := []byte(text)
	for i, b := range printable {
		if b < ' ' || b > '~' {
			printable[i] = '.'
		}
	}
	return string(printable)
}

// flush writes what the socket takes, up to the client's share of a turn. It
// reports false when the connection is at its end.
func (l *Loop) flush(c *conn) bool {
	c.replyPeak = max(c.replyPeak, min(c.Out.Len(), replyChunkBytes))
	for left := flushTurnBytes; c.Out.Len() > 0; {
		if left <= 0 {
			l.postpone(c)
			return true
		}
		n, err := l.write(c, left)
		if n > 0 {
			left -= n
			continue
		}
		if errors.Is(err, poll.ErrAgain) {
			if !c.writeArmed {
				c.writeArmed = true
				l.poller.Modify(c.io, true, true)
			}
			return true
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

// flushEarly writes what the socket takes at once of the replies made so far,
// unless how many come together counts against a limit. Whatever goes wrong,
// flush will meet it again.
func (l *Loop) flushEarly(c *conn) {
	limit := l.server.Limits().outputOf(c)
	if limit.HardBytes > 0 || limit.SoftBytes > 0 || c.writeArmed || l.isStranger(c) {
		return
	}
	c.replyPeak = replyChunkBytes
	l.write(c, flushTurnBytes)
}

// write hands at most about limit bytes of the output to the socket, and takes
// those that were sent off the output.
func (l *Loop) write(c *conn, limit int) (int, error) {
	n, err := l.send(c, limit)
	if n > 0 {
		c.Out.Consume(n)
		c.NetworkOutputBytes += int64(n)
		l.stats.OutputBytes += int64(n)
		l.stats.Writes++
	}
	return n, err
}

// send is the system call of write.
func (l *Loop) send(c *conn, limit int) (int, error) {
	if !c.Out.HasRefs() {
		b := c.Out.Bytes()
		return c.io.Write(b[:min(len(b), limit)])
	}
	pieces := c.Out.Vector(l.pieces[:0])
	for i := range pieces {
		if len(pieces[i]) >= limit {
			pieces[i] = pieces[i][:limit]
			pieces = pieces[:i+1]
			break
		}
		limit -= len(pieces[i])
	}
	return c.io.Writev(pieces)
}

// strangerOutputBytes is how much output may wait for a client that has never
// authenticated and should.
const strangerOutputBytes = 1024

// isStranger reports whether a client has never authenticated and should.
func (l *Loop) isStranger(c *conn) bool {
	return !c.Has(session.AuthenticatedOnce) && !c.Authenticated && l.server.hooks.Users.Required()
}

// outputOf returns the limit of a client's output.
func (limits *Limits) outputOf(c *conn) *OutputLimit {
	class := OutputNormal
	switch classOf(&c.Client) {
	case classReplica:
		class = OutputReplica
	case classPubSub:
		class = OutputPubSub
	}
	return &limits.Output[class]
}

// overOutputLimit reports whether a client has more output waiting than it may.
func (l *Loop) overOutputLimit(c *conn, limits *Limits) bool {
	waiting := int64(outputBytes(c.Out.Len()))
	if limits.OutputInBlocks {
		waiting = max(waiting, replyChunkBytes)
	}
	if waiting == 0 {
		c.SoftLimitSinceMillis = 0
		return false
	}
	over := waiting > strangerOutputBytes && l.isStranger(c)
	limit := limits.outputOf(c)
	over = over || limit.HardBytes > 0 && waiting >= limit.HardBytes
	switch {
	case limit.SoftBytes == 0 || waiting < limit.SoftBytes:
		c.SoftLimitSinceMillis = 0
	case c.SoftLimitSinceMillis == 0:
		c.SoftLimitSinceMillis = l.nowMillis
	default:
		over = over || l.nowMillis/1000-c.SoftLimitSinceMillis/1000 > limit.SoftSeconds
	}
	if over {
		l.server.Stats.OutputLimitClosed.Add(1)
		l.server.hooks.Log.Warningf("Client %s scheduled to be closed ASAP for overcoming of output buffer limits.",
			l.server.describe(&c.Client, l.nowMillis))
	}
	return over
}

// borrow returns an output buffer, lately used if possible.
func (l *Loop) borrow() []byte {
	if n := len(l.buffers); n > 0 {
		b := l.buffers[n-1]
		l.buffers = l.buffers[:n-1]
		l.bufferBytes -= cap(b)
		return b
	}
	return make([]byte, 0, bufferBytes)
}

// lend takes an output buffer back.
func (l *Loop) lend(b []byte) {
	if cap(b) >= bufferBytes && cap(b) <= bufferKeptMax && l.bufferBytes+cap(b) <= buffersKeptMax {
		l.buffers = append(l.buffers, b[:0])
		l.bufferBytes += cap(b)
	}
}

// shrinkPending gives back what a pending buffer has beyond what was needed of
// late, and all that is not in use once the client is idle.
func (c *conn) shrinkPending(idleMillis int64) {
	spare := cap(c.pending) - len(c.pending)
	switch {
	case idleMillis > pendingIdleMillis && spare >= readBytes:
		c.setPending(append([]byte(nil), c.pending...))
	case len(c.pending) == 0 && cap(c.base) > pendingLow && c.peak < cap(c.base)/2:
		c.setPending(make([]byte, 0, max(c.peak, readBytes)))
	}
	c.peak = len(c.pending)
}

// close ends a connection. It is never called while a batch is executed.
func (l *Loop) close(c *conn) {
	if c.closed {
		return
	}
	c.closed = true
	l.displace(c)
	l.poller.Remove(c.io)
	c.io.Close()
	if !c.left {
		l.exec.Do(func() { l.server.leave(c) })
	}
	l.server.connected.Add(-1)
	c.pending, c.base, c.held = nil, nil, nil
}
