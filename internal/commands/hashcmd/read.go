package hashcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/number"
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
	Run: runHGet,
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
	Run: runHMGet,
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
	Run: runHExists,
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
	Run: runHStrLen,
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

// scanCountMax keeps the number of visited buckets, ten per field asked for,
// within an int.
const scanCountMax = 1 << 48

func runHScan(c *command.Ctx) {
	cursor, ok := c.ScanCursorArg(2)
	if !ok {
		return
	}
	v, ok := find(c, func() { replyScan(c, 0, 0) })
	if !ok {
		return
	}
	o, ok := parseScan(c)
	if !ok {
		return
	}
	found, seen := make([]hash.Entry, 0, 16), 0
	now := fieldsNow(c)
	packed := v.Enc == value.ListPack
	visit := func(entry hash.Entry) {
		seen++
		if o.pattern != nil && !glob.Match(o.pattern, entry.Field, false) {
			return
		}
		if packed { // its views are of scratch memory
			entry.Field = append([]byte(nil), entry.Field...)
			entry.Value = append([]byte(nil), entry.Value...)
		}
		found = append(found, entry)
	}
	for visits := 10 * o.count; ; visits-- {
		cursor = hash.Scan(&v, cursor, now, visit)
		if cursor == 0 || visits == 0 || seen >= o.count {
			break
		}
	}
	perEntry := 2
	if o.noValues {
		perEntry = 1
	}
	replyScan(c, cursor, perEntry*len(found))
	for _, entry := range found {
		c.Out.Bulk(entry.Field)
		if !o.noValues {
			c.Out.Bulk(entry.Value)
		}
	}
}

// replyScan begins the answer of HSCAN, which n elements complete.
func replyScan(c *command.Ctx, cursor uint64, n int) {
	c.Out.ArrayHeader(2)
	var text [number.IntTextMax]byte
	c.Out.Bulk(number.AppendUint(text[:0], cursor))
	c.Out.ArrayHeader(n)
}

type scanOptions struct {
	count    int
	pattern  []byte // nil matches everything
	noValues bool
}

func parseScan(c *command.Ctx) (o scanOptions, ok bool) {
	o.count = 10
	for i := 3; i < len(c.Args); i++ {
		operand := i+1 < len(c.Args)
		switch a := c.Args[i]; {
		case command.Is(a, "count") && operand:
			i++
			n, ok := c.IntArg(i)
			if !ok {
				return o, false
			}
			if n < 1 {
				c.Out.Error(command.SyntaxError)
				return o, false
			}
			o.count = int(min(n, scanCountMax))
		case command.Is(a, "match") && operand:
			i++
			o.pattern = c.Args[i]
		case command.Is(a, "novalues"):
			o.noValues = true
		case command.Is(a, "noscores"):
			c.Out.Error("ERR NOSCORES option can only be used in ZSCAN")
			return o, false
		default:
			c.Out.Error(command.SyntaxError)
			return o, false
		}
	}
	return o, true
}
