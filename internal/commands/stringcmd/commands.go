// Package stringcmd holds the commands on string values.
package stringcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Deps are what the commands need to know of the server.
type Deps struct {
	MaxBulkBytes func() int64 // proto-max-bulk-len, the longest string
}

// Commands returns the commands of the group "string".
func Commands(d Deps) []command.Spec {
	l := limits(d)
	specs := []command.Spec{
		decrSpec, decrbySpec, delifeqSpec, getSpec, getdelSpec, getexSpec, getrangeSpec, getsetSpec, incrSpec,
		incrbySpec, incrbyfloatSpec, mgetSpec, msetSpec, msetexSpec, msetnxSpec, psetexSpec, setSpec, setexSpec,
		setnxSpec, strlenSpec, substrSpec,
	}
	return append(specs, l.appendSpec(), l.setrangeSpec(), l.lcsSpec())
}

// limits are the handlers that must keep a string within the longest allowed.
type limits Deps

const tooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"

// allow reports whether a string of size bytes may grow by more; if not, it
// answers so.
func (l limits) allow(c *command.Ctx, size, more int64) bool {
	total := size + more
	if !c.Replaying() && (total > l.MaxBulkBytes() || total < size) {
		c.Out.Error(tooLong)
		return false
	}
	return true
}

// isString reports whether a found key holds a string; if not, it answers so.
func isString(c *command.Ctx, e *keyspace.Entry) bool {
	if e.Type() != value.String {
		c.Out.Error(command.WrongType)
		return false
	}
	return true
}

// find looks a key up for a command that answers with its string. If there is
// none, find answers, with null or an error.
func find(c *command.Ctx, key []byte) (e keyspace.Entry, ok bool) {
	e = c.Tx.Find(key)
	if !e.Found() {
		c.Out.Null()
		return e, false
	}
	return e, isString(c, &e)
}

// replyString answers with the string of a found key.
func replyString(c *command.Ctx, e *keyspace.Entry) {
	if r := e.BigString(); r != 0 {
		replyBig(c, r, str.Bytes(r))
		return
	}
	var text keyspace.NumberText
	c.Out.Bulk(e.String(&text))
}

// replyBig answers with a part of the long string in block r. A long part is
// sent from where it lies: the reply holds a reference to the block, which it
// may give back on any loop.
func replyBig(c *command.Ctx, r offheap.Ref, part []byte) {
	// Whoever reads the replies of an internal client expects them in one piece.
	if len(part) <= keyspace.InlineMax || c.Client.Has(session.Internal) {
		c.Out.Bulk(part)
		return
	}
	pool := c.Tx.Heap().Pool()
	str.Retain(r)
	c.Out.BulkRef(part, func() { str.ReleaseTo(pool, r) })
}
