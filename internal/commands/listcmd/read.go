package listcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/resp"
)

var llenSpec = command.Spec{
	Name: "llen", Group: command.GroupList, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatList,
	Summary:    "Count the elements of a list",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runLLen,
}

func runLLen(c *command.Ctx) {
	if e, ok := find(c, func() { c.Out.Int(0) }); ok {
		v := e.Value()
		c.Out.Int(int64(list.Len(&v)))
	}
}

var lindexSpec = command.Spec{
	Name: "lindex", Group: command.GroupList, Since: "1.0.0", Arity: 3,
	Flags: command.ReadOnly, ACL: command.CatList,
	Summary:    "Read the element at a position",
	Complexity: "O(N) for N elements passed on the way; O(1) at either end",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "index", Type: command.ArgInteger},
	},
	Run: runLIndex,
}

func runLIndex(c *command.Ctx) {
	e, ok := find(c, c.Out.Null)
	if !ok {
		return
	}
	index, ok := c.IntArg(2)
	if !ok {
		return
	}
	v := e.Value()
	var scratch list.Scratch
	it, ok := list.At(&v, int(index), c.Tx.Buffers())
	if !ok {
		c.Out.Null()
		return
	}
	c.Out.Bulk(it.Bytes(&scratch))
	it.Close()
}

var lrangeSpec = command.Spec{
	Name: "lrange", Group: command.GroupList, Since: "1.0.0", Arity: 4,
	Flags: command.ReadOnly, ACL: command.CatList,
	Summary:    "Read the elements between two positions",
	Complexity: "O(S+N), S being the way to the start and N the elements returned",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
	},
	Run: runLRange,
}

func runLRange(c *command.Ctx) {
	start, ok := c.IntArg(2)
	if !ok {
		return
	}
	stop, ok := c.IntArg(3)
	if !ok {
		return
	}
	e, ok := find(c, c.Out.EmptyArray)
	if !ok {
		return
	}
	v := e.Value()
	from, count := list.Bounds(list.Len(&v), int(start), int(stop))
	c.Out.ArrayHeader(count)
	replyRange(c, &v, from, count)
}

// replyRange appends count elements from the one with this index on to a reply.
func replyRange(c *command.Ctx, v *value.Value, from, count int) {
	c.Out.Extend(func(dst []byte) []byte {
		list.Runs(v, from, count, c.Tx.Buffers(), func(packed listpack.View, p, n int, elem []byte) {
			if packed == nil {
				dst = resp.AppendBulk(dst, elem)
			} else {
				dst = appendRun(dst, packed, p, n)
			}
		})
		return dst
	})
}

// appendRun appends n elements of a listpack from position p on as bulk strings.
func appendRun(dst []byte, lp listpack.View, p, n int) []byte {
	for ; n > 0; n-- {
		if s, next := lp.Short(p); next != 0 {
			dst = resp.AppendShortBulk(dst, s)
			p = next
			continue
		}
		if e := lp.Get(p); e.IsInt {
			dst = resp.AppendBulkInt(dst, e.Int)
		} else {
			dst = resp.AppendBulk(dst, e.Str)
		}
		p = lp.Next(p)
	}
	return dst
}

var lposSpec = command.Spec{
	Name: "lpos", Group: command.GroupList, Since: "6.0.6", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatList,
	Summary:    "Find the positions of an element",
	Complexity: "O(N) for N elements; less near the ends or with MAXLEN",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element"},
		{Name: "rank", Type: command.ArgInteger, Token: "RANK", Flags: command.ArgOptional},
		{Name: "num-matches", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "len", Type: command.ArgInteger, Token: "MAXLEN", Flags: command.ArgOptional},
	},
	Run: runLPos,
}

func runLPos(c *command.Ctx) {
	rank, count, maxLen, ok := parseLPos(c)
	if !ok {
		return
	}
	many := count >= 0
	absent := c.Out.Null
	if many {
		absent = c.Out.EmptyArray
	}
	e, ok := find(c, absent)
	if !ok {
		return
	}
	v := e.Value()
	if !many {
		first := -1
		list.Positions(&v, c.Args[2], rank, maxLen, c.Tx.Buffers(), func(index int) bool { first = index; return false })
		if first < 0 {
			c.Out.Null()
		} else {
			c.Out.Int(int64(first))
		}
		return
	}
	n := 0
	array := c.Out.Defer()
	list.Positions(&v, c.Args[2], rank, maxLen, c.Tx.Buffers(), func(index int) bool {
		c.Out.Int(int64(index))
		n++
		return n != count
	})
	c.Out.SetArrayLen(array, n)
}

// parseLPos reads the options of LPOS; count is -1 without COUNT. If they make
// no sense, it answers so.
func parseLPos(c *command.Ctx) (rank, count, maxLen int, ok bool) {
	rank, count = 1, -1
	for i := 3; i < len(c.Args); i += 2 {
		if i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return rank, count, maxLen, false
		}
		switch word := c.Args[i]; {
		case command.Is(word, "rank"):
			if rank, ok = c.SymmetricArg(i + 1); ok && rank == 0 {
				c.Out.Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
					"or use negative to start from the end of the list")
				ok = false
			}
		case command.Is(word, "count"):
			count, ok = c.RangeArg(i+1, 0, "ERR COUNT can't be negative")
		case command.Is(word, "maxlen"):
			maxLen, ok = c.RangeArg(i+1, 0, "ERR MAXLEN can't be negative")
		default:
			c.Out.Error(command.SyntaxError)
			ok = false
		}
		if !ok {
			return rank, count, maxLen, false
		}
	}
	return rank, count, maxLen, true
}
