package stringcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var getSpec = command.Spec{
	Name: "get", Group: command.GroupString, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatString,
	Summary:    "Read a string value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runGet,
}

func runGet(c *command.Ctx) {
	if e, ok := find(c, c.Args[1]); ok {
		replyString(c, &e)
	}
}

var mgetSpec = command.Spec{
	Name: "mget", Group: command.GroupString, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatString,
	Summary:    "Read the string values of several keys, null where there is none",
	Complexity: "O(N) for N keys",
	Tips:       []string{"request_policy:multi_shard"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runMGet,
}

func runMGet(c *command.Ctx) {
	c.Out.ArrayHeader(len(c.Args) - 1)
	for _, key := range c.Args[1:] {
		e := c.Tx.Find(key)
		if !e.Found() || e.Type() != value.String {
			c.Out.Null()
			continue
		}
		replyString(c, &e)
	}
}

var strlenSpec = command.Spec{
	Name: "strlen", Group: command.GroupString, Since: "2.2.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatString,
	Summary:    "Count the bytes of a string value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runStrlen,
}

func runStrlen(c *command.Ctx) {
	e := c.Tx.Find(c.Args[1])
	switch {
	case !e.Found():
		c.Out.Int(0)
	case isString(c, &e):
		c.Out.Int(int64(e.StringLen()))
	}
}

var getrangeSpec = command.Spec{
	Name: "getrange", Group: command.GroupString, Since: "2.4.0", Arity: 4,
	Flags: command.ReadOnly, ACL: command.CatString,
	Summary:    "Read the bytes of a string between two offsets",
	Complexity: "O(N), N being the length of the reply",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "end", Type: command.ArgInteger},
	},
	Run: runGetRange,
}

var substrSpec = command.Spec{
	Name: "substr", Group: command.GroupString, Since: "1.0.0", Arity: 4,
	Flags: command.ReadOnly, ACL: command.CatString,
	Summary:    "Old name of GETRANGE",
	Complexity: "O(N), N being the length of the reply",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "end", Type: command.ArgInteger},
	},
	Run: runGetRange,
}

func runGetRange(c *command.Ctx) {
	first, ok := c.IntArg(2)
	if !ok {
		return
	}
	last, ok := c.IntArg(3)
	if !ok {
		return
	}
	e := c.Tx.Find(c.Args[1])
	if !e.Found() {
		c.Out.Bulk(nil)
		return
	}
	if !isString(c, &e) {
		return
	}
	if r := e.BigString(); r != 0 {
		s := str.Bytes(r)
		start, end := clip(first, last, int64(len(s)))
		replyBig(c, r, s[start:end])
		return
	}
	var text keyspace.NumberText
	s := e.String(&text)
	start, end := clip(first, last, int64(len(s)))
	c.Out.Bulk(s[start:end])
}

// clip turns positions of the first and last byte, negative ones counted from
// the end, into a range of a string of n bytes.
func clip(first, last, n int64) (start, end int64) {
	if first < 0 && last < 0 && first > last {
		return 0, 0
	}
	if first < 0 {
		first = max(first+n, 0)
	}
	if last < 0 {
		last = max(last+n, 0)
	}
	last = min(last, n-1)
	if first > last {
		return 0, 0
	}
	return first, last + 1
}

var getdelSpec = command.Spec{
	Name: "getdel", Group: command.GroupString, Since: "6.2.0", Arity: 2,
	Flags: command.Write | command.Fast, ACL: command.CatString,
	Summary:    "Read a string value and remove its key",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runGetDel,
}

func runGetDel(c *command.Ctx) {
	key := c.Args[1]
	e, ok := find(c, key)
	if !ok {
		return
	}
	replyString(c, &e)
	e.Remove(key, false)
	c.PropagateInstead([]byte("DEL"), key)
	c.Notify(command.EventGeneric, "del", key)
}

var getsetSpec = command.Spec{
	Name: "getset", Group: command.GroupString, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Replace a string value and reply with the old one",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "value"},
	},
	Run: runGetSet,
}

func runGetSet(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Find(key)
	if e.Found() && !isString(c, &e) {
		return
	}
	replyOld(c, &e)
	c.Tx.SetString(&e, key, c.Args[2], -1)
	c.Notify(command.EventString, "set", key)
	c.PropagateInstead([]byte("SET"), key, c.Args[2])
}

var getexSpec = command.Spec{
	Name: "getex", Group: command.GroupString, Since: "6.2.0", Arity: -2,
	Flags: command.Write | command.Fast, ACL: command.CatString,
	Summary:    "Read a string value and set or clear its time to live",
	Complexity: "O(1)",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1, Notes: "the time to live may change, hence RW and UPDATE"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "persist", Type: command.ArgPureToken, Token: "PERSIST"},
		}},
	},
	Run: runGetEx,
}

func runGetEx(c *command.Ctx) {
	o, ok := parseOptions(c, 2, optionsOfGetEx)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := find(c, key)
	if !ok {
		return
	}
	replyString(c, &e)
	switch {
	case o.has&(optEXAT|optPXAT) != 0 && expiresAtOnce(c, o.expiry):
		e.RemoveExpired(key)
		c.PropagateNothing()
	case o.expires():
		e.SetExpiry(key, o.expiry)
		var text [number.IntTextMax]byte
		c.PropagateInstead([]byte("PEXPIREAT"), key, number.AppendInt(text[:0], o.expiry))
		c.Notify(command.EventGeneric, "expire", key)
	case o.has&optPERSIST != 0 && e.Expiry() >= 0:
		e.SetExpiry(key, -1)
		c.PropagateInstead([]byte("PERSIST"), key)
		c.Notify(command.EventGeneric, "persist", key)
	}
}
