package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

// loop is an event loop that does what is posted when the test says so.
type loop struct {
	posted []func()
	full   bool
}

func (l *loop) Index() int { return 0 }
func (l *loop) Post(f func()) bool {
	if !l.full {
		l.posted = append(l.posted, f)
	}
	return !l.full
}

func (l *loop) turn() {
	posted := l.posted
	l.posted = nil
	for _, f := range posted {
		f()
	}
}

type fixture struct {
	*Monitors
	t          *testing.T
	loop       *loop
	watching   bool
	restricted map[*session.Client]bool
	touched    int
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, loop: &loop{}, restricted: map[*session.Client]bool{}}
	f.Monitors = New(Options{
		Clock:      clock.NewManual(time.Unix(1700000000, 12_345_678)),
		Redact:     &redact.Rules{},
		UnixSocket: func() string { return "/run/k.sock" },
		Watch:      func(on bool) { f.watching = on },
		Restrict:   func(c *session.Client, on bool) { f.restricted[c] = on },
	})
	return f
}

func (f *fixture) client() *session.Client {
	return &session.Client{Loop: f.loop, Addr: "1.2.3.4:5", Touch: func() { f.touched++ }}
}

func (f *fixture) ctx(c *session.Client, flags command.Flags, line string) *command.Ctx {
	ctx := &command.Ctx{Client: c, Out: &c.Out}
	for _, word := range strings.Split(line, " ") {
		ctx.Args = append(ctx.Args, []byte(word))
	}
	ctx.Cmd = &command.Cmd{Name: strings.ToLower(string(ctx.Args[0])), Flags: flags}
	return ctx
}

// monitor makes a client that monitors; its OK has been read.
func (f *fixture) monitor() *session.Client {
	c := f.client()
	f.run(f.ctx(c, 0, "MONITOR"))
	f.expect(c, "+OK\r\n")
	return c
}

// expect reads the client's output.
func (f *fixture) expect(c *session.Client, want string) {
	f.t.Helper()
	if got := string(c.Out.Bytes()); got != want {
		f.t.Errorf("got %q, want %q", got, want)
	}
	c.Out.Discard()
}

const prefix = "+1700000000.012345 "

func TestLines(t *testing.T) {
	f := newFixture(t)
	m := f.monitor()
	tcp, unix, script := f.client(), f.client(), f.client()
	tcp.DB = 3
	unix.Set(session.UnixSocket)
	script.Set(session.Internal)
	f.Executed(f.ctx(tcp, 0, "Set k\" \xff\r\n"))
	f.Executed(f.ctx(unix, 0, "AUTH secret"))
	f.Executed(f.ctx(script, command.Write, "DEL k"))
	f.Executed(f.ctx(tcp, command.Admin, "CONFIG GET x"))
	f.Executed(f.ctx(tcp, command.SkipMonitor, "HIDDEN"))
	f.Show(f.ctx(tcp, command.SkipMonitor, "EVAL"))
	f.expect(m, "") // nothing reaches a client but from its loop
	f.loop.turn()
	f.expect(m, prefix+`[3 1.2.3.4:5] "Set" "k\"" "\xff\r\n"`+"\r\n"+
		prefix+`[0 unix:/run/k.sock] "AUTH" "(redacted)"`+"\r\n"+
		prefix+`[0 lua] "DEL" "k"`+"\r\n"+
		prefix+`[3 1.2.3.4:5] "EVAL"`+"\r\n")
	if f.touched != 1 {
		t.Errorf("touched %d times", f.touched)
	}
}

func TestBeginsOnceAndEnds(t *testing.T) {
	f := newFixture(t)
	m := f.monitor()
	f.run(f.ctx(m, 0, "MONITOR"))
	f.expect(m, "")
	if len(f.feeds) != 1 || !f.watching || !f.restricted[m] {
		t.Errorf("feeds %d, watching %v, restricted %v", len(f.feeds), f.watching, f.restricted[m])
	}
	f.Executed(f.ctx(m, 0, "PING"))
	f.End(m)
	f.loop.turn()
	f.expect(m, "") // what was on its way is dropped
	if len(f.feeds) != 0 || f.watching || f.restricted[m] || m.Has(session.Monitor) {
		t.Errorf("feeds %d, watching %v, restricted %v", len(f.feeds), f.watching, f.restricted[m])
	}
	f.run(f.ctx(m, 0, "MONITOR"))
	f.expect(m, "+OK\r\n")
	other := f.monitor()
	m.Closed()
	if len(f.feeds) != 1 || !f.watching {
		t.Errorf("one of two left: feeds %d, watching %v", len(f.feeds), f.watching)
	}
	f.End(f.client()) // does not monitor
	f.Executed(f.ctx(other, 0, "PING"))
	f.loop.turn()
	f.expect(other, prefix+`[0 1.2.3.4:5] "PING"`+"\r\n")
}

func TestRefusedWithoutConnection(t *testing.T) {
	f := newFixture(t)
	c := f.client()
	ctx := f.ctx(c, 0, "MONITOR")
	ctx.DenyBlocking = true
	f.run(ctx)
	f.expect(c, "-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n")
}

func TestFullQueueDelays(t *testing.T) {
	f := newFixture(t)
	m := f.monitor()
	f.loop.full = true
	f.Executed(f.ctx(m, 0, "A"))
	f.loop.full = false
	f.Executed(f.ctx(m, 0, "B"))
	f.Executed(f.ctx(m, 0, "C"))
	if len(f.loop.posted) != 1 {
		t.Errorf("posted %d times", len(f.loop.posted))
	}
	f.loop.turn()
	var want string
	for _, name := range []string{"A", "B", "C"} {
		want += fmt.Sprintf("%s[0 1.2.3.4:5] %q\r\n", prefix, name)
	}
	f.expect(m, want)
}

func TestOverflowCloses(t *testing.T) {
	f := newFixture(t)
	m := f.monitor()
	f.feeds[0].backlog = make([]byte, backlogBytesMax-100)
	f.Executed(f.ctx(m, 0, "SET k "+strings.Repeat("x", 100)))
	f.loop.turn()
	f.expect(m, "")
	if !m.Has(session.CloseSoon) || f.touched != 1 {
		t.Errorf("flags %b, touched %d times", m.Flags, f.touched)
	}
}

func TestGateKeepsFromKeys(t *testing.T) {
	f := newFixture(t)
	c := f.client()
	for flags, passes := range map[command.Flags]bool{
		command.Fast: true, command.Admin: true,
		command.ReadOnly: false, command.Write: false, command.MayReplicate: false,
	} {
		if got := Gate().Check(f.ctx(c, flags, "X")).Passed(); got != passes {
			t.Errorf("flags %b: %v", flags, got)
		}
	}
}
