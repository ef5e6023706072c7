package keycmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var expireSpec = command.Spec{
	Name: "expire", Group: command.GroupGeneric, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Let a key expire after a number of seconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "options NX, XX, GT, LT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "seconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
	},
	Run: runExpire,
}

func runExpire(c *command.Ctx) { expire(c, c.Now, 1000) }

var pexpireSpec = command.Spec{
	Name: "pexpire", Group: command.GroupGeneric, Since: "2.6.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Let a key expire after a number of milliseconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "options NX, XX, GT, LT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "milliseconds", Type: command.ArgInteger},
		{Name: "condition", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
	},
	Run: runPExpire,
}

func runPExpire(c *command.Ctx) { expire(c, c.Now, 1) }

var expireatSpec = command.Spec{
	Name: "expireat", Group: command.GroupGeneric, Since: "1.2.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Let a key expire at a Unix time in seconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "options NX, XX, GT, LT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "unix-time-seconds", Type: command.ArgUnixTime},
		{Name: "condition", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
	},
	Run: runExpireAt,
}

func runExpireAt(c *command.Ctx) { expire(c, 0, 1000) }

var pexpireatSpec = command.Spec{
	Name: "pexpireat", Group: command.GroupGeneric, Since: "2.6.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Let a key expire at a Unix time in milliseconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "options NX, XX, GT, LT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "unix-time-milliseconds", Type: command.ArgUnixTime},
		{Name: "condition", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
	},
	Run: runPExpireAt,
}

func runPExpireAt(c *command.Ctx) { expire(c, 0, 1) }

// condition is what EXPIRE asks of the present expiry.
type condition uint8

const (
	onlyNone    condition = 1 << iota // NX
	onlySome                          // XX
	onlyGreater                       // GT
	onlyLess                          // LT
)

func parseCondition(c *command.Ctx) (want condition, ok bool) {
	for _, a := range c.Args[3:] {
		switch {
		case command.Is(a, "nx"):
			want |= onlyNone
		case command.Is(a, "xx"):
			want |= onlySome
		case command.Is(a, "gt"):
			want |= onlyGreater
		case command.Is(a, "lt"):
			want |= onlyLess
		default:
			c.Out.Errorf("ERR Unsupported option %s", command.UpToZero(a))
			return 0, false
		}
	}
	switch {
	case want&onlyNone != 0 && want != onlyNone:
		c.Out.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
		return 0, false
	case want&onlyGreater != 0 && want&onlyLess != 0:
		c.Out.Error("ERR GT and LT options at the same time are not compatible")
		return 0, false
	}
	return want, true
}

// allows reports whether an expiry may be replaced; old is -1 for none, which
// counts as later than all others.
func (want condition) allows(old, expiry int64) bool {
	return !(want&onlyNone != 0 && old >= 0 ||
		want&onlySome != 0 && old < 0 ||
		want&onlyGreater != 0 && (old < 0 || expiry <= old) ||
		want&onlyLess != 0 && old >= 0 && expiry >= old)
}

// expire is the four commands: their argument counts in units of unitMillis
// from base.
func expire(c *command.Ctx, base, unitMillis int64) {
	want, ok := parseCondition(c)
	if !ok {
		return
	}
	t, ok := c.IntArg(2)
	if !ok {
		return
	}
	if t > math.MaxInt64/unitMillis || t < math.MinInt64/unitMillis || t*unitMillis > math.MaxInt64-base {
		c.InvalidExpireTime()
		return
	}
	expiry := max(t*unitMillis+base, 0)
	key := c.Args[1]
	e := c.Tx.Write(key)
	if !e.Found() || !want.allows(e.Expiry(), expiry) {
		c.Out.Int(0)
		return
	}
	c.Out.Int(1)
	if !c.Replaying() && c.Tx.ExpiresAtOnce(expiry) {
		e.RemoveExpired(key)
		c.PropagateNothing()
		return
	}
	e.SetExpiry(key, expiry)
	c.Notify(command.EventGeneric, "expire", key)
	if base != 0 || unitMillis != 1 {
		words := append([][]byte(nil), c.Args...)
		words[0] = []byte("PEXPIREAT")
		words[2] = number.AppendInt(nil, expiry)
		c.PropagateInstead(words...)
	}
}

var persistSpec = command.Spec{
	Name: "persist", Group: command.GroupGeneric, Since: "2.2.0", Arity: 2,
	Flags: command.Write | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Take a key's time to live away",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runPersist,
}

func runPersist(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	if !e.Found() || e.Expiry() < 0 {
		c.Out.Int(0)
		return
	}
	e.SetExpiry(key, -1)
	c.Notify(command.EventGeneric, "persist", key)
	c.Out.Int(1)
}

var ttlSpec = command.Spec{
	Name: "ttl", Group: command.GroupGeneric, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Tell the time a key has left, in seconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "2.8.0", What: "reply -2 for a missing key"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runTTL,
}

func runTTL(c *command.Ctx) { replyExpiry(c, c.Now, 1000) }

var pttlSpec = command.Spec{
	Name: "pttl", Group: command.GroupGeneric, Since: "2.6.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Tell the time a key has left, in milliseconds",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "2.8.0", What: "reply -2 for a missing key"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runPTTL,
}

func runPTTL(c *command.Ctx) { replyExpiry(c, c.Now, 1) }

var expiretimeSpec = command.Spec{
	Name: "expiretime", Group: command.GroupGeneric, Since: "7.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Tell when a key will expire, as a Unix time in seconds",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runExpireTime,
}

func runExpireTime(c *command.Ctx) { replyExpiry(c, 0, 1000) }

var pexpiretimeSpec = command.Spec{
	Name: "pexpiretime", Group: command.GroupGeneric, Since: "7.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace,
	Summary:    "Tell when a key will expire, as a Unix time in milliseconds",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runPExpireTime,
}

func runPExpireTime(c *command.Ctx) { replyExpiry(c, 0, 1) }

// replyExpiry answers with the key's expiry as counted from base, rounded to
// units: -1 if it has none, -2 if there is no such key.
func replyExpiry(c *command.Ctx, base, unitMillis int64) {
	e := c.Tx.FindUntouched(c.Args[1])
	if !e.Found() {
		c.Out.Int(-2)
		return
	}
	expiry := e.Expiry()
	if expiry < 0 {
		c.Out.Int(-1)
		return
	}
	t := max(expiry-base, 0)
	c.Out.Int(t/unitMillis + t%unitMillis*2/unitMillis)
}
