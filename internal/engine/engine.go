// Package engine executes commands: gates, locks, Run, commit.
//
// The path of one command, in order, each stage a function of Executor:
//
//  1. Queue: the loop has parsed a request. Its command is looked up, its first
//     key hashed, and the key's bucket prefetched.
//  2. Execute: after 32 requests or when the loop has read all its ready
//     connections, the entries are prefetched, the reader lock is taken, and
//     the queued requests run one after the other:
//  3. admit: unknown command, arity, then every gate armed for the server, for
//     the client or for the command. The common command has none.
//  4. lock: nothing, the shard of its key, the shards of its keys, or
//     everything (exclusive mode), as its plan says. A write to a key that a
//     client waits for takes everything.
//  5. run: the handler.
//  6. commit: still locked, observers learn of modified keys, events and what
//     the journal must take; waiting clients whose keys are ready are served.
//  7. account: statistics, the command log.
//
// Replies are appended to each client's output; the loop flushes at the end of
// its turn.
package engine

import (
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Engine is what all executors of one server share.
type Engine struct {
	Space   *keyspace.Space
	Table   *command.Table
	Waiting *blocking.Queues
	Clock   clock.Clock

	ticks *clock.TickScale

	gates        []command.Gate
	armed        atomic.Uint64 // gates armed for everybody
	commandArmed []uint64      // by command ID

	observers []*command.Observer
	watching  atomic.Uint64 // observers armed
	wants     wants
	events    atomic.Uint32 // event classes somebody wants

	importing atomic.Bool // import-mode

	limits    atomic.Pointer[value.Limits]
	latency   atomic.Bool // keep latency histograms
	notable   atomic.Pointer[notable]
	executors []*Executor // all ever made; their statistics are summed
	mu        sync.Mutex  // guards executors
}

// GateID and ObserverID name what was added to the engine.
type (
	GateID     uint8
	ObserverID uint8
)

// wants says which observers have which function, one bit an observer, so that
// an armed one costs only those who do what it looks at.
type wants struct {
	modified, removed, fieldsExpired, event, propagate, executed uint64
}

// New returns an engine without gates and observers.
func New(space *keyspace.Space, table *command.Table, clk clock.Clock) *Engine {
	e := &Engine{Space: space, Table: table, Waiting: blocking.New(), Clock: clk, ticks: clock.NewTickScale(clk)}
	e.commandArmed = make([]uint64, table.Len())
	e.limits.Store(value.DefaultLimits())
	e.latency.Store(true)
	return e
}

// AddGate appends a gate to the list. All gates are added before the first
// command runs; at most 64.
func (e *Engine) AddGate(g command.Gate) GateID {
	e.gates = append(e.gates, g)
	return GateID(len(e.gates) - 1)
}

// Gates returns the names of the gates in order.
func (e *Engine) Gates() []string {
	names := make([]string, len(e.gates))
	for i, g := range e.gates {
		names[i] = g.Name
	}
	return names
}

// Arm makes a gate look at every command, or ends that.
func (e *Engine) Arm(g GateID, on bool) { setBit(&e.armed, uint(g), on) }

// ArmClient makes a gate look at the commands of one client. Owner loop or
// exclusive mode.
func ArmClient(c *session.Client, g GateID, on bool) {
	if on {
		c.Armed |= 1 << g
	} else {
		c.Armed &^= 1 << g
	}
}

// ArmCommands makes a gate look at certain commands, whoever sends them.
// Before the first command runs.
func (e *Engine) ArmCommands(g GateID, want func(*command.Cmd) bool) {
	for _, c := range e.Table.All() {
		if want(c) {
			e.commandArmed[c.ID] |= 1 << g
		}
	}
}

// AddObserver adds an observer, unarmed. Before the first command runs.
func (e *Engine) AddObserver(o command.Observer) ObserverID {
	bit := uint64(1) << len(e.observers)
	e.observers = append(e.observers, &o)
	for _, h := range []struct {
		mask *uint64
		has  bool
	}{
		{&e.wants.modified, o.Modified != nil},
		{&e.wants.removed, o.Removed != nil},
		{&e.wants.fieldsExpired, o.FieldsExpired != nil},
		{&e.wants.event, o.Event != nil},
		{&e.wants.propagate, o.Propagate != nil},
		{&e.wants.executed, o.Executed != nil},
	} {
		if h.has {
			*h.mask |= bit
		}
	}
	return ObserverID(len(e.observers) - 1)
}

// Watch arms an observer, or ends that.
func (e *Engine) Watch(o ObserverID, on bool) { setBit(&e.watching, uint(o), on) }

// SetLimits replaces the encoding thresholds.
func (e *Engine) SetLimits(l *value.Limits) { e.limits.Store(l) }

// Limits returns the encoding thresholds in force.
func (e *Engine) Limits() *value.Limits { return e.limits.Load() }

// TrackLatency turns per-command latency histograms on or off
// (latency-tracking).
func (e *Engine) TrackLatency(on bool) { e.latency.Store(on) }

func setBit(word *atomic.Uint64, bit uint, on bool) {
	if on {
		word.Or(1 << bit)
	} else {
		word.And(^uint64(1 << bit))
	}
}

// EachExecutor calls f for every executor ever made. Exclusive mode only, where
// f reads their statistics.
func (e *Engine) EachExecutor(f func(*Executor)) {
	e.mu.Lock()
	all := e.executors
	e.mu.Unlock()
	for _, x := range all {
		f(x)
	}
}

// NextDeadline returns when EndWaits has work next, Unix milliseconds: a
// waiting client's deadline, 1 if there is work at once, 0 if nothing is due.
func (e *Engine) NextDeadline() int64 { return e.Waiting.NextDeadline() }
