package listcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

var blpopSpec = command.Spec{
	Name: "blpop", Group: command.GroupList, Since: "2.0.0", Arity: -3,
	Flags: command.Write | command.Blocking, ACL: command.CatList,
	Summary:    "Take the first element of the first non-empty list, waiting for one if need be",
	Complexity: "O(N) for N keys",
	History: []command.Change{
		{Version: "6.0.0", What: "fractional timeouts"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, LastKey: -2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple}, {Name: "timeout", Type: command.ArgDouble},
	},
	Lock: command.LockExclusive,
	Run:  runBLPop,
}

func runBLPop(c *command.Ctx) { popOrWait(c, head) }

var brpopSpec = command.Spec{
	Name: "brpop", Group: command.GroupList, Since: "2.0.0", Arity: -3,
	Flags: command.Write | command.Blocking, ACL: command.CatList,
	Summary:    "Take the last element of the first non-empty list, waiting for one if need be",
	Complexity: "O(N) for N keys",
	History: []command.Change{
		{Version: "6.0.0", What: "fractional timeouts"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, LastKey: -2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple}, {Name: "timeout", Type: command.ArgDouble},
	},
	Lock: command.LockExclusive,
	Run:  runBRPop,
}

func runBRPop(c *command.Ctx) { popOrWait(c, tail) }

func popOrWait(c *command.Ctx, from end) {
	last := len(c.Args) - 1
	deadline, errText := command.ParseTimeout(c, c.Args[last])
	if errText != "" {
		c.Out.Error(errText)
		return
	}
	keys := c.Args[1:last]
	key, e, answered := c.FirstCollection(keys, value.List)
	switch {
	case key != nil:
		c.Out.ArrayHeader(2)
		c.Out.Bulk(key)
		popReply(c, &e, key, from, 1)
		c.PropagateInstead([]byte(from.command()), key)
	case !answered:
		c.WaitForElement(keys, value.List, deadline, c.Out.NullArray)
	}
}

var blmpopSpec = command.Spec{
	Name: "blmpop", Group: command.GroupList, Since: "7.0.0", Arity: -5,
	Flags: command.Write | command.Blocking, ACL: command.CatList,
	Summary:    "Take elements off the first non-empty list, waiting for one if need be",
	Complexity: "O(N+M) for N keys and M elements",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 2, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "timeout", Type: command.ArgDouble}, {Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
			{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Lock: command.LockExclusive,
	Run:  runBLMPop,
}

func runBLMPop(c *command.Ctx) {
	m, ok := parseManyPop(c, 2)
	if !ok {
		return
	}
	deadline, errText := command.ParseTimeout(c, c.Args[1])
	if errText != "" {
		c.Out.Error(errText)
		return
	}
	if !m.popFirst(c) {
		c.WaitForElement(m.keys, value.List, deadline, c.Out.NullArray)
	}
}

var blmoveSpec = command.Spec{
	Name: "blmove", Group: command.GroupList, Since: "6.2.0", Arity: 6,
	Flags: command.Write | command.DenyOOM | command.Blocking, ACL: command.CatList,
	Summary:    "Take an element off one list and put it on another, waiting for one if need be",
	Complexity: "O(1)",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey}, {Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "wherefrom", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
			{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
		}},
		{Name: "whereto", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
			{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
		}},
		{Name: "timeout", Type: command.ArgDouble},
	},
	Lock: command.LockExclusive,
	Run:  runBLMove,
}

func runBLMove(c *command.Ctx) {
	if from, to, ok := parseEnds(c); ok {
		moveOrWait(c, from, to, 5, "LMOVE")
	}
}

var brpoplpushSpec = command.Spec{
	Name: "brpoplpush", Group: command.GroupList, Since: "2.2.0", Arity: 4,
	Flags: command.Write | command.DenyOOM | command.Blocking, ACL: command.CatList,
	Summary:    "Take the last element of a list and put it in front of another, waiting for one if need be",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "6.0.0", What: "fractional timeouts"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey}, {Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "timeout", Type: command.ArgDouble},
	},
	Lock: command.LockExclusive,
	Run:  runBRPopLPush,
}

func runBRPopLPush(c *command.Ctx) { moveOrWait(c, tail, head, 3, "RPOPLPUSH") }

// moveOrWait is move with a timeout, which is the last argument. plain names
// the command that does the same without it.
func moveOrWait(c *command.Ctx, from, to end, timeoutAt int, plain string) {
	deadline, errText := command.ParseTimeout(c, c.Args[timeoutAt])
	if errText != "" {
		c.Out.Error(errText)
		return
	}
	if e := c.Tx.Write(c.Args[1]); !e.Found() {
		c.WaitForElement(c.Args[1:2], value.List, deadline, c.Out.Null)
		return
	}
	if move(c, from, to) {
		args := append([][]byte{[]byte(plain)}, c.Args[1:timeoutAt]...)
		c.PropagateInstead(args...)
	}
}
