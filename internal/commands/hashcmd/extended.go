package hashcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var hsetexSpec = command.Spec{
	Name: "hsetex", Group: command.GroupHash, Since: "9.0.0", Arity: -6,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Write fields with one shared expiration, on conditions as asked",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "key-condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "fields-condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "fnx", Type: command.ArgPureToken, Token: "FNX"}, {Name: "fxx", Type: command.ArgPureToken, Token: "FXX"},
		}},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
				{Name: "field"}, {Name: "value"},
			}},
		}},
	},
	Run: runHSetEx,
}

func runHSetEx(c *command.Ctx) {
	at, ok := fieldsWord(c, 1)
	if !ok {
		c.Out.Error(wrongFieldCount)
		return
	}
	o, ok := parseOptions(c, at, optionsOfHSetEx)
	if !ok {
		return
	}
	n, ok := c.IntArg(at + 1)
	if !ok {
		return
	}
	pairs := c.Args[at+2:]
	if n <= 0 || n > int64(len(pairs)) || 2*n != int64(len(pairs)) {
		c.Out.Error(wrongFieldCount)
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	if o.has&optNX != 0 && e.Found() || o.has&optXX != 0 && !e.Found() {
		c.Out.Int(0)
		return
	}
	expiry, ok := o.expiry(c)
	if !ok {
		return
	}
	if !o.fieldsAllow(c, &e, pairs) {
		c.Out.Int(0)
		return
	}
	if o.expires() && expiresAtOnce(c, expiry) {
		setExpired(c, &e, pairs)
	} else {
		setExpiring(c, &e, at, &o, expiry)
	}
	c.Out.Int(1)
}

// fieldsAllow reports whether the fields are as FNX or FXX want them.
func (o *options) fieldsAllow(c *command.Ctx, e *keyspace.Entry, pairs [][]byte) bool {
	if o.has&(optFNX|optFXX) == 0 {
		return true
	}
	v := value.Value{Type: value.Hash, Enc: value.ListPack}
	if e.Found() {
		v = e.Value()
	}
	now := fieldsNow(c)
	var scratch hash.Scratch
	for i := 0; i < len(pairs); i += 2 {
		if _, known := hash.Get(&v, pairs[i], now, &scratch); known != (o.has&optFXX != 0) {
			return false
		}
	}
	return true
}

// setExpired is HSETEX with an expiration in the past: the fields are deleted,
// as if they had been set and had then expired.
func setExpired(c *command.Ctx, e *keyspace.Entry, pairs [][]byte) {
	key := c.Args[1]
	deletion := [][]byte{[]byte("HDEL"), key}
	v := open(e)
	for i := 0; i < len(pairs); i += 2 {
		if hash.Delete(c.Tx.Heap(), &v, pairs[i], hash.IgnoreExpiry) {
			deletion = append(deletion, pairs[i])
		}
	}
	changes := len(deletion) - 2
	e.Store(key, v, changes)
	c.Tx.AddExpiredFields(len(pairs) / 2)
	if changes > 0 {
		c.PropagateInstead(deletion...)
	}
	c.Notify(command.EventHash, "hset", key)
	c.Notify(command.EventHash, "hexpire", key)
	c.Notify(command.EventHash, "hexpired", key)
	if v.Root == 0 {
		c.Notify(command.EventGeneric, "del", key)
	}
}

// setExpiring is HSETEX otherwise. at is where the word FIELDS stands.
func setExpiring(c *command.Ctx, e *keyspace.Entry, at int, o *options, expiry int64) {
	key, pairs := c.Args[1], c.Args[at+2:]
	keep, now := o.has&optKEEPTTL != 0, overwriteNow(c)
	deletion := [][]byte{[]byte("HDEL"), key}
	v := open(e)
	for i := 0; i < len(pairs); i += 2 {
		if hash.Set(c.Tx.Heap(), c.Limits, &v, pairs[i], pairs[i+1], expiry, keep, now) == hash.Revived {
			deletion = append(deletion, pairs[i])
		}
	}
	revived := len(deletion) - 2
	e.Store(key, v, len(pairs)/2)
	overwrote(c, revived)
	c.Notify(command.EventHash, "hset", key)
	if o.expires() {
		c.Notify(command.EventHash, "hexpire", key)
	}
	if revived > 0 && keep {
		// For a replica the fields may not have expired: it would keep their
		// expiry.
		c.PropagateInstead(deletion...)
	}
	if revived > 0 && keep || o.has&(conditions|optEX|optPX|optEXAT) != 0 {
		c.PropagateInstead(o.unconditional(c, at, expiry)...)
	}
}

// unconditional returns the words of HSETEX that do the same wherever they are
// executed: without conditions, and with an absolute expiration.
func (o *options) unconditional(c *command.Ctx, at int, expiry int64) [][]byte {
	words := append(make([][]byte, 0, len(c.Args)), c.Args[:2]...)
	switch {
	case o.has&optKEEPTTL != 0:
		words = append(words, []byte("KEEPTTL"))
	case o.expires():
		words = append(words, []byte("PXAT"), number.AppendInt(nil, expiry))
	}
	return append(words, c.Args[at:]...)
}

var hgetexSpec = command.Spec{
	Name: "hgetex", Group: command.GroupHash, Since: "9.0.0", Arity: -5,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Read the values of fields and set or clear their time to live",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "persist", Type: command.ArgPureToken, Token: "PERSIST"},
		}},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHGetEx,
}

func runHGetEx(c *command.Ctx) {
	at, ok := fieldsWord(c, 1)
	if !ok {
		c.Out.Error(wrongFieldCount)
		return
	}
	o, ok := parseOptions(c, at, optionsOfHGetEx)
	if !ok || !fieldCount(c, at+1, wrongFieldCount) {
		return
	}
	e := c.Tx.Find(c.Args[1])
	if e.Found() && e.Type() != value.Hash {
		c.Out.Error(command.WrongType)
		return
	}
	expiry, ok := o.expiry(c)
	if !ok {
		return
	}
	fields := c.Args[at+2:]
	c.Out.ArrayHeader(len(fields))
	if o.has == 0 || !e.Found() {
		v := value.Value{Type: value.Hash, Enc: value.ListPack}
		if e.Found() {
			v = e.Value()
		}
		for _, field := range fields {
			replyValue(c, &v, field)
		}
		return
	}
	getExpiring(c, &e, fields, &o, expiry)
}

// getExpiring answers with the values of fields and changes when they expire.
func getExpiring(c *command.Ctx, e *keyspace.Entry, fields [][]byte, o *options, expiry int64) {
	key, heap, now := c.Args[1], c.Tx.Heap(), fieldsNow(c)
	past := o.expires() && expiresAtOnce(c, expiry)
	var changed [][]byte
	v := open(e)
	for _, field := range fields {
		replyValue(c, &v, field)
		var outcome hash.ExpiryOutcome
		if o.expires() {
			outcome = hash.SetExpiry(heap, &v, field, expiry, 0, past, now)
		} else {
			outcome = hash.Persist(heap, &v, field, now)
		}
		if outcome == hash.Changed || outcome == hash.Deleted {
			changed = append(changed, field)
		}
	}
	removed := e.Store(key, v, len(changed))
	if len(changed) == 0 {
		return
	}
	words := [][]byte{[]byte("FIELDS"), number.AppendInt(nil, int64(len(changed)))}
	event := "hexpire"
	switch {
	case past:
		c.Tx.AddExpiredFields(len(changed))
		event, words = "hexpired", [][]byte{[]byte("HDEL"), key}
	case o.expires():
		words = append([][]byte{[]byte("HPEXPIREAT"), key, number.AppendInt(nil, expiry)}, words...)
	default:
		event, words = "hpersist", append([][]byte{[]byte("HPERSIST"), key}, words...)
	}
	c.PropagateInstead(append(words, changed...)...)
	c.Notify(command.EventHash, event, key)
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}
