package hashcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var hexpireSpec = command.Spec{
	Name: "hexpire", Group: command.GroupHash, Since: "9.0.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Let fields expire after a number of seconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "seconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger}, {Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHExpire,
}

func runHExpire(c *command.Ctx) { expire(c, c.Now, 1000) }

var hpexpireSpec = command.Spec{
	Name: "hpexpire", Group: command.GroupHash, Since: "9.0.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Let fields expire after a number of milliseconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "milliseconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Since: "9.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHPExpire,
}

func runHPExpire(c *command.Ctx) { expire(c, c.Now, 1) }

var hexpireatSpec = command.Spec{
	Name: "hexpireat", Group: command.GroupHash, Since: "9.0.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Let fields expire at a Unix time in seconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "unix-time-seconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Since: "9.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHExpireAt,
}

func runHExpireAt(c *command.Ctx) { expire(c, 0, 1000) }

var hpexpireatSpec = command.Spec{
	Name: "hpexpireat", Group: command.GroupHash, Since: "9.0.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Let fields expire at a Unix time in milliseconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "unix-time-milliseconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Since: "9.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHPExpireAt,
}

func runHPExpireAt(c *command.Ctx) { expire(c, 0, 1) }

// expire is the four commands: their time counts in units of unitMillis from
// base.
func expire(c *command.Ctx, base, unitMillis int64) {
	at, ok := fieldsWord(c, 3)
	if !ok {
		c.Out.Error(wrongFieldCount)
		return
	}
	when, ok := parseCondition(c, at)
	if !ok || !fieldCount(c, at+1, wrongFieldCount) {
		return
	}
	expiry, ok := expiryArg(c, 2, base, unitMillis)
	if !ok {
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	key, fields := c.Args[1], c.Args[at+2:]
	past, now := expiresAtOnce(c, expiry), fieldsNow(c)
	deletion := [][]byte{[]byte("HDEL"), key}
	changes := 0
	v := open(&e)
	c.Out.ArrayHeader(len(fields))
	for _, field := range fields {
		outcome := hash.SetExpiry(c.Tx.Heap(), &v, field, expiry, when, past, now)
		switch outcome {
		case hash.Changed:
			changes++
		case hash.Deleted:
			changes++
			deletion = append(deletion, field)
		}
		c.Out.Int(int64(outcome))
	}
	removed := e.Store(key, v, changes)
	switch {
	case changes == 0:
		return
	case past:
		c.Tx.AddExpiredFields(changes)
		c.PropagateInstead(deletion...)
		c.Notify(command.EventHash, "hexpired", key)
	default:
		if base != 0 || unitMillis != 1 {
			words := append([][]byte(nil), c.Args...)
			words[0] = []byte("HPEXPIREAT")
			words[2] = number.AppendInt(nil, expiry)
			c.PropagateInstead(words...)
		}
		c.Notify(command.EventHash, "hexpire", key)
	}
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}

var hpersistSpec = command.Spec{
	Name: "hpersist", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Take the time to live of fields away",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHPersist,
}

func runHPersist(c *command.Ctx) {
	if !fieldCount(c, 3, wrongFieldCount) {
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	key, fields, now := c.Args[1], c.Args[4:], fieldsNow(c)
	changes := 0
	v := open(&e)
	c.Out.ArrayHeader(len(fields))
	for _, field := range fields {
		outcome := hash.Persist(c.Tx.Heap(), &v, field, now)
		if outcome == hash.Changed {
			changes++
		}
		c.Out.Int(int64(outcome))
	}
	e.Store(key, v, changes)
	if changes > 0 {
		c.Notify(command.EventHash, "hpersist", key)
	}
}

var httlSpec = command.Spec{
	Name: "httl", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Tell the time fields have left, in seconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHTTL,
}

func runHTTL(c *command.Ctx) { replyExpiries(c, c.Now, 1000) }

var hpttlSpec = command.Spec{
	Name: "hpttl", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Tell the time fields have left, in milliseconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHPTTL,
}

func runHPTTL(c *command.Ctx) { replyExpiries(c, c.Now, 1) }

var hexpiretimeSpec = command.Spec{
	Name: "hexpiretime", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Tell when fields will expire, as Unix times in seconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHExpireTime,
}

func runHExpireTime(c *command.Ctx) { replyExpiries(c, 0, 1000) }

var hpexpiretimeSpec = command.Spec{
	Name: "hpexpiretime", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Tell when fields will expire, as Unix times in milliseconds",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHPExpireTime,
}

func runHPExpireTime(c *command.Ctx) { replyExpiries(c, 0, 1) }

// replyExpiries answers, for each field, with its expiry as counted from base,
// rounded to units: -1 if it has none, -2 if there is no such field.
func replyExpiries(c *command.Ctx, base, unitMillis int64) {
	if !fieldCount(c, 3, command.SyntaxError) {
		return
	}
	v, _, ok := look(c)
	if !ok {
		return
	}
	fields, now := c.Args[4:], fieldsNow(c)
	c.Out.ArrayHeader(len(fields))
	for _, field := range fields {
		var scratch hash.Scratch
		entry, known := hash.Get(&v, field, now, &scratch)
		switch {
		case !known:
			c.Out.Int(-2)
		case entry.Expiry == hash.NoExpiry:
			c.Out.Int(-1)
		default:
			t := max(entry.Expiry-base, 0)
			c.Out.Int(t/unitMillis + t%unitMillis*2/unitMillis)
		}
	}
}
