// Package cmdtest runs command handlers in a small server without sockets: a
// keyspace, an engine with one executor, a clock that the test moves, and
// clients whose replies are read back.
//
// Replies are compared as text:
//
//	OK                  a status          "abc"           a bulk string
//	12                  an integer        nil             null
//	["a" 1]             an array          ~["a"]          a set
//	{"k": "v"}          a map             2.5             a double (RESP3)
//	true                a boolean         >["m" 1]        a push
//	ERR syntax error    an error          =txt:abc        a verbatim string
//
// Requests are words; a word with blanks or escapes is written as a Go string
// literal: SET k "two words\x00".
package cmdtest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Start is the time at which a Server's clock stands at first, Unix milliseconds.
const Start = 1_700_000_000_000

// Databases is how many databases a Server has.
const Databases = 16

// Server is the small server. Its embedded Client is the first client.
type Server struct {
	*Client
	Engine *engine.Engine
	Space  *keyspace.Space
	Exec   *engine.Executor
	Pool   *offheap.Pool
	// Limits are the encoding thresholds; change them with SetLimits.
	Limits value.Limits

	t          testing.TB
	observer   engine.ObserverID
	clients    []*Client
	events     []string
	propagated []string
	modified   []string
}

// Client is one client of a Server.
type Client struct {
	*session.Client
	server *Server
}

// New returns a server with these commands. Its keyspace is checked, and must
// be free of leaks after a FLUSHALL, when the test ends.
func New(t testing.TB, specs ...[]command.Spec) *Server {
	t.Helper()
	return newServer(t, nil, func(*keyspace.Space) [][]command.Spec { return specs })
}

// NewOn is New for commands that need the server's keyspace.
func NewOn(t testing.TB, specs func(*keyspace.Space) [][]command.Spec) *Server {
	t.Helper()
	return newServer(t, nil, specs)
}

// NewCluster is New with a table per hash slot, as in cluster mode.
func NewCluster(t testing.TB, slot func(key []byte) uint16, specs ...[]command.Spec) *Server {
	t.Helper()
	return newServer(t, slot, func(*keyspace.Space) [][]command.Spec { return specs })
}

func newServer(t testing.TB, slot func(key []byte) uint16, specs func(*keyspace.Space) [][]command.Spec) *Server {
	t.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Pool: pool, Limits: *value.DefaultLimits()}
	s.Space = keyspace.New(keyspace.Options{Pool: pool, Databases: Databases, Seed: 42, Slot: slot})
	table, err := command.NewTable(specs(s.Space)...)
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = engine.New(s.Space, table, testClock{clock.NewSystem(), s})
	s.observer = s.Engine.AddObserver(command.Observer{
		Name: "test",
		Modified: func(tx *keyspace.Tx, key []byte) {
			s.modified = append(s.modified, fmt.Sprintf("%d:%s", tx.DB(), key))
		},
		Event: func(e command.Event) {
			s.events = append(s.events, fmt.Sprintf("%d:%s:%s", e.DB, e.Name, e.Key))
		},
		Propagate: func(batch []command.Propagated) {
			for _, p := range batch {
				s.propagated = append(s.propagated, fmt.Sprintf("%d:%s", p.DB, bytes.Join(p.Args, []byte(" "))))
			}
		},
	})
	s.Engine.Watch(s.observer, true)
	s.Engine.WantEvents(^(command.EventKeyMiss | command.EventNew)) // few tests care for these
	s.Exec = s.Engine.NewExecutor(host{})
	s.Exec.SetNow(Start)
	s.Client = s.NewClient()
	t.Cleanup(s.close)
	return s
}

// Unwatch ends the recording of events, changes and what is propagated: a
// benchmark then measures what the commands cost a server that has nobody to tell.
func (s *Server) Unwatch() {
	s.Engine.Watch(s.observer, false)
	s.Engine.WantEvents(0)
}

// testClock takes durations from the machine and the time from the test.
type testClock struct {
	*clock.System
	server *Server
}

func (c testClock) Now() time.Time { return time.UnixMilli(c.server.Exec.Now()) }

// host is the event loop of a Server: there is none.
type host struct{}

func (host) Unexecuted(c *session.Client, _ []byte) { panic("cmdtest: a request of a waiting client") }
func (host) Dirty(*session.Client)                  {}

func (s *Server) close() {
	for _, c := range s.clients {
		c.Closed()
	}
	s.Exec.Do(func() {
		w := s.Exec.Worker()
		if err := w.Check(); err != nil {
			s.t.Error(err)
		}
		for db := range Databases {
			w.Flush(db, false)
		}
	})
	s.Exec.Close()
	for why := range offheap.NumPurposes {
		if n := s.Pool.UsedBy(why); n != 0 {
			s.t.Errorf("%d bytes of purpose %s are left", n, why)
		}
	}
	s.Pool.Close()
}

// SetLimits puts s.Limits in force.
func (s *Server) SetLimits() {
	l := s.Limits
	s.Engine.SetLimits(&l)
}

// Advance lets time pass.
func (s *Server) Advance(d time.Duration) {
	s.Exec.SetNow(s.Exec.Now() + d.Milliseconds())
	s.Exec.EndWaits()
}

// Now returns the server's time in Unix milliseconds.
func (s *Server) Now() int64 { return s.Exec.Now() }

// NewClient returns another client.
func (s *Server) NewClient() *Client {
	c := &Client{Client: &session.Client{ID: uint64(len(s.clients) + 1), Authenticated: true, User: "default"}, server: s}
	c.Out.SetProtocol(resp.RESP2)
	s.clients = append(s.clients, c)
	return c
}

// Send executes a request. Its reply, if it has one now, waits for Reply.
func (c *Client) Send(words ...string) {
	x := c.server.Exec
	args := x.Args()
	for _, w := range words {
		args = append(args, []byte(w))
	}
	x.Queue(c.Client, args, nil)
	x.Execute()
}

// Reply takes the oldest reply; it is "" when there is none.
func (c *Client) Reply() string {
	c.server.t.Helper()
	if c.Out.Len() == 0 {
		return ""
	}
	all := bytes.Join(c.Out.Vector(make([][]byte, 0, 1024)), nil)
	source := bytes.NewReader(all)
	reader := client.NewReader(source, client.DefaultLimits)
	v, err := reader.Read()
	if err != nil {
		c.server.t.Fatalf("reply %q: %v", all, err)
	}
	c.Out.Consume(len(all) - source.Len() - reader.Buffered())
	return Text(v)
}

// Do executes a request given as words and returns its reply as text.
func (c *Client) Do(words ...string) string {
	c.server.t.Helper()
	c.Send(words...)
	r := c.Reply()
	if c.Out.Len() != 0 {
		c.server.t.Fatalf("%q: more than one reply: %s, %s", words, r, c.Reply())
	}
	return r
}

// Run executes a request given as one line and returns its reply as text.
func (c *Client) Run(line string) string {
	c.server.t.Helper()
	return c.Do(Words(c.server.t, line)...)
}

// Want executes a request given as one line and compares its reply.
func (c *Client) Want(line, want string) {
	c.server.t.Helper()
	if got := c.Run(line); got != want {
		c.server.t.Errorf("%s\n got %s\nwant %s", line, got, want)
	}
}

// Script executes lines of the form "request -> reply" and compares the
// replies. Empty lines and those that begin with # are skipped. A line without
// an arrow may have any reply but an error.
func (c *Client) Script(lines string) {
	c.server.t.Helper()
	for line := range strings.SplitSeq(lines, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		request, want, expects := strings.Cut(line, " -> ")
		request, want = strings.TrimSpace(request), strings.TrimSpace(want)
		c.Send(Words(c.server.t, request)...)
		failed := c.Out.Len() > 0 && c.Out.Since(resp.Mark{})[0] == '-'
		got := c.Reply()
		if expects && got != want {
			c.server.t.Errorf("%s\n got %s\nwant %s", request, got, want)
		} else if !expects && failed {
			c.server.t.Errorf("%s: %s", request, got)
		}
	}
}

// Events returns what keyspace events were raised since the last call, each as
// "db:event:key".
func (s *Server) Events() []string { return take(&s.events) }

// Propagated returns what entered the journal since the last call, each as
// "db:WORDS", separated by blanks.
func (s *Server) Propagated() []string { return take(&s.propagated) }

// Modified returns which keys were reported as modified since the last call,
// each as "db:key".
func (s *Server) Modified() []string { return take(&s.modified) }

func take(list *[]string) []string {
	all := slices.Clone(*list)
	*list = (*list)[:0]
	return all
}

// Effects compares the events and the journal since the last look at either.
func (s *Server) Effects(events, propagated string) {
	s.t.Helper()
	if got := strings.Join(s.Events(), ", "); got != events {
		s.t.Errorf("events\n got %s\nwant %s", got, events)
	}
	if got := strings.Join(s.Propagated(), ", "); got != propagated {
		s.t.Errorf("propagated\n got %s\nwant %s", got, propagated)
	}
}

// Words splits a request line.
func Words(t testing.TB, line string) (words []string) {
	t.Helper()
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		words, line = append(words, word), line[len(quoted):]
	}
	return words
}

// Text returns a reply as the package comment describes.
func Text(v client.Value) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

func write(b *strings.Builder, v client.Value) {
	switch v.Kind {
	case client.Null:
		b.WriteString("nil")
	case client.Bulk:
		b.WriteString(strconv.Quote(v.Str))
	case client.Verbatim:
		fmt.Fprintf(b, "=%s:%s", v.Format[:], v.Str)
	case client.Map:
		b.WriteByte('{')
		for i := 0; i < len(v.Elems); i += 2 {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(b, v.Elems[i])
			b.WriteString(": ")
			write(b, v.Elems[i+1])
		}
		b.WriteByte('}')
	case client.Array, client.Set, client.Push:
		b.WriteString(map[client.Kind]string{client.Array: "[", client.Set: "~[", client.Push: ">["}[v.Kind])
		for i := range v.Elems {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(b, v.Elems[i])
		}
		b.WriteByte(']')
	default:
		b.WriteString(v.Text())
	}
}
