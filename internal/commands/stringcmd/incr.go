package stringcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var incrSpec = command.Spec{
	Name: "incr", Group: command.GroupString, Since: "1.0.0", Arity: 2,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Add one to an integer value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runIncr,
}

func runIncr(c *command.Ctx) { increment(c, 1) }

var decrSpec = command.Spec{
	Name: "decr", Group: command.GroupString, Since: "1.0.0", Arity: 2,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Subtract one from an integer value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runDecr,
}

func runDecr(c *command.Ctx) { increment(c, -1) }

var incrbySpec = command.Spec{
	Name: "incrby", Group: command.GroupString, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Add a given amount to an integer value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "increment", Type: command.ArgInteger},
	},
	Run: runIncrBy,
}

func runIncrBy(c *command.Ctx) {
	if by, ok := c.IntArg(2); ok {
		increment(c, by)
	}
}

var decrbySpec = command.Spec{
	Name: "decrby", Group: command.GroupString, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Subtract a given amount from an integer value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "decrement", Type: command.ArgInteger},
	},
	Run: runDecrBy,
}

func runDecrBy(c *command.Ctx) {
	by, ok := c.IntArg(2)
	switch {
	case !ok:
	case by == math.MinInt64:
		c.Out.Error("ERR decrement would overflow")
	default:
		increment(c, -by)
	}
}

// increment adds to the integer that the key holds, 0 if it is absent.
func increment(c *command.Ctx, by int64) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	var n int64
	if e.Found() {
		if !isString(c, &e) {
			return
		}
		var ok bool
		if n, ok = e.Int(); !ok {
			var text keyspace.NumberText
			if n, ok = number.ParseInt(e.String(&text)); !ok {
				c.Out.Error(command.NotAnInteger)
				return
			}
		}
	}
	sum := n + by
	if (sum > n) != (by > 0) && by != 0 {
		c.Out.Error("ERR increment or decrement would overflow")
		return
	}
	c.Tx.SetInt(&e, key, sum)
	c.Notify(command.EventString, "incrby", key)
	c.Out.Int(sum)
}

var incrbyfloatSpec = command.Spec{
	Name: "incrbyfloat", Group: command.GroupString, Since: "2.6.0", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Add a floating point amount to a number",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "increment", Type: command.ArgDouble},
	},
	Run: runIncrByFloat,
}

func runIncrByFloat(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	var old number.LongDouble
	expiry := int64(-1)
	ok := true
	if e.Found() {
		if !isString(c, &e) {
			return
		}
		var text keyspace.NumberText
		old, ok = number.ParseLongDouble(e.String(&text))
		expiry = e.Expiry()
	}
	by, valid := number.ParseLongDouble(c.Args[2])
	if !ok || !valid {
		c.Out.Error(command.NotAFloat)
		return
	}
	sum, ok := old.Add(by)
	if !ok || sum.IsInf() {
		c.Out.Error("ERR increment would produce NaN or Infinity")
		return
	}
	text := sum.AppendHuman(nil)
	c.Tx.SetText(&e, key, text, expiry)
	c.Notify(command.EventString, "incrbyfloat", key)
	// Only the result is the same on every machine.
	c.PropagateInstead([]byte("SET"), key, text, []byte("KEEPTTL"))
	c.Out.Bulk(text)
}
