package hashcmd

import (
	"fmt"
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
)

var hrandfieldSpec = command.Spec{
	Name: "hrandfield", Group: command.GroupHash, Since: "6.2.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatHash,
	Summary:    "Pick fields at random",
	Complexity: "O(N) for N fields returned",
	Tips:       []string{"nondeterministic_output"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "options", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "withvalues", Type: command.ArgPureToken, Token: "WITHVALUES", Flags: command.ArgOptional},
		}},
	},
	Run: runHRandField,
}

func runHRandField(c *command.Ctx) {
	if len(c.Args) > 2 {
		randomFields(c)
		return
	}
	v, ok := find(c, c.Out.Null)
	if !ok {
		return
	}
	answered := false
	hash.Random(&v, c.Tx.Rand(), 1, fieldsNow(c), func(entry hash.Entry) bool {
		c.Out.Bulk(entry.Field)
		answered = true
		return false
	})
	if !answered {
		c.Out.Null()
	}
}

// randomFields is HRANDFIELD with a count: that many different fields, or, if
// it is negative, as many that may repeat.
func randomFields(c *command.Ctx) {
	count, ok := c.IntArg(2)
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Out.Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", -math.MaxInt64, math.MaxInt64))
		return
	}
	withValues := len(c.Args) == 4 && command.Is(c.Args[3], "withvalues")
	if len(c.Args) > 3 && !withValues {
		c.Out.Error(command.SyntaxError)
		return
	}
	if withValues && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) {
		c.Out.Error(command.OutOfRange)
		return
	}
	v, ok := find(c, c.Out.EmptyArray)
	if !ok {
		return
	}
	list, n := c.Out.Defer(), 0
	reply := func(entry hash.Entry) bool {
		n++
		if withValues && c.Out.IsRESP3() {
			c.Out.ArrayHeader(2)
		}
		c.Out.Bulk(entry.Field)
		if withValues {
			c.Out.Bulk(entry.Value)
		}
		return !c.OutputFull()
	}
	if count < 0 {
		hash.Random(&v, c.Tx.Rand(), int(-count), fieldsNow(c), reply)
	} else {
		hash.RandomDistinct(&v, c.Tx.Rand(), int(count), fieldsNow(c), func(entry hash.Entry) { reply(entry) })
	}
	if withValues && !c.Out.IsRESP3() {
		n *= 2
	}
	c.Out.SetArrayLen(list, n)
}
