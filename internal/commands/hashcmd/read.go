package hashcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/resp"
)

var hgetSpec = command.Spec{
	Name: "hget", Group: command.GroupHash, Since: "2.0.0", Arity: 3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Read the value of a field",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"},
	},
	Element: 2,
	Run:     runHGet,
}

func runHGet(c *command.Ctx) {
	if v, ok := find(c, c.Out.Null); ok {
		replyValue(c, &v, c.Args[2])
	}
}

// replyValue answers with the value of a field, or null.
func replyValue(c *command.Ctx, v *value.Value, field []byte) {
	var scratch hash.Scratch
	if entry, ok := hash.Get(v, field, fieldsNow(c), &scratch); ok {
		c.Out.Bulk(entry.Value)
	} else {
		c.Out.Null()
	}
}

var hmgetSpec = command.Spec{
	Name: "hmget", Group: command.GroupHash, Since: "2.0.0", Arity: -3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Read the values of several fields, null where there is none",
	Complexity: "O(N) for N fields",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runHMGet,
}

func runHMGet(c *command.Ctx) {
	v, _, ok := look(c)
	if !ok {
		return
	}
	c.Out.ArrayHeader(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		replyValue(c, &v, field)
	}
}

var hexistsSpec = command.Spec{
	Name: "hexists", Group: command.GroupHash, Since: "2.0.0", Arity: 3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Tell whether a hash has a field",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"},
	},
	Element: 2,
	Run:     runHExists,
}

func runHExists(c *command.Ctx) {
	if v, ok := find(c, func() { c.Out.Int(0) }); ok {
		var scratch hash.Scratch
		_, known := hash.Get(&v, c.Args[2], fieldsNow(c), &scratch)
		c.Out.Int(asInt(known))
	}
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

var hstrlenSpec = command.Spec{
	Name: "hstrlen", Group: command.GroupHash, Since: "3.2.0", Arity: 3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Count the bytes of a field's value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "field"},
	},
	Element: 2,
	Run:     runHStrLen,
}

func runHStrLen(c *command.Ctx) {
	if v, ok := find(c, func() { c.Out.Int(0) }); ok {
		var scratch hash.Scratch
		entry, _ := hash.Get(&v, c.Args[2], fieldsNow(c), &scratch)
		c.Out.Int(int64(len(entry.Value)))
	}
}

var hlenSpec = command.Spec{
	Name: "hlen", Group: command.GroupHash, Since: "2.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatHash,
	Summary:    "Count the fields",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runHLen,
}

func runHLen(c *command.Ctx) {
	if v, ok := find(c, func() { c.Out.Int(0) }); ok {
		c.Out.Int(int64(hash.Len(&v)))
	}
}

var hgetallSpec = command.Spec{
	Name: "hgetall", Group: command.GroupHash, Since: "2.0.0", Arity: 2,
	Flags: command.ReadOnly, ACL: command.CatHash,
	Summary:    "Read all fields and values",
	Complexity: "O(N) for N fields",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runHGetAll,
}

func runHGetAll(c *command.Ctx) {
	v, ok := find(c, func() { c.Out.MapHeader(0) })
	if !ok {
		return
	}
	list, n := c.Out.Defer(), 0
	for entry := range hash.All(&v, fieldsNow(c)) {
		c.Out.Bulk(entry.Field)
		c.Out.Bulk(entry.Value)
		n++
	}
	c.Out.SetMapLen(list, n)
}

var hkeysSpec = command.Spec{
	Name: "hkeys", Group: command.GroupHash, Since: "2.0.0", Arity: 2,
	Flags: command.ReadOnly, ACL: command.CatHash,
	Summary:    "List all fields",
	Complexity: "O(N) for N fields",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runHKeys,
}

func runHKeys(c *command.Ctx) {
	replyEach(c, func(entry hash.Entry) { c.Out.Bulk(entry.Field) })
}

var hvalsSpec = command.Spec{
	Name: "hvals", Group: command.GroupHash, Since: "2.0.0", Arity: 2,
	Flags: command.ReadOnly, ACL: command.CatHash,
	Summary:    "List all values",
	Complexity: "O(N) for N fields",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runHVals,
}

func runHVals(c *command.Ctx) {
	replyEach(c, func(entry hash.Entry) { c.Out.Bulk(entry.Value) })
}

// replyEach answers with what reply writes of each entry.
func replyEach(c *command.Ctx, reply func(hash.Entry)) {
	v, ok := find(c, c.Out.EmptyArray)
	if !ok {
		return
	}
	list, n := c.Out.Defer(), 0
	for entry := range hash.All(&v, fieldsNow(c)) {
		reply(entry)
		n++
	}
	c.Out.SetArrayLen(list, n)
}

var hscanSpec = command.Spec{
	Name: "hscan", Group: command.GroupHash, Since: "2.8.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatHash,
	Summary:    "Walk over the fields of a hash, a few at a time",
	Complexity: "O(1) per call, O(N) for a whole walk over N fields",
	Tips:       []string{"nondeterministic_output"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.ArgOptional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "novalues", Type: command.ArgPureToken, Token: "NOVALUES", Flags: command.ArgOptional},
	},
	Run: runHScan,
}

func runHScan(c *command.Ctx) {
	cursor, ok := c.ScanCursorArg(2)
	if !ok {
		return
	}
	v, ok := find(c, c.ReplyScanEnd)
	if !ok {
		return
	}
	scan, ok := command.ParseElementScan(c, value.Hash, cursor)
	if !ok {
		return
	}
	perField := 2
	if scan.NamesOnly {
		perField = 1
	}
	now := fieldsNow(c)
	scan.Reply(c, perField, func(cursor uint64, wanted func([]byte) bool, elements *resp.Writer) uint64 {
		return hash.Scan(&v, cursor, now, func(entry hash.Entry) {
			if !wanted(entry.Field) {
				return
			}
			elements.Bulk(entry.Field)
			if !scan.NamesOnly {
				elements.Bulk(entry.Value)
			}
		})
	})
}
