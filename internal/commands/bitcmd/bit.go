package bitcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/encoding/bitmap"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

func (l limits) getbitSpec() command.Spec {
	getbitSpec := command.Spec{
		Name: "getbit", Group: command.GroupBitmap, Since: "2.2.0", Arity: 3,
		Flags: command.ReadOnly | command.Fast, ACL: command.CatBitmap,
		Summary:    "Read the bit at an offset",
		Complexity: "O(1)",
		Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "offset", Type: command.ArgInteger},
		},
		Run: l.runGetBit,
	}
	return getbitSpec
}

func (l limits) runGetBit(c *command.Ctx) {
	bit, ok := l.offsetArg(c, c.Args[2], 0)
	if !ok {
		return
	}
	var text keyspace.NumberText
	m, _, ok := find(c, c.Args[1], &text)
	if !ok {
		return
	}
	replyBit(c, bit>>3 < len(m) && bitmap.Get(m, bit))
}

func (l limits) setbitSpec() command.Spec {
	setbitSpec := command.Spec{
		Name: "setbit", Group: command.GroupBitmap, Since: "2.2.0", Arity: 4,
		Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap,
		Summary:    "Write the bit at an offset, extending the string as needed",
		Complexity: "O(1)",
		Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "offset", Type: command.ArgInteger},
			{Name: "value", Type: command.ArgInteger},
		},
		Run: l.runSetBit,
	}
	return setbitSpec
}

func (l limits) runSetBit(c *command.Ctx) {
	bit, ok := l.offsetArg(c, c.Args[2], 0)
	if !ok {
		return
	}
	val, ok := number.ParseInt(c.Args[3])
	if !ok || val&^1 != 0 {
		c.Out.Error("ERR bit is not an integer or out of range")
		return
	}
	key := c.Args[1]
	m, ok := openMap(c, key, bit+1)
	if !ok {
		return
	}
	was, on := bitmap.Get(m.bytes, bit), val == 1
	if was != on {
		bitmap.Set(m.writable(), bit, on)
	}
	if m.changed {
		c.Notify(command.EventString, "setbit", key)
	}
	replyBit(c, was)
}

func replyBit(c *command.Ctx, on bool) {
	if on {
		c.Out.Int(1)
	} else {
		c.Out.Int(0)
	}
}

// openedMap is a key's map that a command may change. The keyspace is told of
// the change when there is one.
type openedMap struct {
	c       *command.Ctx
	e       keyspace.Entry
	key     []byte
	bytes   []byte
	changed bool
	text    keyspace.NumberText
}

// openMap looks a key up in order to change bits before the offset end, and
// makes its map long enough for them. If the key holds no string, openMap
// answers so.
func openMap(c *command.Ctx, key []byte, end int) (m *openedMap, ok bool) {
	m = &openedMap{c: c, key: key, e: c.Tx.Write(key)}
	if !isString(c, &m.e) {
		return nil, false
	}
	if m.e.Found() {
		m.bytes = m.e.String(&m.text)
	}
	if size := (end + 7) >> 3; size > len(m.bytes) {
		m.bytes = c.Tx.EditString(&m.e, key, size, m.e.Found())
		m.changed = true
	}
	return m, true
}

// writable returns the map for the caller to write, announcing a change.
func (m *openedMap) writable() []byte {
	if !m.changed {
		m.bytes = m.c.Tx.EditString(&m.e, m.key, len(m.bytes), false)
		m.changed = true
	}
	return m.bytes
}
