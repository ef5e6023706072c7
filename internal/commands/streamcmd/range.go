package streamcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
)

var xlenSpec = command.Spec{
	Name: "xlen", Group: command.GroupStream, Since: "5.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatStream,
	Summary:    "Count the entries of a stream",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runXLen,
}

func runXLen(c *command.Ctx) {
	if s, ok := find(c, c.Args[1], func() { c.Out.Int(0) }); ok {
		c.Out.Int(int64(s.Len()))
	}
}

var xrangeSpec = command.Spec{
	Name: "xrange", Group: command.GroupStream, Since: "5.0.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Read the entries between two IDs",
	Complexity: "O(N) for N entries returned",
	History: []command.Change{
		{Version: "6.2.0", What: "exclusive IDs"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start"}, {Name: "end"},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Run: runXRange,
}

func runXRange(c *command.Ctx) { rangeOf(c, 2, 3, false) }

var xrevrangeSpec = command.Spec{
	Name: "xrevrange", Group: command.GroupStream, Since: "5.0.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Read the entries between two IDs, newest first",
	Complexity: "O(N) for N entries returned",
	History: []command.Change{
		{Version: "6.2.0", What: "exclusive IDs"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "end"}, {Name: "start"},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
	},
	Run: runXRevRange,
}

func runXRevRange(c *command.Ctx) { rangeOf(c, 3, 2, true) }

// rangeOf answers with the entries between the IDs at two positions.
func rangeOf(c *command.Ctx, startAt, endAt int, backwards bool) {
	from, ok := startArg(c, startAt)
	if !ok {
		return
	}
	to, ok := endArg(c, endAt)
	if !ok {
		return
	}
	count, limited := int64(0), false
	for i := 4; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "count") || i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return
		}
		if count, ok = c.IntArg(i + 1); !ok {
			return
		}
		limited = true
	}
	s, ok := find(c, c.Args[1], c.Out.EmptyArray)
	switch {
	case !ok:
	case limited && count <= 0:
		c.Out.NullArray()
	default:
		header := c.Out.Defer()
		c.Out.SetArrayLen(header, int(replyRange(c, s, from, to, count, backwards)))
	}
}
