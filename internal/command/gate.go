package command

import "github.com/kvasirdb/kvasir/internal/keyspace"

// Gate is one reason why a command may not run now. The engine has an ordered
// list of gates, written down in node/wiring.go. A gate looks only at commands
// it is armed for: armed for everybody (loading, out of memory, paused), for
// one client (not authenticated, in MULTI, subscribed), or for one command. The
// common command passes all of them by a single test of a bit mask.
type Gate struct {
	Name string
	// Check decides. It runs before any shard is locked, under the loop's
	// reader lock.
	Check func(c *Ctx) Verdict
	// First makes it look, before anybody tells what is wrong, at requests that
	// are no command as well: Cmd is nil for an unknown one, and the arguments
	// may be of the wrong number.
	First bool
}

// Verdict is a gate's answer.
type Verdict struct {
	kind verdictKind
	text string
}

type verdictKind uint8

const (
	pass verdictKind = iota
	refuse
	done
	postpone
)

// Pass lets the command go on to the next gate.
func Pass() Verdict { return Verdict{} }

// Refuse answers the command with an error. text begins with its code.
func Refuse(text string) Verdict { return Verdict{refuse, text} }

// Done says that the gate has dealt with the command and replied (QUEUED).
func Done() Verdict { return Verdict{kind: done} }

// Postpone says that the client must wait: the gate's owner resumes it, and
// the command goes through the gates again.
func Postpone() Verdict { return Verdict{kind: postpone} }

// Passed reports whether the command may go on.
func (v Verdict) Passed() bool { return v.kind == pass }

// Refused returns the error text if the command was refused.
func (v Verdict) Refused() (text string, ok bool) { return v.text, v.kind == refuse }

// Postponed reports whether the client has to wait.
func (v Verdict) Postponed() bool { return v.kind == postpone }

// Observer sees what commands do. All functions are optional. They are called
// under the locks of the command and must not look up keys, lock, or block.
type Observer struct {
	Name string
	// Modified: a key was changed, created or removed. WATCH, client tracking
	// and waiting clients depend on it.
	Modified func(tx *keyspace.Tx, key []byte)
	// Removed: the server itself removed a key. The event "expired", "evicted",
	// or "del" for a hash that was emptied, comes to Event; the engine propagates
	// the deletion.
	Removed func(tx *keyspace.Tx, key []byte, why keyspace.Reason)
	// FieldsExpired: the server itself took fields out of a hash because their
	// time had come. The event "hexpired" of the class EventExpired comes to
	// Event; the engine propagates the deletion. If that emptied the hash,
	// Removed is next.
	FieldsExpired func(tx *keyspace.Tx, key []byte, fields [][]byte)
	// Event: a keyspace event of a class that Engine.WantEvents named. Those of
	// a command, and of the keys it made the server expire, create or miss, come
	// when it has run, in the order in which they happened.
	Event func(e Event)
	// Propagate: commands enter the journal, in this order and as one unit: what
	// one command, or all commands of a transaction, have done. The batch is
	// valid during the call.
	Propagate func(batch []Propagated)
	// Executed: a client's command has run, or has begun to wait, or is a
	// refused EXEC, which ends the transaction. The run that ends a wait is not
	// told.
	Executed func(c *Ctx)
}
