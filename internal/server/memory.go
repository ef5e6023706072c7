package server

import (
	"slices"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/session"
)

// memory is what a connection occupies, in bytes, in the terms of CLIENT LIST.
//
// A client that waits for nothing costs its conn alone: input is read into the
// loop's buffer, and an output buffer is borrowed while there is output. Up to
// replyChunkBytes of waiting output count as the reply buffer, more as output in
// blocks, because the limits of output concern the latter.
type memory struct {
	query, queryFree int // received and not executed; room beyond
	arguments        int // complete arguments of a command that is not
	waiting          int // arguments of a command that waits for keys
	reply, replyPeak int // the reply buffer; most used lately
	replyUsed        int
	blocks           int // pieces of the output beyond it
	output           int // bytes in them
	total            int
}

const replyChunkBytes = 16 << 10

// connBytes is what a connection costs at rest, with its poller's part and its
// places in tables.
const connBytes = int(unsafe.Sizeof(conn{})) + 512

// memory measures a connection. Owner loop or exclusive mode.
func (c *conn) memory() (m memory, kept session.Kept) {
	waiting := len(c.held) + len(c.pending)
	m.arguments = min(c.parser.Parsed(), len(c.pending))
	m.query = waiting - m.arguments
	m.queryFree = cap(c.pending) - len(c.pending)
	if w := blocking.Of(&c.Client); w != nil {
		for _, arg := range w.Args {
			m.waiting += len(arg)
		}
		m.arguments += m.waiting
	}
	m.replyPeak = c.replyPeak
	if waiting := c.Out.Len(); waiting <= replyChunkBytes {
		m.reply, m.replyUsed = c.Out.BufferCap(), waiting
	}
	m.output = outputBytes(c.Out.Len())
	m.blocks = (m.output + replyChunkBytes - 1) / replyChunkBytes
	kept = c.loop.server.hooks.Kept(&c.Client)
	m.total = connBytes + cap(c.pending) + cap(c.held) + m.reply + m.output + m.waiting + c.MultiBytes + kept.Bytes
	return m, kept
}

// outputBytes is how much of the waiting output counts against limits: nothing
// as long as the reply buffer would hold it.
func outputBytes(waiting int) int {
	if waiting <= replyChunkBytes {
		return 0
	}
	return waiting
}

// resting reports whether a connection has been accounted as having nothing of its
// own, and still has not. Nearly always that is so, before a turn and after it.
func (c *conn) resting() bool {
	const keeps = session.Multi | session.PubSub | session.Tracking | session.Blocked
	return c.accounted == connBytes && c.base == nil && c.held == nil && c.Out.BufferCap() == 0 &&
		c.Flags&keeps == 0 && c.Ext[session.ExtTxn] == nil && !c.left
}

// account notes a change of what a connection occupies in the server's sum.
func (c *conn) account() {
	if c.resting() {
		return
	}
	now := 0
	if !c.left {
		m, _ := c.memory()
		now = m.total
	}
	if d := now - c.accounted; d != 0 {
		c.accounted = now
		c.loop.stats.ClientBytes += int64(d)
		c.loop.server.clientBytes.Add(int64(d))
	}
}

// evictable reports whether a client counts against maxmemory-clients and may
// be closed for it.
func evictable(c *session.Client) bool {
	switch classOf(c) {
	case classNormal, classPubSub:
		return !c.Has(session.NoEvict)
	}
	return false
}

// evictClients closes clients, those first that occupy most, until the rest is
// within maxmemory-clients. Exclusive mode only.
func (s *Server) evictClients(limit, nowMillis int64) {
	type candidate struct {
		client *session.Client
		bytes  int
	}
	var candidates []candidate
	sum := int64(0)
	s.EachClient(func(c *session.Client) {
		m, _ := connOf(c).memory()
		if class := classOf(c); class == classNormal || class == classPubSub {
			sum += int64(m.total)
		}
		if evictable(c) {
			candidates = append(candidates, candidate{c, m.total})
		}
	})
	slices.SortFunc(candidates, func(a, b candidate) int { return b.bytes - a.bytes })
	for _, v := range candidates {
		if sum <= limit {
			return
		}
		s.hooks.Log.Noticef("Evicting client: %s", s.describe(v.client, nowMillis))
		s.Stats.Evicted.Add(1)
		s.Kill(v.client)
		sum -= int64(v.bytes)
	}
	if sum > limit {
		s.hooks.Log.Warningf("Over client maxmemory after evicting all evictable clients")
	}
}
