package listcmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

var lmoveSpec = command.Spec{
	Name: "lmove", Group: command.GroupList, Since: "6.2.0", Arity: 5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatList,
	Summary:    "Take an element off one list and put it on another",
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
	},
	Run: runLMove,
}

func runLMove(c *command.Ctx) {
	if from, to, ok := parseEnds(c); ok {
		move(c, from, to)
	}
}

var rpoplpushSpec = command.Spec{
	Name: "rpoplpush", Group: command.GroupList, Since: "1.2.0", Arity: 3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatList,
	Summary:    "Take the last element of a list and put it in front of another",
	Complexity: "O(1)",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1},
		{Flags: command.KeyRW | command.KeyInsert, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey}, {Name: "destination", Type: command.ArgKey, KeySpec: 1},
	},
	Run: runRPopLPush,
}

func runRPopLPush(c *command.Ctx) { move(c, tail, head) }

// parseEnds reads the two ends of LMOVE and BLMOVE. If they are none, it
// answers so.
func parseEnds(c *command.Ctx) (from, to end, ok bool) {
	if from, ok = parseEnd(c, c.Args[3]); ok {
		to, ok = parseEnd(c, c.Args[4])
	}
	return from, to, ok
}

// move takes an element from one end of the list at argument 1, puts it at an
// end of the list at argument 2, and answers with it. It reports whether there
// was one and it could be moved.
func move(c *command.Ctx, from, to end) (moved bool) {
	source, target := c.Args[1], c.Args[2]
	e, ok := edit(c, c.Out.Null)
	if !ok {
		return false
	}
	if bytes.Equal(source, target) {
		v := e.Update()
		list.Rotate(c.Tx.Heap(), c.Limits, &v, bool(from), bool(to), c.Out.Bulk)
		e.Commit(source, v, 1)
		c.Notify(command.EventList, to.pushed(), source)
		c.Notify(command.EventList, from.popped(), source)
		return true
	}
	t, wrongType := c.Tx.Collection(target, value.List)
	if wrongType {
		c.Out.Error(command.WrongType)
		return false
	}
	// Whatever is done with one of the keys may move the entry of the other.
	e = c.Tx.Peek(source)
	v := e.Value()
	var scratch list.Scratch
	elem, _ := list.Index(&v, from.index(), &scratch)
	c.Out.Bulk(elem)
	tv := t.Open(value.List, value.ListPack)
	list.Push(c.Tx.Heap(), c.Limits, &tv, [][]byte{elem}, bool(to))
	store(c, &t, target, tv, 1, to.pushed())
	e = c.Tx.Peek(source)
	v = e.Update()
	list.Drop(c.Tx.Heap(), c.Limits, &v, 1, bool(from))
	store(c, &e, source, v, 1, from.popped())
	c.Tx.AddDirty(-1) // a move counts once
	return true
}
