package listcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

var lpushSpec = command.Spec{
	Name: "lpush", Group: command.GroupList, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList,
	Summary:    "Put elements in front of a list",
	Complexity: "O(N) for N elements added",
	History: []command.Change{
		{Version: "2.4.0", What: "several elements in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element", Flags: command.ArgMultiple},
	},
	Run: runLPush,
}

func runLPush(c *command.Ctx) { push(c, head, false) }

var rpushSpec = command.Spec{
	Name: "rpush", Group: command.GroupList, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList,
	Summary:    "Put elements at the end of a list",
	Complexity: "O(N) for N elements added",
	History: []command.Change{
		{Version: "2.4.0", What: "several elements in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element", Flags: command.ArgMultiple},
	},
	Run: runRPush,
}

func runRPush(c *command.Ctx) { push(c, tail, false) }

var lpushxSpec = command.Spec{
	Name: "lpushx", Group: command.GroupList, Since: "2.2.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList,
	Summary:    "Put elements in front of a list that exists",
	Complexity: "O(N) for N elements added",
	History: []command.Change{
		{Version: "4.0.0", What: "several elements in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element", Flags: command.ArgMultiple},
	},
	Run: runLPushX,
}

func runLPushX(c *command.Ctx) { push(c, head, true) }

var rpushxSpec = command.Spec{
	Name: "rpushx", Group: command.GroupList, Since: "2.2.0", Arity: -3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList,
	Summary:    "Put elements at the end of a list that exists",
	Complexity: "O(N) for N elements added",
	History: []command.Change{
		{Version: "4.0.0", What: "several elements in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element", Flags: command.ArgMultiple},
	},
	Run: runRPushX,
}

func runRPushX(c *command.Ctx) { push(c, tail, true) }

// push adds the elements at an end, if need be only to a list that exists.
func push(c *command.Ctx, at end, existing bool) {
	key, elems := c.Args[1], c.Args[2:]
	e, wrongType := c.Tx.Collection(key, value.List)
	switch {
	case wrongType:
		c.Out.Error(command.WrongType)
		return
	case existing && !e.Found():
		c.Out.Int(0)
		return
	}
	v := e.Open(value.List, value.ListPack)
	list.Push(c.Tx.Heap(), c.Limits, &v, elems, bool(at))
	store(c, &e, key, v, len(elems), at.pushed())
	c.Out.Int(int64(list.Len(&v)))
}

var linsertSpec = command.Spec{
	Name: "linsert", Group: command.GroupList, Since: "2.2.0", Arity: 5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatList,
	Summary:    "Put an element before or after a given one",
	Complexity: "O(N) for N elements before the pivot",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "before", Type: command.ArgPureToken, Token: "BEFORE"},
			{Name: "after", Type: command.ArgPureToken, Token: "AFTER"},
		}},
		{Name: "pivot"}, {Name: "element"},
	},
	Run: runLInsert,
}

func runLInsert(c *command.Ctx) {
	after := command.Is(c.Args[2], "after")
	if !after && !command.Is(c.Args[2], "before") {
		c.Out.Error(command.SyntaxError)
		return
	}
	key, pivot, elem := c.Args[1], c.Args[3], c.Args[4]
	e, ok := edit(c, func() { c.Out.Int(0) })
	if !ok {
		return
	}
	v := e.Update()
	if !list.Insert(c.Tx.Heap(), c.Limits, &v, pivot, elem, after) {
		e.Commit(key, v, 0) // the encoding may have changed nevertheless
		c.Out.Int(-1)
		return
	}
	store(c, &e, key, v, 1, "linsert")
	c.Out.Int(int64(list.Len(&v)))
}

var lsetSpec = command.Spec{
	Name: "lset", Group: command.GroupList, Since: "1.0.0", Arity: 4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatList,
	Summary:    "Overwrite the element at a position",
	Complexity: "O(N) for N elements; O(1) at either end",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "index", Type: command.ArgInteger}, {Name: "element"},
	},
	Run: runLSet,
}

func runLSet(c *command.Ctx) {
	key, elem := c.Args[1], c.Args[3]
	e, ok := edit(c, func() { c.Out.Error(command.NoSuchKey) })
	if !ok {
		return
	}
	index, ok := c.IntArg(2)
	if !ok {
		return
	}
	v := e.Update()
	if !list.Set(c.Tx.Heap(), c.Limits, &v, int(index), elem) {
		e.Commit(key, v, 0) // the encoding may have changed nevertheless
		c.Out.Error(command.IndexRange)
		return
	}
	store(c, &e, key, v, 1, "lset")
	c.Out.OK()
}
