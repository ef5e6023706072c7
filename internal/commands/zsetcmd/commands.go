// Package zsetcmd holds the commands on sorted sets.
//
// A sorted set key exists only while the set has members. Every range, however
// it is given, becomes an interval of ranks before it is walked (range.go).
// Commands on several sets take plain sets as well, whose members have the
// score 1 (algebra.go). The commands that wait (pop.go) do what their plain
// forms do as soon as one of their keys has a member, and are propagated as
// those.
package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Commands returns the commands of the group "sorted-set".
func Commands() []command.Spec {
	return []command.Spec{
		bzmpopSpec, bzpopmaxSpec, bzpopminSpec, zaddSpec, zcardSpec, zcountSpec, zdiffSpec, zdiffstoreSpec,
		zincrbySpec, zinterSpec, zintercardSpec, zinterstoreSpec, zlexcountSpec, zmpopSpec, zmscoreSpec,
		zpopmaxSpec, zpopminSpec, zrandmemberSpec, zrangeSpec, zrangebylexSpec, zrangebyscoreSpec, zrangestoreSpec,
		zrankSpec, zremSpec, zremrangebylexSpec, zremrangebyrankSpec, zremrangebyscoreSpec, zrevrangeSpec,
		zrevrangebylexSpec, zrevrangebyscoreSpec, zrevrankSpec, zscanSpec, zscoreSpec, zunionSpec, zunionstoreSpec,
	}
}

const (
	notScores  = "ERR min or max is not a float"
	notMembers = "ERR min or max not valid string range item"
)

// isZSet reports whether an entry is a sorted set. If it is absent or something
// else, isZSet answers with absent or an error.
func isZSet(c *command.Ctx, e *keyspace.Entry, absent func()) bool {
	switch {
	case !e.Found():
		absent()
	case e.Type() != value.ZSet:
		c.Out.Error(command.WrongType)
	default:
		return true
	}
	return false
}

// find looks up the sorted set at key for reading, and answers with absent or an
// error if there is none.
func find(c *command.Ctx, key []byte, absent func()) (v value.Value, ok bool) {
	e := c.Tx.Find(key)
	if !isZSet(c, &e, absent) {
		return v, false
	}
	return e.Value(), true
}

func zero(c *command.Ctx) func() { return func() { c.Out.Int(0) } }

// store puts a changed sorted set back under key, removes the key if the set is
// empty, and raises the events. Nothing happens to the key without changes.
func store(c *command.Ctx, e *keyspace.Entry, key []byte, v value.Value, changes int, event string) {
	removed := e.Store(key, v, changes)
	if changes == 0 {
		return
	}
	c.Notify(command.EventZSet, event, key)
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}
