package loadgen

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// lane is one thread's share of a run. Only its loop uses it, but for done,
// which the reporter reads.
type lane struct {
	run       *run
	index     int
	clients   int // connections
	batch     *batch
	latencies *hdrhistogram.Histogram
	lastNanos int64 // when the last batch counted was answered
	done      [phases]laneCounters
}

type laneCounters struct {
	requests      atomic.Int64
	latencyMicros atomic.Int64
}

// session is the protocol state of one connection.
type session struct {
	node    *clusterNode // nil outside a cluster
	replies replyScanner
	// owed is how many replies are awaited.
	owed int
	// greeting says that the replies answer the greeting.
	greeting  bool
	in        phase
	sentNanos int64
	// firstNanos is when the first reply of the batch could be read; 0 before.
	firstNanos int64
	// slots is the version of the cluster's slots that the batch was sent by.
	slots uint64
}

var errClosedByServer = errors.New("Server closed the connection") //nolint:staticcheck // Valkey's text

func newLane(r *run, index int) *lane {
	c := &r.config
	l := &lane{
		run:       r,
		index:     index,
		clients:   (c.Clients - index + c.Threads - 1) / c.Threads,
		latencies: hdrhistogram.New(latencyMicrosMin, latencyMicrosMax, c.Precision),
	}
	l.batch = newBatch(c.Sequence, c.Pipeline, c.Keyspace, c.Counters, newRandom(c.Seed, index))
	return l
}

// node returns the cluster node that the lane's i-th connection goes to.
func (l *lane) node(i int) *clusterNode {
	cluster := l.run.config.Cluster
	if cluster == nil {
		return nil
	}
	n := len(cluster.nodes)
	if l.run.config.Threads < n {
		return cluster.nodes[(i*l.run.config.Threads+l.index)%n]
	}
	return cluster.nodes[l.index%n]
}

// address returns where a connection goes.
func (l *lane) address(node *clusterNode) (network, addr string) {
	if node != nil {
		return "tcp", node.addr
	}
	return l.run.config.Network, l.run.config.Addr
}

// render prepares the next batch of s, claimed at the time now. The bytes are
// the lane's: they are valid until the next call.
func (l *lane) render(s *session, in phase, now int64) []byte {
	l.batch.renew()
	if s.node != nil && len(l.batch.tags) > 0 {
		cluster := l.run.config.Cluster
		s.slots = cluster.version.Load()
		if slots := *s.node.slots.Load(); len(slots) > 0 {
			slot := slots[l.batch.random.Uint64()%uint64(len(slots))]
			l.batch.putTag(cluster.tags[slot])
		}
	}
	s.owed = l.run.config.Pipeline * l.run.config.Sequence.commands
	s.in, s.sentNanos, s.firstNanos = in, now, 0
	return l.batch.wire
}

// greet prepares a new connection's greeting, which may be empty.
func (l *lane) greet(s *session) []byte {
	s.replies = replyScanner{}
	s.owed = l.run.greetingReplies
	s.greeting = s.owed > 0
	return l.run.greeting
}

// received takes what a connection's server sent, which could be read at the
// time now, and tells whether everything awaited is there.
func (l *lane) received(s *session, data []byte, now int64) (complete bool, err error) {
	if s.firstNanos == 0 {
		s.firstNanos = now
	}
	before := s.owed
	for {
		consumed, replies, err := s.replies.scan(data)
		s.owed -= replies
		if err == nil {
			break
		}
		if err := l.refused(s, err); err != nil {
			return false, err
		}
		data = data[consumed:]
	}
	if s.owed < 0 {
		return false, fmt.Errorf("%w: more replies than requests", errProtocol)
	}
	if s.owed > 0 || before == 0 {
		return false, nil
	}
	if s.greeting {
		s.greeting = false
		return true, nil
	}
	l.record(s, now)
	return true, nil
}

// refused judges an error of the scanner. It returns nil for a redirection that
// a cluster's new layout answers.
func (l *lane) refused(s *session, err error) error {
	reply, ok := err.(errorReply)
	if !ok {
		return err
	}
	if s.node == nil {
		return &ServerError{Text: string(reply)}
	}
	if !s.greeting && len(l.batch.tags) > 0 && l.run.config.Cluster.redirected(l.run, s, string(reply)) {
		return nil
	}
	return &ServerError{Node: s.node.addr, Text: string(reply)}
}

// record counts an answered batch.
func (l *lane) record(s *session, now int64) {
	requests := int64(l.run.config.Pipeline * l.run.config.Sequence.commands)
	micros := (s.firstNanos - s.sentNanos) / 1000
	if s.in == measuring {
		// The value is in range by the clamp.
		_ = l.latencies.RecordValues(min(max(micros, 0), latencyMicrosMax), requests)
		l.lastNanos = now
	}
	done := &l.done[s.in]
	// One writer: a load and a store suffice.
	done.requests.Store(done.requests.Load() + requests)
	done.latencyMicros.Store(done.latencyMicros.Load() + micros*requests)
}
