package listcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var lpopSpec = command.Spec{
	Name: "lpop", Group: command.GroupList, Since: "1.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatList,
	Summary:    "Take elements off the front of a list",
	Complexity: "O(N) for N elements returned",
	History: []command.Change{
		{Version: "6.2.0", What: "count argument"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "count", Type: command.ArgInteger, Since: "6.2.0", Flags: command.ArgOptional},
	},
	Run: runLPop,
}

func runLPop(c *command.Ctx) { pop(c, head) }

var rpopSpec = command.Spec{
	Name: "rpop", Group: command.GroupList, Since: "1.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatList,
	Summary:    "Take elements off the end of a list",
	Complexity: "O(N) for N elements returned",
	History: []command.Change{
		{Version: "6.2.0", What: "count argument"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "count", Type: command.ArgInteger, Since: "6.2.0", Flags: command.ArgOptional},
	},
	Run: runRPop,
}

func runRPop(c *command.Ctx) { pop(c, tail) }

func pop(c *command.Ctx, from end) {
	if len(c.Args) == 2 {
		if e, ok := edit(c, c.Out.Null); ok {
			popReply(c, &e, c.Args[1], from, 1)
		}
		return
	}
	if len(c.Args) > 3 {
		c.Out.Error(command.WrongArity(c.Cmd))
		return
	}
	count, ok := c.RangeArg(2, 0, "ERR value is out of range, must be positive")
	if !ok {
		return
	}
	e, ok := edit(c, c.Out.NullArray)
	switch {
	case !ok:
	case count == 0:
		c.Out.EmptyArray()
	default:
		v := e.Value()
		n := min(count, list.Len(&v))
		c.Out.ArrayHeader(n)
		popReply(c, &e, c.Args[1], from, n)
	}
}

// popReply takes count elements, as many as there are at most, from an end of a
// found list and appends them to the reply.
func popReply(c *command.Ctx, e *keyspace.Entry, key []byte, from end, count int) {
	v := e.Update()
	if count == 1 {
		// The common case: Pop would cost two allocations.
		var scratch list.Scratch
		elem, _ := list.Index(&v, from.index(), &scratch)
		c.Out.Bulk(elem)
		list.Drop(c.Tx.Heap(), c.Limits, &v, 1, bool(from))
	} else {
		list.Pop(c.Tx.Heap(), c.Limits, &v, count, bool(from), c.Out.Bulk)
	}
	store(c, e, key, v, count, from.popped())
}

var lmpopSpec = command.Spec{
	Name: "lmpop", Group: command.GroupList, Since: "7.0.0", Arity: -4,
	Flags: command.Write, ACL: command.CatList,
	Summary:    "Take elements off the first non-empty list",
	Complexity: "O(N+M) for N keys and M elements",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
			{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Run: runLMPop,
}

func runLMPop(c *command.Ctx) {
	m, ok := parseManyPop(c, 1)
	if ok && !m.popFirst(c) {
		c.Out.NullArray()
	}
}

// manyPop is what the words of LMPOP and BLMPOP ask for.
type manyPop struct {
	keys  [][]byte
	from  end
	count int
}

// parseManyPop reads the words from the number of keys on, which is argument
// i. If they make no sense, it answers so.
func parseManyPop(c *command.Ctx, i int) (m manyPop, ok bool) {
	n, ok := c.RangeArg(i, 1, "ERR numkeys should be greater than 0")
	if !ok {
		return m, false
	}
	if n > len(c.Args)-i-2 {
		c.Out.Error(command.SyntaxError)
		return m, false
	}
	m.keys = c.Args[i+1 : i+1+n]
	i += 1 + n
	if m.from, ok = parseEnd(c, c.Args[i]); !ok {
		return m, false
	}
	for i++; i < len(c.Args); i += 2 {
		if m.count != 0 || !command.Is(c.Args[i], "count") || i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return m, false
		}
		if m.count, ok = c.RangeArg(i+1, 1, "ERR count should be greater than 0"); !ok {
			return m, false
		}
	}
	m.count = max(m.count, 1)
	return m, true
}

// popFirst pops from the first key that holds a list and reports whether it has
// answered.
func (m *manyPop) popFirst(c *command.Ctx) bool {
	key, e, answered := c.FirstCollection(m.keys, value.List)
	if key == nil {
		return answered
	}
	v := e.Value()
	n := min(m.count, list.Len(&v))
	c.Out.ArrayHeader(2)
	c.Out.Bulk(key)
	c.Out.ArrayHeader(n)
	popReply(c, &e, key, m.from, n)
	c.PropagateInstead([]byte(m.from.command()), key, number.AppendInt(nil, int64(n)))
	return true
}

var lremSpec = command.Spec{
	Name: "lrem", Group: command.GroupList, Since: "1.0.0", Arity: 4,
	Flags: command.Write, ACL: command.CatList,
	Summary:    "Remove elements equal to a given one",
	Complexity: "O(N+M) for N elements, M of them removed",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "count", Type: command.ArgInteger}, {Name: "element"},
	},
	Run: runLRem,
}

func runLRem(c *command.Ctx) {
	count, ok := c.SymmetricArg(2)
	if !ok {
		return
	}
	key, elem := c.Args[1], c.Args[3]
	e, ok := edit(c, func() { c.Out.Int(0) })
	if !ok {
		return
	}
	v := e.Update()
	n := list.Remove(c.Tx.Heap(), c.Limits, &v, elem, count)
	if n == 0 {
		e.Commit(key, v, 0)
	} else {
		store(c, &e, key, v, n, "lrem")
	}
	c.Out.Int(int64(n))
}

var ltrimSpec = command.Spec{
	Name: "ltrim", Group: command.GroupList, Since: "1.0.0", Arity: 4,
	Flags: command.Write, ACL: command.CatList,
	Summary:    "Cut a list down to the elements between two positions",
	Complexity: "O(N) for N elements removed",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
	},
	Run: runLTrim,
}

func runLTrim(c *command.Ctx) {
	start, ok := c.IntArg(2)
	if !ok {
		return
	}
	stop, ok := c.IntArg(3)
	if !ok {
		return
	}
	e, ok := edit(c, c.Out.OK)
	if !ok {
		return
	}
	v := e.Update()
	n := list.Trim(c.Tx.Heap(), c.Limits, &v, int(start), int(stop))
	store(c, &e, c.Args[1], v, n, "ltrim")
	c.Out.OK()
}
