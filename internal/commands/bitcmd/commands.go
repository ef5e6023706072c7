// Package bitcmd holds the commands on strings taken as bitmaps: single bits,
// counts and positions of bits, integers of any width in the midst of a map
// (BITFIELD), and combinations of whole maps (BITOP). How bits are numbered and
// worked with is package bitmap's.
package bitcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Deps are what the commands need to know of the server.
type Deps struct {
	MaxBulkBytes func() int64 // proto-max-bulk-len, the longest string
}

// Commands returns the commands of the group "bitmap".
func Commands(d Deps) []command.Spec {
	l := limits(d)
	return []command.Spec{
		bitcountSpec, bitopSpec, bitposSpec,
		l.bitfieldSpec(), l.bitfieldRoSpec(), l.getbitSpec(), l.setbitSpec(),
	}
}

// limits are the handlers that must keep a bit within the longest string.
type limits Deps

// offsetArg reads an argument as the offset of a bit. "#3" is the offset of the
// fourth field of this width, where the width is not 0. If it is no offset,
// offsetArg answers so.
func (l limits) offsetArg(c *command.Ctx, arg []byte, width int) (bit int, ok bool) {
	step := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, step = arg[1:], int64(width)
	}
	n, ok := number.ParseInt(arg)
	n *= step
	if !ok || n < 0 || !c.Replaying() && n>>3 >= l.MaxBulkBytes() {
		c.Out.Error("ERR bit offset is not an integer or out of range")
		return 0, false
	}
	return int(n), true
}

// isString reports whether a key holds a string or nothing; if not, it answers
// so.
func isString(c *command.Ctx, e *keyspace.Entry) bool {
	if e.Found() && e.Type() != value.String {
		c.Out.Error(command.WrongType)
		return false
	}
	return true
}

// find looks a key up for reading and returns a view of its map, nil when there
// is no key. If the key holds no string, find answers so.
func find(c *command.Ctx, key []byte, text *keyspace.NumberText) (m []byte, found, ok bool) {
	e := c.Tx.Find(key)
	if !isString(c, &e) {
		return nil, false, false
	}
	if !e.Found() {
		return nil, false, true
	}
	return e.String(text), true, true
}
