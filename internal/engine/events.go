package engine

import (
	"bytes"
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Keyspace events come from commands, which name theirs, and from the keyspace:
// keys that the server removes by itself, keys that are looked for in vain, keys
// that are made. Those raised while a command runs take their place among the
// command's own; the others are told at once.

// removalEvents are the events of keys that the server removes by itself.
var removalEvents = [...]command.Event{
	keyspace.ReasonExpired: {Class: command.EventExpired, Name: "expired"},
	keyspace.ReasonEvicted: {Class: command.EventEvicted, Name: "evicted"},
	keyspace.ReasonEmptied: {Class: command.EventGeneric, Name: "del"},
}

// WantEvents says which classes of keyspace events are raised at all.
func (e *Engine) WantEvents(classes command.EventClass) {
	e.events.Store(uint32(classes))
	e.Space.SetNotices(classes&command.EventKeyMiss != 0, classes&command.EventNew != 0)
}

// EventsEnabled reports whether events of a class are raised.
func (e *Engine) EventsEnabled(class command.EventClass) bool {
	return e.events.Load()&uint32(class) != 0
}

// Missed implements keyspace.Sink.
func (x *Executor) Missed(tx *keyspace.Tx, key []byte) {
	x.raise(command.EventKeyMiss, "keymiss", tx.DB(), key)
}

// Created implements keyspace.Sink.
func (x *Executor) Created(tx *keyspace.Tx, key []byte) {
	x.raise(command.EventNew, "new", tx.DB(), key)
}

// raise raises an event of the keyspace. The key is copied.
func (x *Executor) raise(class command.EventClass, name string, db int, key []byte) {
	e := x.engine
	if !e.EventsEnabled(class) {
		return
	}
	event := command.Event{Class: class, Name: name, DB: db, Key: bytes.Clone(key)}
	if x.current != nil {
		x.current.Effects.Raise(event)
		return
	}
	for m := e.watching.Load() & e.wants.event; m != 0; m &= m - 1 {
		e.observers[bits.TrailingZeros64(m)].Event(event)
	}
}
