// Package hashcmd holds the commands on hashes, and on the expiry of single
// fields.
//
// A hash key exists only while the hash has fields. A field whose time has come
// is not there for these commands, except that it counts in HLEN and is taken
// into account by a hash's size in HRANDFIELD; the expirer takes it out, and the
// keyspace reports that. A command that overwrites such a field raises
// "hexpired" in the expirer's place.
package hashcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Commands returns the commands of the group "hash".
func Commands() []command.Spec {
	return []command.Spec{
		hdelSpec, hexistsSpec, hexpireSpec, hexpireatSpec, hexpiretimeSpec, hgetSpec, hgetallSpec, hgetdelSpec,
		hgetexSpec, hincrbySpec, hincrbyfloatSpec, hkeysSpec, hlenSpec, hmgetSpec, hmsetSpec, hpersistSpec, hpexpireSpec,
		hpexpireatSpec, hpexpiretimeSpec, hpttlSpec, hrandfieldSpec, hscanSpec, hsetSpec, hsetexSpec, hsetnxSpec,
		hstrlenSpec, httlSpec, hvalsSpec,
	}
}

// fieldsNow returns the time by which the command's fields have expired or not.
// What a file or a primary says is done to any field.
func fieldsNow(c *command.Ctx) int64 {
	if c.Replaying() {
		return hash.IgnoreExpiry
	}
	return c.Tx.FieldsNow()
}

// overwriteNow is fieldsNow for setting fields. One that has expired counts as
// new only where this server decides on expiry; a replica has to take it as one
// that its primary has not deleted yet.
func overwriteNow(c *command.Ctx) int64 {
	if expiresAtOnce(c, c.Now) {
		return c.Now
	}
	return hash.IgnoreExpiry
}

// find looks the hash up for reading. If the key is absent or no hash, it
// answers with absent or an error.
func find(c *command.Ctx, absent func()) (v value.Value, ok bool) {
	v, found, ok := look(c)
	if ok && !found {
		absent()
	}
	return v, found && ok
}

// look looks the hash up for reading by a command that treats an absent key as
// an empty hash. If the key is no hash, it answers so.
func look(c *command.Ctx) (v value.Value, found, ok bool) {
	e := c.Tx.Find(c.Args[1])
	switch {
	case !e.Found():
		return value.Value{Type: value.Hash, Enc: value.ListPack}, false, true
	case e.Type() != value.Hash:
		c.Out.Error(command.WrongType)
		return v, false, false
	}
	return e.Value(), true, true
}

// edit looks the hash up for changing it; the entry may be absent. If the key is
// no hash, it answers so.
func edit(c *command.Ctx) (e keyspace.Entry, ok bool) {
	e, wrongType := c.Tx.Collection(c.Args[1], value.Hash)
	if wrongType {
		c.Out.Error(command.WrongType)
	}
	return e, !wrongType
}

// open announces a change of the hash and returns it; an absent key is an empty
// hash.
func open(e *keyspace.Entry) value.Value { return e.Open(value.Hash, value.ListPack) }

// fieldCount reads argument i as the number of arguments that follow it. If
// they are not as many, it answers with complaint.
func fieldCount(c *command.Ctx, i int, complaint string) (ok bool) {
	n, ok := c.IntArg(i)
	if ok && (n == 0 || n != int64(len(c.Args)-i-1)) {
		c.Out.Error(complaint)
		return false
	}
	return ok
}

const wrongFieldCount = "ERR numfields should be greater than 0 and match the provided number of fields"
