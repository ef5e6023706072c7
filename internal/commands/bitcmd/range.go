package bitcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/encoding/bitmap"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var bitcountSpec = command.Spec{
	Name: "bitcount", Group: command.GroupBitmap, Since: "2.6.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatBitmap,
	Summary:    "Count the bits that are set in a string or a range of it",
	Complexity: "O(N)",
	History: []command.Change{
		{Version: "7.0.0", What: "unit BYTE or BIT"}, {Version: "8.0.0", What: "end is optional"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "range", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "start", Type: command.ArgInteger},
			{Name: "end-unit-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "end", Type: command.ArgInteger},
				{Name: "unit", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
					{Name: "byte", Type: command.ArgPureToken, Token: "BYTE"}, {Name: "bit", Type: command.ArgPureToken, Token: "BIT"},
				}},
			}},
		}},
	},
	Run: runBitCount,
}

func runBitCount(c *command.Ctx) {
	r, ok := parseRange(c, 2)
	if !ok {
		return
	}
	var text keyspace.NumberText
	m, _, ok := find(c, c.Args[1], &text)
	if !ok {
		return
	}
	n := 0
	// Two ends counted from the back are compared as they stand; other ranges
	// after both are brought into the map.
	if !(r.start < 0 && r.end < 0 && r.start > r.end) {
		if from, to := r.within(m); from <= to {
			n = bitmap.CountBits(m, from, to)
		}
	}
	c.Out.Int(int64(n))
}

var bitposSpec = command.Spec{
	Name: "bitpos", Group: command.GroupBitmap, Since: "2.8.7", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatBitmap,
	Summary:    "Find the first bit that is set or clear",
	Complexity: "O(N)",
	History: []command.Change{
		{Version: "7.0.0", What: "unit BYTE or BIT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "bit", Type: command.ArgInteger},
		{Name: "range", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "start", Type: command.ArgInteger},
			{Name: "end-unit-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "end", Type: command.ArgInteger},
				{Name: "unit", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
					{Name: "byte", Type: command.ArgPureToken, Token: "BYTE"}, {Name: "bit", Type: command.ArgPureToken, Token: "BIT"},
				}},
			}},
		}},
	},
	Run: runBitPos,
}

func runBitPos(c *command.Ctx) {
	bit, ok := c.IntArg(2)
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		c.Out.Error("ERR The bit argument must be 1 or 0.")
		return
	}
	r, ok := parseRange(c, 3)
	if !ok {
		return
	}
	var text keyspace.NumberText
	m, found, ok := find(c, c.Args[1], &text)
	if !ok {
		return
	}
	pos := -1
	if from, to := r.within(m); from <= to {
		pos = bitmap.Find(m, from, to, bit == 1)
		// A map goes on with zeros, unless the range says where to stop.
		if pos < 0 && bit == 0 && !r.ends {
			pos = len(m) << 3
		}
	} else if !found && bit == 0 {
		pos = 0
	}
	c.Out.Int(int64(pos))
}

// bitRange is a part of a map as BITCOUNT and BITPOS name it: with its ends
// included, in bytes or in bits, counted from the back when negative.
type bitRange struct {
	start, end int64
	ends       bool // the end is given
	inBits     bool
}

// parseRange reads the arguments from index i on as a range. If they are none,
// it answers so.
func parseRange(c *command.Ctx, i int) (r bitRange, ok bool) {
	given := len(c.Args) - i
	if given > 3 {
		c.Out.Error(command.SyntaxError)
		return r, false
	}
	r.end = -1
	if given > 0 {
		if r.start, ok = c.IntArg(i); !ok {
			return r, false
		}
	}
	if given > 2 {
		if r.inBits = command.Is(c.Args[i+2], "bit"); !r.inBits && !command.Is(c.Args[i+2], "byte") {
			c.Out.Error(command.SyntaxError)
			return r, false
		}
	}
	if given > 1 {
		if r.end, ok = c.IntArg(i + 1); !ok {
			return r, false
		}
		r.ends = true
	}
	return r, true
}

// within returns the first and the last bit of m in the range, from > to if it
// is empty.
func (r bitRange) within(m []byte) (from, to int) {
	total := int64(len(m))
	if r.inBits {
		total <<= 3
	}
	start, end := r.start, r.end
	if start < 0 {
		start = max(total+start, 0)
	}
	if end < 0 {
		end = max(total+end, 0)
	}
	end = min(end, total-1)
	switch {
	case start > end:
		return 0, -1
	case r.inBits:
		return int(start), int(end)
	}
	return int(start) << 3, int(end)<<3 + 7
}
