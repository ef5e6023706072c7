package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// end is one end of a sorted set.
type end bool

const (
	lowest  end = false
	highest end = true
)

// command names the command that pops at this end.
func (e end) command() string {
	if e == highest {
		return "ZPOPMAX"
	}
	return "ZPOPMIN"
}

// event names the event of a pop at this end.
func (e end) event() string {
	if e == highest {
		return "zpopmax"
	}
	return "zpopmin"
}

var zpopminSpec = command.Spec{
	Name: "zpopmin", Group: command.GroupSortedSet, Since: "5.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Take the members with the lowest scores",
	Complexity: "O(log(N)*M) for M members taken from N",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "count", Type: command.ArgInteger, Flags: command.ArgOptional},
	},
	Run: runZPopMin,
}

func runZPopMin(c *command.Ctx) { pop(c, lowest) }

var zpopmaxSpec = command.Spec{
	Name: "zpopmax", Group: command.GroupSortedSet, Since: "5.0.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Take the members with the highest scores",
	Complexity: "O(log(N)*M) for M members taken from N",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "count", Type: command.ArgInteger, Flags: command.ArgOptional},
	},
	Run: runZPopMax,
}

func runZPopMax(c *command.Ctx) { pop(c, highest) }

func pop(c *command.Ctx, from end) {
	count := 1
	switch len(c.Args) {
	case 2:
	case 3:
		var ok bool
		if count, ok = c.RangeArg(2, 0, command.NotPositive); !ok {
			return
		}
	default:
		c.Out.Error(command.SyntaxError)
		return
	}
	e := c.Tx.Write(c.Args[1])
	if !isZSet(c, &e, c.Out.EmptyArray) {
		return
	}
	if count == 0 {
		c.Out.EmptyArray()
		return
	}
	v := e.Value()
	count = min(count, zset.Len(&v))
	p := newPairs(c, true)
	if len(c.Args) == 2 {
		p.nested = false // a single pop is flat in RESP3, too
	}
	p.begin(count)
	take(c, &e, c.Args[1], from, count, &p)
}

// take pops count members, of at least as many, off a found sorted set and
// appends them to the reply.
func take(c *command.Ctx, e *keyspace.Entry, key []byte, from end, count int, p *pairs) {
	v := e.Update()
	if size := zset.Len(&v); from == highest {
		zset.Range(&v, size-1, count, true, p.add)
		zset.RemoveRange(c.Tx.Heap(), &v, size-count, size)
	} else {
		zset.Range(&v, 0, count, false, p.add)
		zset.RemoveRange(c.Tx.Heap(), &v, 0, count)
	}
	store(c, e, key, v, count, from.event())
}

var bzpopminSpec = command.Spec{
	Name: "bzpopmin", Group: command.GroupSortedSet, Since: "5.0.0", Arity: -3,
	Flags: command.Write | command.Fast | command.Blocking, ACL: command.CatSortedSet,
	Summary:    "Take the lowest member of the first non-empty sorted set, waiting for one if need be",
	Complexity: "O(log(N)) for N members",
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
	Run:  runBZPopMin,
}

func runBZPopMin(c *command.Ctx) { popOrWait(c, lowest) }

var bzpopmaxSpec = command.Spec{
	Name: "bzpopmax", Group: command.GroupSortedSet, Since: "5.0.0", Arity: -3,
	Flags: command.Write | command.Fast | command.Blocking, ACL: command.CatSortedSet,
	Summary:    "Take the highest member of the first non-empty sorted set, waiting for one if need be",
	Complexity: "O(log(N)) for N members",
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
	Run:  runBZPopMax,
}

func runBZPopMax(c *command.Ctx) { popOrWait(c, highest) }

func popOrWait(c *command.Ctx, from end) {
	last := len(c.Args) - 1
	deadline, errText := command.ParseTimeout(c, c.Args[last])
	if errText != "" {
		c.Out.Error(errText)
		return
	}
	keys := c.Args[1:last]
	key, e, answered := c.FirstCollection(keys, value.ZSet)
	switch {
	case key != nil:
		c.Out.ArrayHeader(3)
		c.Out.Bulk(key)
		take(c, &e, key, from, 1, &pairs{out: c.Out, withScores: true})
		c.PropagateInstead([]byte(from.command()), key)
	case !answered:
		c.WaitForElement(keys, value.ZSet, deadline, c.Out.NullArray)
	}
}

var zmpopSpec = command.Spec{
	Name: "zmpop", Group: command.GroupSortedSet, Since: "7.0.0", Arity: -4,
	Flags: command.Write, ACL: command.CatSortedSet,
	Summary:    "Take the highest or lowest members of the first non-empty sorted set",
	Complexity: "O(K) + O(M*log(N)) for K keys and M members taken from N",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"}, {Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Run: runZMPop,
}

func runZMPop(c *command.Ctx) {
	m, ok := parseManyPop(c, 1)
	if ok && !m.popFirst(c) {
		c.Out.NullArray()
	}
}

var bzmpopSpec = command.Spec{
	Name: "bzmpop", Group: command.GroupSortedSet, Since: "7.0.0", Arity: -5,
	Flags: command.Write | command.Blocking, ACL: command.CatSortedSet,
	Summary:    "Take members off the first non-empty sorted set, waiting for one if need be",
	Complexity: "O(K) + O(M*log(N)) for K keys and M members taken from N",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 2, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "timeout", Type: command.ArgDouble}, {Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"}, {Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Lock: command.LockExclusive,
	Run:  runBZMPop,
}

func runBZMPop(c *command.Ctx) {
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
		c.WaitForElement(m.keys, value.ZSet, deadline, c.Out.NullArray)
	}
}

// manyPop is what the words of ZMPOP and BZMPOP ask for.
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
	switch where := c.Args[i]; {
	case command.Is(where, "min"):
		m.from = lowest
	case command.Is(where, "max"):
		m.from = highest
	default:
		c.Out.Error(command.SyntaxError)
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

// popFirst pops from the first key that holds a sorted set and reports whether
// it has answered.
func (m *manyPop) popFirst(c *command.Ctx) (answered bool) {
	key, e, answered := c.FirstCollection(m.keys, value.ZSet)
	if key == nil {
		return answered
	}
	v := e.Value()
	n := min(m.count, zset.Len(&v))
	c.Out.ArrayHeader(2)
	c.Out.Bulk(key)
	c.Out.ArrayHeader(n)
	take(c, &e, key, m.from, n, &pairs{out: c.Out, withScores: true, nested: true})
	c.PropagateInstead([]byte(m.from.command()), key, number.AppendInt(nil, int64(n)))
	return true
}
