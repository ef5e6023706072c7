package metamorphic

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/bitcmd"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/geocmd"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/hllcmd"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/sortcmd"
	"github.com/kvasirdb/kvasir/internal/commands/streamcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/txn"
	"github.com/kvasirdb/kvasir/test/harness"
)

// target answers requests.
type target interface {
	name() string
	do(words []string) client.Value
	advance(d time.Duration)
	// check examines what is inside and returns what must be equal among
	// targets that are servers; "" where there is no such thing.
	check() (state string, err error)
}

// knows returns a function that reports whether a target has a command.
func knows(t target) func(name string) bool {
	known := make(map[string]bool)
	return func(name string) bool {
		has, asked := known[name]
		if !asked {
			has = !strings.HasPrefix(t.do([]string{name}).Str, "ERR unknown command")
			known[name] = has
		}
		return has
	}
}

// tinyLimits are thresholds that the small universes cross all the time. The
// one of HyperLogLogs stays, because their encoding is seen in their bytes.
func tinyLimits() value.Limits {
	l := *value.DefaultLimits()
	l.HashMaxListpackEntries, l.HashMaxListpackValue = 4, 6
	l.ListMaxListpackSize, l.ListCompressDepth = 2, 1
	l.SetMaxIntsetEntries, l.SetMaxListpackEntries, l.SetMaxListpackValue = 3, 5, 6
	l.ZSetMaxListpackEntries, l.ZSetMaxListpackValue = 4, 6
	l.StreamNodeMaxBytes, l.StreamNodeMaxEntries = 200, 3
	return l
}

// tinyOptions are tinyLimits as options of a server.
func tinyOptions() []string {
	l := tinyLimits()
	var options []string
	for _, o := range []struct {
		name  string
		value int
	}{
		{"hash-max-listpack-entries", l.HashMaxListpackEntries}, {"hash-max-listpack-value", l.HashMaxListpackValue},
		{"list-max-listpack-size", l.ListMaxListpackSize}, {"list-compress-depth", l.ListCompressDepth},
		{"set-max-intset-entries", l.SetMaxIntsetEntries}, {"set-max-listpack-entries", l.SetMaxListpackEntries},
		{"set-max-listpack-value", l.SetMaxListpackValue}, {"zset-max-listpack-entries", l.ZSetMaxListpackEntries},
		{"zset-max-listpack-value", l.ZSetMaxListpackValue}, {"stream-node-max-bytes", l.StreamNodeMaxBytes},
		{"stream-node-max-entries", l.StreamNodeMaxEntries},
	} {
		options = append(options, "--"+o.name, strconv.Itoa(o.value))
	}
	return options
}

// inProcess is a server of cmdtest.
type inProcess struct {
	label  string
	server *cmdtest.Server
	stage  *stage
}

// stage is the testing.TB of a server that ends before the test does: its
// errors become one error, its clean-up runs when the server is closed.
type stage struct {
	testing.TB
	problems []string
	cleanup  []func()
}

func (s *stage) Cleanup(f func())                  { s.cleanup = append(s.cleanup, f) }
func (s *stage) Error(args ...any)                 { s.problems = append(s.problems, fmt.Sprint(args...)) }
func (s *stage) Errorf(format string, args ...any) { s.Error(fmt.Sprintf(format, args...)) }

// newInProcess returns a server with all data commands.
func newInProcess(t testing.TB, label string, limits value.Limits) *inProcess {
	maxBulk := func() int64 { return 1 << 20 }
	no := func() bool { return false }
	s := &inProcess{label: label, stage: &stage{TB: t}}
	var transactions *txn.Transactions
	s.server = cmdtest.NewOn(s.stage, func(space *keyspace.Space) [][]command.Spec {
		transactions = txn.New(space)
		return [][]command.Spec{
			bitcmd.Commands(bitcmd.Deps{MaxBulkBytes: maxBulk}), hashcmd.Commands(), listcmd.Commands(), setcmd.Commands(),
			zsetcmd.Commands(), geocmd.Commands(), hllcmd.Commands(), streamcmd.Commands(), sortcmd.Commands(sortcmd.Deps{}),
			stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: maxBulk}),
			keycmd.Commands(keycmd.Deps{CountsFrequency: no, LazyDelete: no, LazyFlush: no,
				Replacing: func(c *command.Ctx, db, by int) { transactions.Touch(c.Tx, db, by) }}),
			debugcmd.Commands(debugcmd.Deps{LFU: no}), transactions.Commands(),
		}
	})
	gate := s.server.Engine.AddGate(transactions.Gate())
	observer := s.server.Engine.AddObserver(transactions.Observer())
	transactions.Connect(
		func(c *session.Client, on bool) { engine.ArmClient(c, gate, on) },
		func(on bool) { s.server.Engine.Watch(observer, on) },
	)
	s.server.Limits = limits
	s.server.SetLimits()
	return s
}

func (s *inProcess) name() string            { return s.label }
func (s *inProcess) advance(d time.Duration) { s.server.Advance(d) }

// do executes a request. A panic becomes an error reply with its place.
func (s *inProcess) do(words []string) (v client.Value) {
	defer func() {
		if p := recover(); p != nil {
			s.stage.cleanup = nil // its locks are still held
			v = client.Value{Kind: client.Error, Str: fmt.Sprintf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	s.server.Send(words...)
	out := &s.server.Client.Out
	all := bytes.Join(out.Vector(make([][]byte, 0, 1024)), nil)
	v, err := client.NewReader(bytes.NewReader(all), client.DefaultLimits).Read()
	if err != nil {
		return client.Value{Kind: client.Error, Str: fmt.Sprintf("unreadable reply %q: %v", all, err)}
	}
	out.Consume(len(all))
	s.server.Events()
	s.server.Propagated()
	s.server.Modified()
	return v
}

func (s *inProcess) check() (state string, err error) {
	s.server.Exec.Do(func() { err = s.server.Exec.Worker().Check() })
	return s.do([]string{"DEBUG", "DIGEST"}).Str, err
}

// close ends the server, which checks itself and its memory once more.
func (s *inProcess) close() error {
	for _, f := range slices.Backward(s.stage.cleanup) {
		f()
	}
	if len(s.stage.problems) > 0 {
		return fmt.Errorf("%s: %s", s.label, strings.Join(s.stage.problems, "; "))
	}
	return nil
}

// remote is a connection to a server.
type remote struct {
	label string
	conn  *client.Conn
}

func dial(t testing.TB, label string, s *harness.Server) *remote {
	t.Helper()
	conn, err := client.Dial(context.Background(), client.Options{
		Addr: s.Addr, DialTimeout: remoteTimeout, ReadTimeout: remoteTimeout, WriteTimeout: remoteTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &remote{label, conn}
}

const remoteTimeout = 30 * time.Second

func (r *remote) name() string { return r.label }

// advance is never asked of a server whose clock is the machine's.
func (r *remote) advance(time.Duration) {}

func (r *remote) do(words []string) client.Value {
	v, err := r.conn.Do(context.Background(), words...)
	if err != nil {
		return client.Value{Kind: client.Error, Str: "connection: " + err.Error()}
	}
	return v
}

func (r *remote) check() (string, error) {
	v := r.do([]string{"DEBUG", "DIGEST"})
	return v.Str, v.Err()
}
