package keycmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// slotOf returns the hash slot that all keys matching a pattern are in: cluster
// mode has one for patterns with a hash tag, or without anything special.
func slotOf(c *command.Ctx, pattern []byte) (slot int, ok bool) {
	space := c.Tx.Worker().Space()
	if !space.ClusterMode() {
		return 0, false
	}
	literal := pattern
	if open := bytes.IndexByte(pattern, '{'); open >= 0 {
		if size := bytes.IndexByte(pattern[open:], '}'); size > 1 {
			literal = pattern[:open+size]
		}
	}
	if bytes.ContainsAny(literal, `*?[\`) {
		return 0, false
	}
	return int(space.Locate(pattern).Table), true
}

// walk is one step of a scan over what can match the pattern, nil being all.
func walk(c *command.Ctx, pattern []byte, cursor uint64, count int, f func(e keyspace.Entry)) uint64 {
	if pattern != nil {
		if slot, ok := slotOf(c, pattern); ok {
			return c.Tx.ScanTable(slot, cursor, count, f)
		}
	}
	return c.Tx.Scan(cursor, count, f)
}

// patternArg is a pattern for walk: nil if it matches everything.
func patternArg(a []byte) []byte {
	if len(a) == 1 && a[0] == '*' {
		return nil
	}
	return a
}

var keysSpec = command.Spec{
	Name: "keys", Group: command.GroupGeneric, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly, ACL: command.CatKeyspace | command.CatDangerous,
	Summary:    "List all keys whose name matches a pattern",
	Complexity: "O(N) for N keys in the database",
	Tips:       []string{"request_policy:all_shards", "nondeterministic_output_order"},
	Args: []command.Arg{
		{Name: "pattern", Type: command.ArgPattern},
	},
	Run: runKeys,
}

func runKeys(c *command.Ctx) {
	pattern := patternArg(c.Args[1])
	list, n := c.Out.Defer(), 0
	const step = 1 << 20
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = walk(c, pattern, cursor, step, func(e keyspace.Entry) {
			key := e.Key()
			if (pattern == nil || glob.Match(pattern, key, false)) && !e.Expired() {
				c.Out.Bulk(key)
				n++
			}
		})
	}
	c.Out.SetArrayLen(list, n)
}

// scanFilter says which keys SCAN answers with.
type scanFilter struct {
	count   int
	pattern []byte // nil matches everything
	typed   bool
	typ     value.Type
}

// scanCountMax keeps the number of visited buckets, ten per key asked for,
// within an int.
const scanCountMax = 1 << 48

func parseScan(c *command.Ctx) (f scanFilter, ok bool) {
	f.count = 10
	for i := 2; i < len(c.Args); i += 2 {
		operand := i+1 < len(c.Args)
		switch a := c.Args[i]; {
		case command.Is(a, "count") && operand:
			n, ok := c.IntArg(i + 1)
			if !ok {
				return f, false
			}
			if n < 1 {
				c.Out.Error(command.SyntaxError)
				return f, false
			}
			f.count = int(min(n, scanCountMax))
		case command.Is(a, "match") && operand:
			f.pattern = patternArg(c.Args[i+1])
		case command.Is(a, "type") && operand:
			f.typed = true
			if f.typ, ok = typeByName(c.Args[i+1]); !ok {
				c.Out.Errorf("ERR unknown type name '%s'", command.UpToZero(c.Args[i+1]))
				return f, false
			}
		case command.Is(a, "novalues"):
			c.Out.Error("ERR NOVALUES option can only be used in HSCAN")
			return f, false
		case command.Is(a, "noscores"):
			c.Out.Error("ERR NOSCORES option can only be used in ZSCAN")
			return f, false
		default:
			c.Out.Error(command.SyntaxError)
			return f, false
		}
	}
	return f, true
}

func typeByName(name []byte) (value.Type, bool) {
	for _, t := range [...]value.Type{value.String, value.List, value.Set, value.ZSet, value.Hash, value.Stream} {
		if command.Is(name, t.String()) {
			return t, true
		}
	}
	return 0, false
}

var scanSpec = command.Spec{
	Name: "scan", Group: command.GroupGeneric, Since: "2.8.0", Arity: -2,
	Flags: command.ReadOnly | command.TouchesArbitraryKeys, ACL: command.CatKeyspace,
	Summary:    "Walk over the keys of the database, a few at a time",
	Complexity: "O(1) per call, O(N) for a whole walk over N keys",
	History: []command.Change{
		{Version: "6.0.0", What: "option TYPE"},
	},
	Tips: []string{"nondeterministic_output", "request_policy:special", "response_policy:special"},
	Args: []command.Arg{
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.ArgOptional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "type", Token: "TYPE", Since: "6.0.0", Flags: command.ArgOptional},
	},
	Run: runScan,
}

func runScan(c *command.Ctx) {
	cursor, ok := c.ScanCursorArg(1)
	if !ok {
		return
	}
	f, ok := parseScan(c)
	if !ok {
		return
	}
	var found, expired [][]byte // views, until the first expired key is removed
	next := walk(c, f.pattern, cursor, f.count, func(e keyspace.Entry) {
		key := e.Key()
		switch {
		case f.typed && e.Type() != f.typ:
		case f.pattern != nil && !glob.Match(f.pattern, key, false):
		case e.Expired():
			expired = append(expired, bytes.Clone(key))
		default:
			found = append(found, key)
		}
	})
	c.Out.ArrayHeader(2)
	var text [number.IntTextMax]byte
	c.Out.Bulk(number.AppendUint(text[:0], next))
	c.Out.ArrayHeader(len(found))
	for _, key := range found {
		c.Out.Bulk(key)
	}
	for _, key := range expired {
		c.Tx.Peek(key)
	}
}

var randomkeySpec = command.Spec{
	Name: "randomkey", Group: command.GroupGeneric, Since: "1.0.0", Arity: 1,
	Flags: command.ReadOnly | command.TouchesArbitraryKeys, ACL: command.CatKeyspace,
	Summary:    "Pick any key of the database",
	Complexity: "O(1)",
	Tips:       []string{"request_policy:all_shards", "response_policy:special", "nondeterministic_output"},
	Run:        runRandomKey,
}

func runRandomKey(c *command.Ctx) {
	// Where expired keys may not be removed and there is nothing else, a name
	// that has expired is better than searching for ever.
	const triesMax = 100
	for tries := 1; ; tries++ {
		e := c.Tx.RandomEntry()
		if !e.Found() {
			c.Out.Null()
			return
		}
		if !e.Expired() || tries >= triesMax && allExpire(c) {
			c.Out.Bulk(e.Key())
			return
		}
		key := bytes.Clone(e.Key())
		if e := c.Tx.Peek(key); e.Found() {
			c.Out.Bulk(key)
			return
		}
	}
}

// allExpire reports whether every key of the database has an expiry.
func allExpire(c *command.Ctx) bool {
	n, _ := c.Tx.Worker().Space().Expires(c.Tx.DB())
	return n == c.Tx.Len()
}
