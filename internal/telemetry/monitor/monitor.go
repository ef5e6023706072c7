// Package monitor is the MONITOR command: clients that are shown every command
// as it executes.
//
// Commands execute on all loops at a time. The line for one is written into the
// backlog of every monitoring client, and the client's own loop moves the
// backlog to the client's output, at most once per turn. A client that reads
// too slowly is closed by the limit of its output; one whose loop is too slow
// by the limit of the backlog.
package monitor

import (
	"fmt"
	"slices"
	"sync"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

// backlogBytesMax is how much may wait for a client's loop.
const backlogBytesMax = 64 << 20

// Options are what Monitors need.
type Options struct {
	Clock  clock.Clock
	Redact *redact.Rules
	// UnixSocket returns the path of the unix socket.
	UnixSocket func() string
	// Watch makes the engine call Executed for every command, or ends that.
	// Exclusive mode.
	Watch func(on bool)
	// Restrict puts a client under the Gate, or ends that. Exclusive mode.
	Restrict func(c *session.Client, on bool)
}

// Monitors are the monitoring clients of one server.
type Monitors struct {
	options Options
	// feeds are changed in exclusive mode and read while commands execute.
	feeds []*feed
}

// feed is what is on its way to one monitoring client.
type feed struct {
	client *session.Client

	mu       sync.Mutex
	backlog  []byte
	posted   bool // the client's loop has been asked to take the backlog
	overflow bool
}

// New returns an empty set.
func New(o Options) *Monitors { return &Monitors{options: o} }

// Commands returns the MONITOR command.
func Commands(m *Monitors) []command.Spec {
	monitorSpec := command.Spec{
		Name: "monitor", Group: command.GroupServer, Since: "1.0.0", Arity: 1,
		Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary: "Stream every command the server executes to this connection",
		Lock:    command.LockExclusive,
		Run:     m.run,
	}
	return []command.Spec{monitorSpec}
}

func (m *Monitors) run(c *command.Ctx) {
	switch {
	case c.DenyBlocking:
		c.Out.Error("ERR MONITOR isn't allowed for DENY BLOCKING client")
	case c.Client.Flags&(session.Monitor|session.Replica) != 0:
		// It gets no replies but the stream it has asked for.
	default:
		m.begin(c.Client)
		c.Out.OK()
	}
}

func (m *Monitors) begin(c *session.Client) {
	if c.Ext[session.ExtMonitor] == nil {
		c.Ext[session.ExtMonitor] = &feed{client: c}
		c.OnClose(m.End)
	}
	c.Set(session.Monitor)
	m.feeds = append(m.feeds, c.Ext[session.ExtMonitor].(*feed))
	m.options.Restrict(c, true)
	m.options.Watch(true)
}

// End stops showing commands to a client (RESET, or it leaves). Exclusive mode.
func (m *Monitors) End(c *session.Client) {
	if !c.Has(session.Monitor) {
		return
	}
	c.Clear(session.Monitor)
	m.feeds = slices.DeleteFunc(m.feeds, func(f *feed) bool { return f.client == c })
	m.options.Restrict(c, false)
	m.options.Watch(len(m.feeds) > 0)
}

// Gate keeps monitoring clients from commands that touch keys.
func Gate() command.Gate {
	const touches = command.Write | command.ReadOnly | command.MayReplicate
	return command.Gate{Name: "monitor", Check: func(c *command.Ctx) command.Verdict {
		if c.Cmd.Flags&touches != 0 {
			return command.Refuse("ERR Replica can't interact with the keyspace")
		}
		return command.Pass()
	}}
}

// Executed shows a command, unless it is of a kind that is not shown. It is an
// observer.
func (m *Monitors) Executed(c *command.Ctx) {
	if c.Cmd.Flags&(command.SkipMonitor|command.Admin) == 0 {
		m.Show(c)
	}
}

// Show shows a command of any kind. What runs a script calls it first, and is
// not shown by Executed, so that it stands before the commands of the script.
func (m *Monitors) Show(c *command.Ctx) {
	if len(m.feeds) == 0 {
		return
	}
	line := m.line(c)
	for _, f := range m.feeds {
		f.add(line)
	}
}

// line is `+1700000000.123456 [0 127.0.0.1:4711] "set" "key" "value"`.
func (m *Monitors) line(c *command.Ctx) []byte {
	now := m.options.Clock.Now()
	line := fmt.Appendf(nil, "+%d.%06d [%d %s]", now.Unix(), now.Nanosecond()/1e3, c.Client.DB, m.origin(c.Client))
	secrets := m.options.Redact.Secrets(c.Cmd, c.Args)
	for i, arg := range c.Args {
		text := string(arg)
		if slices.Contains(secrets, i) {
			text = redact.Placeholder
		}
		line = append(append(line, ' '), config.Quote(text)...)
	}
	return append(line, "\r\n"...)
}

func (m *Monitors) origin(c *session.Client) string {
	switch {
	case c.Has(session.Internal):
		return "lua"
	case c.Has(session.UnixSocket):
		return "unix:" + m.options.UnixSocket()
	}
	return c.Addr
}

// add puts a line into the backlog. Any loop.
func (f *feed) add(line []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.backlog)+len(line) > backlogBytesMax {
		f.overflow = true
	}
	if !f.overflow {
		f.backlog = append(f.backlog, line...)
	}
	if !f.posted {
		f.posted = f.client.Loop.Post(f.deliver)
	}
}

// deliver moves the backlog to the client's output. It runs on the client's
// loop, perhaps after the client has stopped monitoring or is gone.
func (f *feed) deliver() {
	f.mu.Lock()
	backlog, overflow := f.backlog, f.overflow
	f.backlog, f.posted = nil, false
	f.mu.Unlock()
	if !f.client.Has(session.Monitor) {
		return
	}
	if overflow {
		f.client.Set(session.CloseSoon)
	} else {
		f.client.Out.Raw(backlog)
	}
	f.client.Touch()
}
