package command

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Ctx is what a handler gets: the command's arguments, the keys it may touch,
// and where its reply and its side effects go. It is valid during Run only.
//
// A handler first checks its arguments, then looks keys up, then changes them,
// then replies. Once a key is changed the command must not fail.
type Ctx struct {
	Args   [][]byte // the words, Args[0] is the name; views of the request
	Cmd    *Cmd
	Out    *resp.Writer
	Tx     *keyspace.Tx // on the client's database; keys that Cmd declares are locked
	Client *session.Client
	Now    int64 // Unix milliseconds, frozen while commands of one batch run
	Limits *value.Limits

	// Resumed is set when a blocked client's command runs again because a key
	// it waits for may be ready.
	Resumed bool
	// DenyBlocking: the client cannot wait (it is in MULTI, a script, or not
	// connected); a blocking command answers as on timeout.
	DenyBlocking bool

	Effects Effects
	Server  Server
}

// Server is what handlers may ask of the executing engine besides keys.
type Server interface {
	// Exclusive runs f while nothing else executes. The calling command must
	// have a LockNone or LockExclusive plan.
	Exclusive(f func())
	// Propagates reports whether any observer takes what commands propagate.
	Propagates() bool
	// Call runs another command for the same client, its reply appended to the
	// caller's, its effects part of the same unit. Exclusive mode only.
	Call(c *Ctx, args [][]byte)
	// Block makes the client wait; see Block.
	Block(c *Ctx, b Block)
	// EventsEnabled reports whether any observer wants events of a class.
	EventsEnabled(class EventClass) bool
}

// OutputFull reports whether the reply has passed the limit of the client's
// output. The client will be closed; a command whose reply can be of any length
// stops writing it.
func (c *Ctx) OutputFull() bool {
	limit := c.Client.OutputLimitBytes
	return limit > 0 && int64(c.Out.Len()) >= limit
}

// Replaying reports whether the command comes from the append-only file or the
// primary: it must be executed as it stands, limits and expiry do not apply.
func (c *Ctx) Replaying() bool { return c.Client.Has(session.Primary) }

// Arg returns argument i as a string.
func (c *Ctx) Arg(i int) string { return string(c.Args[i]) }

// Block says how a client waits. The engine runs the command again, with
// Resumed set, whenever one of the keys may be ready, in the order in which
// clients began to wait; the run that does not call Block again ends the wait.
type Block struct {
	Keys [][]byte // copied
	Type value.Type
	// DeadlineMillis ends the wait, Unix milliseconds; 0 never.
	DeadlineMillis int64
	// Timeout replies when the deadline passes; nil is a null array.
	Timeout func(w *resp.Writer)
	// OnKeyGone: wake the client also when a key is deleted or changes its
	// type (XREADGROUP).
	OnKeyGone bool
}

// EventClass is a set of keyspace event classes, as notify-keyspace-events.
type EventClass uint32

// Event classes; the letters are those of notify-keyspace-events.
const (
	EventGeneric  EventClass = 1 << iota // g
	EventString                          // $
	EventList                            // l
	EventSet                             // s
	EventHash                            // h
	EventZSet                            // z
	EventExpired                         // x
	EventEvicted                         // e
	EventStream                          // t
	EventKeyMiss                         // m
	EventModule                          // d
	EventNew                             // n
	EventKeyspace                        // K
	EventKeyevent                        // E
)

// Effects collect what a command did besides its reply. The engine hands them
// to the observers after Run, still under the command's locks.
type Effects struct {
	events    []Event
	rewritten []Propagated
	mode      propagation
}

type propagation uint8

const (
	propagateVerbatim propagation = iota
	propagateInstead
	propagateNothing
	propagateForced
)

// Event is one keyspace event.
type Event struct {
	Class EventClass
	Name  string
	DB    int
	Key   []byte
}

// Propagated is a command for the journal.
type Propagated struct {
	DB   int
	Args [][]byte
}

// Notify raises a keyspace event: Notify(EventString, "set", key). The key is
// copied when anybody listens.
func (c *Ctx) Notify(class EventClass, name string, key []byte) {
	c.NotifyDB(class, name, key, c.Tx.DB())
}

// NotifyDB is Notify for a key of another database.
func (c *Ctx) NotifyDB(class EventClass, name string, key []byte, db int) {
	if c.Server.EventsEnabled(class) {
		c.Effects.events = append(c.Effects.events, Event{class, name, db, append([]byte(nil), key...)})
	}
}

// PropagateInstead makes the journal take this command (may be called several
// times, in order) instead of the one executed, where that would not give the
// same result again. Arguments are copied.
func (c *Ctx) PropagateInstead(args ...[]byte) {
	c.Effects.mode = propagateInstead
	if !c.Propagates() {
		return
	}
	c.Effects.rewritten = append(c.Effects.rewritten, Propagated{c.Tx.DB(), CloneArgs(args)})
}

// PropagateNothing keeps the command out of the journal although it changed
// something.
func (c *Ctx) PropagateNothing() { c.Effects.mode = propagateNothing }

// PropagateForced puts the command into the journal although it changed nothing.
func (c *Ctx) PropagateForced() { c.Effects.mode = propagateForced }

// Raise adds an event that the command has caused but not named. The key is the
// callee's.
func (e *Effects) Raise(event Event) { e.events = append(e.events, event) }

// Events returns the events raised so far.
func (e *Effects) Events() []Event { return e.events }

// Reset forgets everything, keeping memory for reuse.
func (e *Effects) Reset() {
	if e.mode != propagateVerbatim || len(e.events) > 0 {
		clear(e.events)
		clear(e.rewritten)
		e.events, e.rewritten, e.mode = e.events[:0], e.rewritten[:0], propagateVerbatim
	}
}

// AppendPropagated appends to batch what the journal must take for a command
// that made changes modifications.
func (e *Effects) AppendPropagated(batch []Propagated, db int, args [][]byte, changes int64) []Propagated {
	switch {
	case e.mode == propagateInstead:
		return append(batch, e.rewritten...)
	case e.mode == propagateForced, e.mode == propagateVerbatim && changes > 0:
		return append(batch, Propagated{db, args})
	}
	return batch
}

// CloneArgs returns a copy of a command in memory of its own.
func CloneArgs(args [][]byte) [][]byte {
	n := 0
	for _, a := range args {
		n += len(a)
	}
	buf := make([]byte, 0, n)
	out := make([][]byte, len(args))
	for i, a := range args {
		buf = append(buf, a...)
		out[i] = buf[len(buf)-len(a):]
	}
	return out
}
