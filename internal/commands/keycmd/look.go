package keycmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var existsSpec = command.Spec{
	Name: "exists", Group: command.GroupGeneric, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Count how many of the given keys are there",
	Complexity: "O(N) for N keys",
	History: []command.Change{
		{Version: "3.0.3", What: "several keys in one call"},
	},
	Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Keys: []command.KeySpec{{Flags: command.KeyRO, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runExists,
}

func runExists(c *command.Ctx) {
	n := int64(0)
	for _, key := range c.Args[1:] {
		if e := c.Tx.FindUntouched(key); e.Found() {
			n++
		}
	}
	c.Out.Int(n)
}

var touchSpec = command.Spec{
	Name: "touch", Group: command.GroupGeneric, Since: "3.2.1", Arity: -2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Refresh the access time of keys and count those that exist",
	Complexity: "O(N) for N keys",
	Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runTouch,
}

func runTouch(c *command.Ctx) {
	c.Tx.NoTouch = false // a client that does not touch keys by reading asks for it here
	n := int64(0)
	for _, key := range c.Args[1:] {
		if e := c.Tx.Find(key); e.Found() {
			n++
		}
	}
	c.Out.Int(n)
}

var typeSpec = command.Spec{
	Name: "type", Group: command.GroupGeneric, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Name the type of a value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runType,
}

func runType(c *command.Ctx) {
	e := c.Tx.FindUntouched(c.Args[1])
	if !e.Found() {
		c.Out.SimpleString("none")
		return
	}
	c.Out.SimpleString(e.Type().String())
}

var dbsizeSpec = command.Spec{
	Name: "dbsize", Group: command.GroupServer, Since: "1.0.0", Arity: 1,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Count the keys of the database",
	Complexity: "O(1)",
	Tips:       []string{"request_policy:all_shards", "response_policy:agg_sum"},
	Run:        runDBSize,
}

func runDBSize(c *command.Ctx) { c.Out.Int(c.Tx.Len()) }

// inspect looks up the key that an OBJECT subcommand asks about. If there is
// none, it answers null.
func inspect(c *command.Ctx) (e keyspace.Entry, ok bool) {
	e = c.Tx.FindUntouched(c.Args[2])
	if !e.Found() {
		c.Out.Null()
	}
	return e, e.Found()
}

func runObjectEncoding(c *command.Ctx) {
	if e, ok := inspect(c); ok {
		c.Out.BulkString(e.EncodingName())
	}
}

// runObjectRefCount answers as a server whose values are never shared.
func runObjectRefCount(c *command.Ctx) {
	if _, ok := inspect(c); ok {
		c.Out.Int(1)
	}
}

const afterSwitching = " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

func (h *handlers) runObjectIdleTime(c *command.Ctx) {
	e, ok := inspect(c)
	switch {
	case !ok:
	case h.CountsFrequency():
		c.Out.Error("ERR An LFU maxmemory policy is selected, idle time not tracked." + afterSwitching)
	default:
		c.Out.Int(e.IdleMillis() / 1000)
	}
}

func (h *handlers) runObjectFreq(c *command.Ctx) {
	e, ok := inspect(c)
	switch {
	case !ok:
	case !h.CountsFrequency():
		c.Out.Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked." + afterSwitching)
	default:
		c.Out.Int(int64(e.Frequency()))
	}
}

func runObjectHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"ENCODING <key>",
		"    Name the internal encoding of the value of <key>.",
		"FREQ <key>",
		"    Show the access counter of <key>, which grows with the logarithm of how",
		"    often it was used lately.",
		"IDLETIME <key>",
		"    Show the seconds since the last access to <key>.",
		"REFCOUNT <key>",
		"    Show how many references the value of <key> has.",
	)
}

// intArg reads argument i as a 32-bit integer. If it is none, it answers with
// text.
func intArg(c *command.Ctx, i int, text string) (n int, ok bool) {
	long, ok := number.ParseInt(c.Args[i])
	if !ok || long < math.MinInt32 || long > math.MaxInt32 {
		c.Out.Error(text)
		return 0, false
	}
	return int(long), true
}
