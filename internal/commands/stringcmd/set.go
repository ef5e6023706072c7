package stringcmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var setSpec = command.Spec{
	Name: "set", Group: command.GroupString, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write a string value, on conditions and with an expiration as asked",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "2.6.12", What: "options EX, PX, NX, XX"}, {Version: "6.0.0", What: "option KEEPTTL"},
		{Version: "6.2.0", What: "options GET, EXAT, PXAT"}, {Version: "7.0.0", What: "NX together with GET"},
		{Version: "8.1.0", What: "option IFEQ"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate | command.KeyVariableFlags, Index: 1, Step: 1, Notes: "read as well when GET is given"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "value"},
		{Name: "condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX", Since: "2.6.12"},
			{Name: "xx", Type: command.ArgPureToken, Token: "XX", Since: "2.6.12"},
			{Name: "comparison-value", Token: "IFEQ", Summary: "write only while the current value equals this one", Since: "8.1.0"},
		}},
		{Name: "get", Type: command.ArgPureToken, Token: "GET", Since: "6.2.0", Flags: command.ArgOptional},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX", Since: "2.6.12"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX", Since: "2.6.12"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT", Since: "6.2.0"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT", Since: "6.2.0"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL", Since: "6.0.0"},
		}},
	},
	KeysOf: command.SetKeys,
	Run:    runSet,
}

func runSet(c *command.Ctx) {
	key, val := c.Args[1], c.Args[2]
	if len(c.Args) == 3 {
		e := c.Tx.Write(key)
		c.Tx.SetString(&e, key, val, -1)
		c.Notify(command.EventString, "set", key)
		c.Out.OK()
		return
	}
	o, ok := parseOptions(c, 3, optionsOfSet)
	if !ok {
		return
	}
	get := o.has&optGET != 0
	var e keyspace.Entry
	if get {
		e = c.Tx.Find(key)
	} else {
		e = c.Tx.Write(key)
	}
	if e.Found() && o.has&(optGET|optIFEQ) != 0 && !isString(c, &e) {
		return
	}
	if get {
		replyOld(c, &e)
	}
	if !o.conditionHolds(&e) {
		if !get {
			c.Out.Null()
		}
		return
	}
	if !get {
		c.Out.OK()
	}
	if set(c, &e, key, val, &o) && get && !o.expires() {
		c.PropagateInstead(withoutGet(c.Args)...)
	}
}

// replyOld answers with the string that a key had, or null.
func replyOld(c *command.Ctx, e *keyspace.Entry) {
	if e.Found() {
		replyString(c, e)
	} else {
		c.Out.Null()
	}
}

// conditionHolds reports whether the key is as NX, XX or IFEQ want it.
func (o *options) conditionHolds(e *keyspace.Entry) bool {
	switch {
	case o.has&optNX != 0:
		return !e.Found()
	case o.has&optXX != 0:
		return e.Found()
	case o.has&optIFEQ != 0:
		return e.Found() && equals(e, o.compare)
	}
	return true
}

// equals reports whether a found key holds this string.
func equals(e *keyspace.Entry, s []byte) bool {
	var text keyspace.NumberText
	return bytes.Equal(e.String(&text), s)
}

// set gives key, looked up as e, its value and the expiry that the options ask
// for. With an expiry in the past the key is removed instead, and set reports
// false.
func set(c *command.Ctx, e *keyspace.Entry, key, val []byte, o *options) bool {
	if !o.expires() {
		expiry := int64(-1)
		if o.has&optKEEPTTL != 0 && e.Found() {
			expiry = e.Expiry()
		}
		c.Tx.SetString(e, key, val, expiry)
		c.Notify(command.EventString, "set", key)
		return true
	}
	if expiresAtOnce(c, o.expiry) {
		if e.Found() {
			e.RemoveExpired(key)
			c.PropagateNothing()
		}
		return false
	}
	c.Tx.SetString(e, key, val, o.expiry)
	c.Notify(command.EventString, "set", key)
	if o.has&optPXAT == 0 {
		propagateSet(c, key, val, o.expiry)
	}
	c.Notify(command.EventGeneric, "expire", key)
	return true
}

// withoutGet returns the words of SET without the option GET.
func withoutGet(args [][]byte) [][]byte {
	kept := append(make([][]byte, 0, len(args)), args[:3]...)
	for _, a := range args[3:] {
		if !command.Is(a, "get") {
			kept = append(kept, a)
		}
	}
	return kept
}

var setnxSpec = command.Spec{
	Name: "setnx", Group: command.GroupString, Since: "1.0.0", Arity: 3,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
	Summary:    "Write a string value unless the key is taken",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "value"},
	},
	Run: runSetNX,
}

func runSetNX(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	if e.Found() {
		c.Out.Int(0)
		return
	}
	c.Tx.SetString(&e, key, c.Args[2], -1)
	c.Notify(command.EventString, "set", key)
	c.Out.Int(1)
}

var setexSpec = command.Spec{
	Name: "setex", Group: command.GroupString, Since: "2.0.0", Arity: 4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write a string value that lives for a number of seconds",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "seconds", Type: command.ArgInteger}, {Name: "value"},
	},
	Run: runSetEx,
}

func runSetEx(c *command.Ctx) { setFor(c, optEX) }

var psetexSpec = command.Spec{
	Name: "psetex", Group: command.GroupString, Since: "2.6.0", Arity: 4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write a string value that lives for a number of milliseconds",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "milliseconds", Type: command.ArgInteger}, {Name: "value"},
	},
	Run: runPSetEx,
}

func runPSetEx(c *command.Ctx) { setFor(c, optPX) }

// setFor is SETEX and PSETEX: key, lifetime, value.
func setFor(c *command.Ctx, unit option) {
	expiry, ok := expiryArg(c, 2, unit == optEX, true)
	if !ok {
		return
	}
	key := c.Args[1]
	e := c.Tx.Write(key)
	set(c, &e, key, c.Args[3], &options{has: unit, expiry: expiry})
	c.Out.OK()
}

var msetSpec = command.Spec{
	Name: "mset", Group: command.GroupString, Since: "1.0.1", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write the string values of several keys in one step",
	Complexity: "O(N) for N keys",
	Tips:       []string{"request_policy:multi_shard", "response_policy:all_succeeded"},
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, LastKey: -1, Step: 2}},
	Args: []command.Arg{
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "value"},
		}},
	},
	Run: runMSet,
}

func runMSet(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Out.Error(command.WrongArity(c.Cmd))
		return
	}
	setPairs(c, c.Args[1:], &options{})
	c.Out.OK()
}

// setPairs sets keys, each followed by its value.
func setPairs(c *command.Ctx, pairs [][]byte, o *options) {
	for i := 0; i < len(pairs); i += 2 {
		key := pairs[i]
		e := c.Tx.Write(key)
		expiry := int64(-1)
		switch {
		case o.expires():
			expiry = o.expiry
		case o.has&optKEEPTTL != 0 && e.Found():
			expiry = e.Expiry()
		}
		c.Tx.SetString(&e, key, pairs[i+1], expiry)
		c.Notify(command.EventString, "set", key)
		if o.expires() {
			c.Notify(command.EventGeneric, "expire", key)
		}
	}
}

var msetnxSpec = command.Spec{
	Name: "msetnx", Group: command.GroupString, Since: "1.0.1", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write several string values, or none if any of the keys exists",
	Complexity: "O(N) for N keys",
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyInsert, Index: 1, LastKey: -1, Step: 2}},
	Args: []command.Arg{
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "value"},
		}},
	},
	Run: runMSetNX,
}

func runMSetNX(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Out.Error(command.WrongArity(c.Cmd))
		return
	}
	o := options{has: optNX}
	if !o.allHold(c, c.Args[1:]) {
		c.Out.Int(0)
		return
	}
	setPairs(c, c.Args[1:], &o)
	c.Out.Int(1)
}

// allHold reports whether the condition holds for all keys.
func (o *options) allHold(c *command.Ctx, pairs [][]byte) bool {
	for i := 0; i < len(pairs); i += 2 {
		if e := c.Tx.Write(pairs[i]); !o.conditionHolds(&e) {
			return false
		}
	}
	return true
}

var msetexSpec = command.Spec{
	Name: "msetex", Group: command.GroupString, Since: "9.1.0", Arity: -4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write several string values with one shared expiration, optionally only if all or none of the keys exist",
	Complexity: "O(N) for N keys",
	Tips:       []string{"request_policy:multi_shard", "response_policy:all_succeeded"},
	Keys:       []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, FirstKey: 1, NumStep: 2}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "value"},
		}},
		{Name: "condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL"},
		}},
	},
	Run: runMSetEx,
}

func runMSetEx(c *command.Ctx) {
	n, ok := number.ParseInt(c.Args[1])
	if !ok || n < 1 || n > 1<<31-1 {
		c.Out.Error("ERR invalid numkeys value or out of range")
		return
	}
	end := 2 + 2*int(n)
	if end > len(c.Args) {
		c.Out.Error(command.SyntaxError)
		return
	}
	o, ok := parseOptions(c, end, optionsOfMSetEx)
	if !ok {
		return
	}
	pairs := c.Args[2:end]
	if !o.allHold(c, pairs) {
		c.Out.Int(0)
		return
	}
	setPairs(c, pairs, &o)
	if o.expires() && o.has&optPXAT == 0 {
		words := append([][]byte(nil), c.Args...)
		words[o.expiryAt] = []byte("PXAT")
		words[o.expiryAt+1] = number.AppendInt(nil, o.expiry)
		c.PropagateInstead(words...)
	}
	c.Out.Int(1)
}

var delifeqSpec = command.Spec{
	Name: "delifeq", Group: command.GroupString, Since: "9.0.0", Arity: 3,
	Flags: command.Fast | command.Write, ACL: command.CatString,
	Summary:    "Remove a key only while its string equals the given one",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRM | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "value"},
	},
	Run: runDelIfEq,
}

func runDelIfEq(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	if e.Found() && !isString(c, &e) {
		return
	}
	if !e.Found() || !equals(&e, c.Args[2]) {
		c.Out.Int(0)
		return
	}
	e.Remove(key, false)
	c.PropagateInstead([]byte("DEL"), key)
	c.Notify(command.EventGeneric, "del", key)
	c.Out.Int(1)
}
