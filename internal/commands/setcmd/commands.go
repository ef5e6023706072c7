// Package setcmd holds the commands on sets.
//
// A set key exists only while the set has members. Commands on several sets
// (algebra.go) take an absent key for an empty set; what they store replaces
// the target, whatever it held, and an empty result removes it. What a command
// chose by chance is propagated as what it removed.
package setcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Commands returns the commands of the group "set".
func Commands() []command.Spec {
	return []command.Spec{
		saddSpec, scardSpec, sdiffSpec, sdiffstoreSpec, sinterSpec, sintercardSpec, sinterstoreSpec,
		sismemberSpec, smembersSpec, smismemberSpec, smoveSpec, spopSpec, srandmemberSpec, sremSpec,
		sscanSpec, sunionSpec, sunionstoreSpec,
	}
}

// isSet reports whether an entry is a set. If it is absent or something else,
// isSet answers with absent or an error.
func isSet(c *command.Ctx, e *keyspace.Entry, absent func()) bool {
	switch {
	case !e.Found():
		absent()
	case e.Type() != value.Set:
		c.Out.Error(command.WrongType)
	default:
		return true
	}
	return false
}

// find looks up the set at argument 1 for reading, and answers with absent or
// an error if there is none.
func find(c *command.Ctx, absent func()) (v value.Value, ok bool) {
	e := c.Tx.Find(c.Args[1])
	if !isSet(c, &e, absent) {
		return v, false
	}
	return e.Value(), true
}

func replyZero(c *command.Ctx) func() { return func() { c.Out.Int(0) } }

// replyFlag answers with 1 or 0.
func replyFlag(c *command.Ctx, on bool) {
	if on {
		c.Out.Int(1)
	} else {
		c.Out.Int(0)
	}
}

// store puts a changed set back under key, removes the key if the set is empty,
// and raises the events. Nothing happens to the key without changes.
func store(c *command.Ctx, e *keyspace.Entry, key []byte, v value.Value, changes int, event string) {
	removed := e.Store(key, v, changes)
	if changes == 0 {
		return
	}
	c.Notify(command.EventSet, event, key)
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}
