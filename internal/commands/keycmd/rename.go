package keycmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var renameSpec = command.Spec{
	Name: "rename", Group: command.GroupGeneric, Since: "1.0.0", Arity: 3,
	Flags: command.Write, ACL: command.CatKeyspace,
	Summary:    "Give a key another name, replacing what was there",
	Complexity: "O(1)",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "newkey", Type: command.ArgKey, KeySpec: 1},
	},
	Run: runRename,
}

func runRename(c *command.Ctx) {
	if found, _ := rename(c, false); found {
		c.Out.OK()
	}
}

var renamenxSpec = command.Spec{
	Name: "renamenx", Group: command.GroupGeneric, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Give a key another name unless that one is taken",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "3.2.0", What: "equal names are no error any more"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyOW | command.KeyInsert, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "newkey", Type: command.ArgKey, KeySpec: 1},
	},
	Run: runRenameNX,
}

func runRenameNX(c *command.Ctx) {
	found, renamed := rename(c, true)
	switch {
	case !found:
	case renamed:
		c.Out.Int(1)
	default:
		c.Out.Int(0)
	}
}

// rename gives a key another name, unless onlyNew is set and that name is taken
// or the same. If the key does not exist, it answers so.
func rename(c *command.Ctx, onlyNew bool) (found, renamed bool) {
	from, to := c.Args[1], c.Args[2]
	if e := c.Tx.Write(from); !e.Found() {
		c.Out.Error(command.NoSuchKey)
		return false, false
	}
	if bytes.Equal(from, to) {
		return true, false
	}
	if d := c.Tx.Write(to); d.Found() && onlyNew {
		return true, false
	}
	// The second lookup may have removed an expired key beside the first.
	e := c.Tx.Peek(from)
	e.Rename(from, c.Tx, to)
	c.Notify(command.EventGeneric, "rename_from", from)
	c.Notify(command.EventGeneric, "rename_to", to)
	return true, true
}

// otherDB reads argument i as the number of a database. If it is none, it
// answers so.
func otherDB(c *command.Ctx, i int) (tx *keyspace.Tx, ok bool) {
	db, ok := c.Int32Arg(i)
	if !ok {
		return nil, false
	}
	if db < 0 || db >= c.Tx.Worker().Space().Databases() {
		c.Out.Error(command.DBIndexRange)
		return nil, false
	}
	return c.Tx.Other(db), true
}

var moveSpec = command.Spec{
	Name: "move", Group: command.GroupGeneric, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Transfer a key to another database",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	DBs:        []command.DBArg{{Pos: 2}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "db", Type: command.ArgInteger},
	},
	Run: runMove,
}

func runMove(c *command.Ctx) {
	to, ok := otherDB(c, 2)
	if !ok {
		return
	}
	if to == c.Tx {
		c.Out.Error(command.SameObject)
		return
	}
	key := c.Args[1]
	e := c.Tx.Write(key)
	if !e.Found() {
		c.Out.Int(0)
		return
	}
	if d := to.Write(key); d.Found() {
		c.Out.Int(0)
		return
	}
	e.Rename(key, to, key)
	c.Notify(command.EventGeneric, "move_from", key)
	c.NotifyDB(command.EventGeneric, "move_to", key, to.DB())
	c.Out.Int(1)
}

var copySpec = command.Spec{
	Name: "copy", Group: command.GroupGeneric, Since: "6.2.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatKeyspace,
	Summary:    "Duplicate a value under another key, in this or another database",
	Complexity: "O(N) for a collection of N items, O(1) for a string",
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, Step: 1},
	},
	DBs: []command.DBArg{{Pos: 4, After: "DB"}},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey}, {Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination-db", Type: command.ArgInteger, Token: "DB", Flags: command.ArgOptional},
		{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Flags: command.ArgOptional},
	},
	Run: runCopy,
}

func runCopy(c *command.Ctx) {
	to, replace := c.Tx, false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case command.Is(c.Args[i], "replace"):
			replace = true
		case command.Is(c.Args[i], "db") && i+1 < len(c.Args):
			i++
			var ok bool
			if to, ok = otherDB(c, i); !ok {
				return
			}
		default:
			c.Out.Error(command.SyntaxError)
			return
		}
	}
	from, name := c.Args[1], c.Args[2]
	if to == c.Tx && bytes.Equal(from, name) {
		c.Out.Error(command.SameObject)
		return
	}
	if e := c.Tx.Find(from); !e.Found() {
		c.Out.Int(0)
		return
	}
	if d := to.Write(name); d.Found() && !replace {
		c.Out.Int(0)
		return
	}
	// The second lookup may have removed an expired key beside the first.
	e := c.Tx.Peek(from)
	e.Copy(to, name)
	c.NotifyDB(command.EventGeneric, "copy_to", name, to.DB())
	c.Out.Int(1)
}
