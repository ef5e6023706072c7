package tracking

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// server is the surroundings of a Tracking.
type server struct {
	*Tracking
	clients  map[uint64]*session.Client
	observed bool
	crowded  bool
	later    []func()
}

func newServer() *server {
	s := &server{clients: map[uint64]*session.Client{}}
	s.Tracking = New(Deps{
		Client:  func(id uint64) *session.Client { return s.clients[id] },
		Current: func(*keyspace.Worker) *session.Client { return nil },
		Observe: func(on bool) { s.observed = on },
		Crowd:   func(on bool) { s.crowded = on },
		Later:   func(_ *session.Client, f func()) bool { s.later = append(s.later, f); return true },
		Shard:   func(key []byte) int { return int(key[0]) % 2 },
	})
	return s
}

func (s *server) client(id uint64, p resp.Protocol) *session.Client {
	c := &session.Client{ID: id, Touch: func() {}}
	c.Out.SetProtocol(p)
	s.clients[id] = c
	return c
}

// told returns what a client is told, on one line.
func told(c *session.Client) string {
	c.TakeMail()
	text := string(c.Out.Bytes())
	c.Out.Consume(len(text))
	return strings.ReplaceAll(text, "\r\n", " ")
}

// change is a change of a key by a client.
func (s *server) change(by *session.Client, key string) {
	if s.broadcasts.any() {
		s.broadcasts.note(s.Tracking, by, []byte(key))
	}
	if holders := s.table.take(s.deps.Shard([]byte(key)), []byte(key)); holders != nil {
		s.invalidate([]byte(key), holders, by)
	}
}

func (s *server) endTurn() {
	for _, f := range s.later {
		f()
	}
	s.later = nil
}

func TestRedirectionByProtocol(t *testing.T) {
	s := newServer()
	reader, target := s.client(1, resp.RESP2), s.client(2, resp.RESP2)
	s.enable(reader, 2, options{}, nil)
	read := func() { s.table.add(1, []byte("a"), 1); s.change(nil, "a") }

	read()
	if got := told(target); got != "" {
		t.Errorf("RESP2 without a subscription: %q", got)
	}
	target.Set(session.PubSub)
	read()
	if got := told(target); got != "*3 $7 message $20 __redis__:invalidate *1 $1 a " {
		t.Errorf("RESP2: %q", got)
	}
	target.Out.SetProtocol(resp.RESP3)
	read()
	if got := told(target); got != ">2 $10 invalidate *1 $1 a " {
		t.Errorf("RESP3: %q", got)
	}
	s.Flushed()
	if got := told(target); got != ">2 $10 invalidate _ " {
		t.Errorf("flush: %q", got)
	}
}

func TestRedirectionBreaks(t *testing.T) {
	s := newServer()
	reader, target := s.client(1, resp.RESP3), s.client(2, resp.RESP3)
	s.enable(reader, 2, options{}, nil)
	const want = ">2 $21 tracking-redir-broken :2 "

	target.Set(session.CloseAfterReply) // still there when the message is left
	s.table.add(1, []byte("a"), 1)
	s.change(nil, "a")
	told(target)
	if got := told(reader); got != want || !reader.Has(session.TrackingBroken) {
		t.Errorf("a client about to leave: %q", got)
	}
	delete(s.clients, 2)
	s.table.add(1, []byte("a"), 1)
	s.change(nil, "a")
	if got := told(reader); got != want {
		t.Errorf("a client that has left: %q", got)
	}
	s.enable(reader, 0, options{}, nil)
	if reader.Has(session.TrackingBroken) {
		t.Error("still broken with another target")
	}
}

func TestBroadcastsOnceATurn(t *testing.T) {
	s := newServer()
	all, own := s.client(1, resp.RESP3), s.client(2, resp.RESP3)
	s.enable(all, 0, options{broadcast: true}, nil)
	s.enable(own, 0, options{broadcast: true, noLoop: true}, []string{"a", "bb"})
	s.change(own, "a1")
	s.change(nil, "bb1")
	s.change(nil, "a2")
	s.change(nil, "b")
	s.endTurn()
	if got := told(all); got != ">2 $10 invalidate *4 $2 a1 $2 a2 $1 b $3 bb1 " {
		t.Errorf("all keys: %q", got)
	}
	if got := told(own); got != ">2 $10 invalidate *1 $2 a2 >2 $10 invalidate *1 $3 bb1 " {
		t.Errorf("two prefixes, without its own: %q", got)
	}
	s.change(nil, "a3")
	s.Forget(own)
	s.Forget(all)
	s.endTurn()
	if got := told(all) + told(own); got != "" || s.observed || s.Prefixes() != 0 {
		t.Errorf("after the end: %q, observed %v, %d prefixes", got, s.observed, s.Prefixes())
	}
}

func TestLimit(t *testing.T) {
	s := newServer()
	c := s.client(1, resp.RESP3)
	s.enable(c, 0, options{}, nil)
	for i := range 10 {
		s.table.add(i%2, fmt.Appendf(nil, "%c", 'b'+i), 1)
	}
	s.Limit(3)
	if got := strings.Count(told(c), "invalidate"); got != 7 || s.Keys() != 3 || s.crowded {
		t.Errorf("%d keys invalidated, %d left", got, s.Keys())
	}
	if err := s.table.check(); err != nil {
		t.Error(err)
	}
}

func TestNobodyLeft(t *testing.T) {
	s := newServer()
	c := s.client(1, resp.RESP3)
	s.enable(c, 0, options{}, nil)
	s.enable(c, 0, options{noLoop: true}, nil)
	s.table.add(1, []byte("a"), 1)
	c.Closed()
	if s.Clients() != 0 || s.Keys() != 0 || s.observed {
		t.Errorf("%d clients, %d keys, observed %v", s.Clients(), s.Keys(), s.observed)
	}
}
