package hashcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var hsetSpec = command.Spec{
	Name: "hset", Group: command.GroupHash, Since: "2.0.0", Arity: -4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Write fields, creating the hash if missing",
	Complexity: "O(N) for N fields",
	History: []command.Change{
		{Version: "4.0.0", What: "several fields in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "field"}, {Name: "value"},
		}},
	},
	Element: 2,
	Run:     runHSet,
}

func runHSet(c *command.Ctx) {
	if created, ok := setPairs(c); ok {
		c.Out.Int(int64(created))
	}
}

var hmsetSpec = command.Spec{
	Name: "hmset", Group: command.GroupHash, Since: "2.0.0", Arity: -4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Write several fields; HSET does the same",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "field"}, {Name: "value"},
		}},
	},
	Element: 2,
	Run:     runHMSet,
}

func runHMSet(c *command.Ctx) {
	if _, ok := setPairs(c); ok {
		c.Out.OK()
	}
}

// setPairs is HSET and HMSET: a key, then fields and values in turn. It returns
// how many fields are new. If that cannot be done, it answers so.
func setPairs(c *command.Ctx) (created int, ok bool) {
	if len(c.Args)%2 != 0 {
		c.Out.Error(command.WrongArity(c.Cmd))
		return 0, false
	}
	e, ok := edit(c)
	if !ok {
		return 0, false
	}
	key, pairs := c.Args[1], c.Args[2:]
	heap, now := c.Tx.Heap(), overwriteNow(c)
	v := open(&e)
	hash.Prepare(heap, c.Limits, &v, pairs)
	revived := 0
	for i := 0; i < len(pairs); i += 2 {
		switch hash.Set(heap, c.Limits, &v, pairs[i], pairs[i+1], hash.NoExpiry, false, now) {
		case hash.Inserted:
			created++
		case hash.Revived:
			created++
			revived++
		}
	}
	e.Store(key, v, len(pairs)/2)
	overwrote(c, revived)
	c.Notify(command.EventHash, "hset", key)
	return created, true
}

// overwrote accounts for fields that were overwritten after their time had
// come, as if the expirer had been faster.
func overwrote(c *command.Ctx, expired int) {
	if expired > 0 {
		c.Tx.AddExpiredFields(expired)
		c.Notify(command.EventHash, "hexpired", c.Args[1])
	}
}

var hsetnxSpec = command.Spec{
	Name: "hsetnx", Group: command.GroupHash, Since: "2.0.0", Arity: 4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Write a field unless the hash has it",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"}, {Name: "value"},
	},
	Element: 2,
	Run:     runHSetNX,
}

func runHSetNX(c *command.Ctx) {
	e, ok := edit(c)
	if !ok {
		return
	}
	key, field := c.Args[1], c.Args[2]
	heap := c.Tx.Heap()
	if e.Found() {
		v := e.Value()
		var scratch hash.Scratch
		if _, known := hash.Get(&v, field, fieldsNow(c), &scratch); known {
			c.Out.Int(0)
			return
		}
	}
	volatile := e.Found() && e.Volatile()
	v := open(&e)
	hash.Prepare(heap, c.Limits, &v, c.Args[2:])
	outcome := hash.Set(heap, c.Limits, &v, field, c.Args[3], hash.NoExpiry, false, overwriteNow(c))
	e.Store(key, v, 1)
	if outcome == hash.Revived {
		overwrote(c, 1)
	}
	c.Notify(command.EventHash, "hset", key)
	if volatile {
		// A replica might still see a field that was not there any more.
		c.PropagateInstead([]byte("HSET"), key, field, c.Args[3])
	}
	c.Out.Int(1)
}

var hdelSpec = command.Spec{
	Name: "hdel", Group: command.GroupHash, Since: "2.0.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Remove fields from a hash, and the hash with its last one",
	Complexity: "O(N) for N fields",
	History: []command.Change{
		{Version: "2.4.0", What: "several fields in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runHDel,
}

func runHDel(c *command.Ctx) {
	e, ok := edit(c)
	if !ok {
		return
	}
	if !e.Found() {
		c.Out.Int(0)
		return
	}
	v, deleted, now := open(&e), 0, fieldsNow(c)
	for _, field := range c.Args[2:] {
		if hash.Delete(c.Tx.Heap(), &v, field, now) {
			deleted++
		}
	}
	storeDeleted(c, &e, v, deleted)
	c.Out.Int(int64(deleted))
}

// storeDeleted stores a hash from which fields have been deleted.
func storeDeleted(c *command.Ctx, e *keyspace.Entry, v value.Value, deleted int) {
	key := c.Args[1]
	removed := e.Store(key, v, deleted)
	if deleted > 0 {
		c.Notify(command.EventHash, "hdel", key)
	}
	if removed {
		c.Notify(command.EventGeneric, "del", key)
	}
}

var hgetdelSpec = command.Spec{
	Name: "hgetdel", Group: command.GroupHash, Since: "9.1.0", Arity: -5,
	Flags: command.Write | command.Fast, ACL: command.CatHash,
	Summary:    "Read the values of fields and remove them",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "fields", Type: command.ArgBlock, Token: "FIELDS", Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger, Flags: command.ArgOfKeySpec},
			{Name: "field", Flags: command.ArgMultiple},
		}},
	},
	Run: runHGetDel,
}

func runHGetDel(c *command.Ctx) {
	if !fieldCount(c, 3, wrongFieldCount) {
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	fields := c.Args[4:]
	c.Out.ArrayHeader(len(fields))
	v, deleted, now := open(&e), 0, fieldsNow(c)
	for _, field := range fields {
		replyValue(c, &v, field)
		if hash.Delete(c.Tx.Heap(), &v, field, now) {
			deleted++
		}
	}
	storeDeleted(c, &e, v, deleted)
}

var hincrbySpec = command.Spec{
	Name: "hincrby", Group: command.GroupHash, Since: "2.0.0", Arity: 4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Add a given amount to the integer in a field",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"}, {Name: "increment", Type: command.ArgInteger},
	},
	Element: 2,
	Run:     runHIncrBy,
}

func runHIncrBy(c *command.Ctx) {
	by, ok := c.IntArg(3)
	if !ok {
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	var scratch hash.Scratch
	old, known := present(c, &e, &scratch)
	n := int64(0)
	if known {
		if n, ok = number.ParseInt(old.Value); !ok {
			c.Out.Error("ERR hash value is not an integer")
			return
		}
	}
	if by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by {
		c.Out.Error("ERR increment or decrement would overflow")
		return
	}
	volatile := e.Found() && e.Volatile()
	text := number.AppendInt(nil, n+by)
	setNumber(c, &e, text, old.Expiry, "hincrby")
	if volatile {
		propagateNumber(c, text, old.Expiry)
	}
	c.Out.Int(n + by)
}

var hincrbyfloatSpec = command.Spec{
	Name: "hincrbyfloat", Group: command.GroupHash, Since: "2.6.0", Arity: 4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash,
	Summary:    "Add a floating point amount to the number in a field",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"}, {Name: "increment", Type: command.ArgDouble},
	},
	Element: 2,
	Run:     runHIncrByFloat,
}

func runHIncrByFloat(c *command.Ctx) {
	by, ok := number.ParseLongDouble(c.Args[3])
	if !ok {
		c.Out.Error(command.NotAFloat)
		return
	}
	if by.IsInf() {
		c.Out.Error("ERR value is NaN or Infinity")
		return
	}
	e, ok := edit(c)
	if !ok {
		return
	}
	var scratch hash.Scratch
	old, known := present(c, &e, &scratch)
	var n number.LongDouble
	if known {
		if n, ok = number.ParseLongDouble(old.Value); !ok {
			c.Out.Error("ERR hash value is not a float")
			return
		}
	}
	sum, ok := n.Add(by)
	if !ok || sum.IsInf() {
		c.Out.Error("ERR increment would produce NaN or Infinity")
		return
	}
	text := sum.AppendHuman(nil)
	setNumber(c, &e, text, old.Expiry, "hincrbyfloat")
	// Only the result is the same on every machine.
	propagateNumber(c, text, old.Expiry)
	c.Out.Bulk(text)
}

// present returns the entry of the field at argument 2, a view.
func present(c *command.Ctx, e *keyspace.Entry, scratch *hash.Scratch) (entry hash.Entry, known bool) {
	if e.Found() {
		v := e.Value()
		if entry, known = hash.Get(&v, c.Args[2], fieldsNow(c), scratch); known {
			return entry, true
		}
	}
	return hash.Entry{Expiry: hash.NoExpiry}, false
}

// setNumber gives the field at argument 2 the result of an addition.
func setNumber(c *command.Ctx, e *keyspace.Entry, text []byte, expiry int64, event string) {
	v := open(e)
	outcome := hash.Set(c.Tx.Heap(), c.Limits, &v, c.Args[2], text, expiry, false, overwriteNow(c))
	e.Store(c.Args[1], v, 1)
	if outcome == hash.Revived {
		overwrote(c, 1)
	}
	c.Notify(command.EventHash, event, c.Args[1])
}

// propagateNumber makes the journal take the result, with the expiry that the
// field keeps: whether the field has expired may look different elsewhere.
func propagateNumber(c *command.Ctx, text []byte, expiry int64) {
	key, field := c.Args[1], c.Args[2]
	if expiry == hash.NoExpiry {
		c.PropagateInstead([]byte("HSET"), key, field, text)
		return
	}
	c.PropagateInstead([]byte("HSETEX"), key, []byte("PXAT"), number.AppendInt(nil, expiry),
		[]byte("FIELDS"), []byte("1"), field, text)
}
