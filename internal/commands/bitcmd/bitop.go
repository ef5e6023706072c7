package bitcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/encoding/bitmap"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var bitopSpec = command.Spec{
	Name: "bitop", Group: command.GroupBitmap, Since: "2.6.0", Arity: -4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap,
	Summary:    "Combine strings bit by bit and store the result",
	Complexity: "O(N)",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 3, LastKey: -1, Step: 1},
	},
	Args: []command.Arg{
		{Name: "operation", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "and", Type: command.ArgPureToken, Token: "AND"}, {Name: "or", Type: command.ArgPureToken, Token: "OR"},
			{Name: "xor", Type: command.ArgPureToken, Token: "XOR"}, {Name: "not", Type: command.ArgPureToken, Token: "NOT"},
		}},
		{Name: "destkey", Type: command.ArgKey},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
	},
	Run: runBitOp,
}

func runBitOp(c *command.Ctx) {
	op, ok := parseOperation(c.Args[1])
	if !ok {
		c.Out.Error(command.SyntaxError)
		return
	}
	target, keys := c.Args[2], c.Args[3:]
	if op == bitmap.Not && len(keys) != 1 {
		c.Out.Error("ERR BITOP NOT must be called with a single source key.")
		return
	}
	texts := make([]keyspace.NumberText, len(keys))
	sources := make([][]byte, len(keys))
	longest := 0
	for i, key := range keys {
		if sources[i], _, ok = find(c, key, &texts[i]); !ok {
			return
		}
		longest = max(longest, len(sources[i]))
	}
	store(c, target, op, sources, longest)
	c.Out.Int(int64(longest))
}

// store makes target hold the combination, n bytes long, or removes it when
// that is empty. The sources may be views of target's own string.
func store(c *command.Ctx, target []byte, op bitmap.Operation, sources [][]byte, n int) {
	e := c.Tx.Peek(target)
	switch {
	case n > keyspace.InlineMax:
		r := str.NewBig(c.Tx.Heap(), n, 0)
		bitmap.Combine(str.Bytes(r), op, sources)
		c.Tx.SetBig(&e, target, r, -1)
	case n > 0:
		var result [keyspace.InlineMax]byte
		bitmap.Combine(result[:n], op, sources)
		c.Tx.SetRaw(&e, target, result[:n], -1)
	default:
		if e.Found() {
			e.Remove(target, c.Tx.Worker().Space().DeletesLazily())
			c.Notify(command.EventGeneric, "del", target)
		}
		return
	}
	c.Notify(command.EventString, "set", target)
}

func parseOperation(word []byte) (op bitmap.Operation, ok bool) {
	for op, name := range [...]string{bitmap.And: "and", bitmap.Or: "or", bitmap.Xor: "xor", bitmap.Not: "not"} {
		if command.Is(word, name) {
			return bitmap.Operation(op), true
		}
	}
	return 0, false
}
