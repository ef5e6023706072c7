// Package hllcmd holds the commands on HyperLogLogs: strings in the format of
// package hyperloglog, which calls them sketches.
package hllcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hyperloglog"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Commands returns the commands of the group "hyperloglog".
func Commands() []command.Spec {
	return []command.Spec{pfaddSpec, pfcountSpec, pfdebugSpec, pfmergeSpec, pfselftestSpec}
}

const corrupt = "INVALIDOBJ Corrupted HLL object detected"

// isSketch reports whether a found key holds a sketch, and returns a view of
// it; if not, it answers so.
func isSketch(c *command.Ctx, e *keyspace.Entry, text *keyspace.NumberText) (b []byte, ok bool) {
	if e.Type() != value.String {
		c.Out.Error(command.WrongType)
		return nil, false
	}
	if b = e.String(text); !hyperloglog.Valid(b) {
		c.Out.Error("WRONGTYPE Key is not a valid HyperLogLog string value.")
		return nil, false
	}
	return b, true
}

var pfaddSpec = command.Spec{
	Name: "pfadd", Group: command.GroupHyperLogLog, Since: "2.8.9", Arity: -2,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHyperLogLog,
	Summary:    "Add elements to a HyperLogLog",
	Complexity: "O(1) per element",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "element", Flags: command.ArgOptional | command.ArgMultiple},
	},
	Run: runPFAdd,
}

func runPFAdd(c *command.Ctx) {
	key := c.Args[1]
	e := c.Tx.Write(key)
	b, updated := hyperloglog.New(), 1
	if e.Found() {
		var text keyspace.NumberText
		view, ok := isSketch(c, &e, &text)
		if !ok {
			return
		}
		if hyperloglog.IsDense(view) {
			addDense(c, &e, view)
			return
		}
		b, updated = append(make([]byte, 0, len(view)+64), view...), 0
	}
	for _, element := range c.Args[2:] {
		index, run := hyperloglog.Place(element)
		raised, changed, ok := hyperloglog.Raise(b, index, run, c.Limits.HLLSparseMaxBytes)
		if !ok {
			c.Out.Error(corrupt)
			return
		}
		if b = raised; changed {
			updated++
		}
	}
	if updated > 0 {
		hyperloglog.Invalidate(b)
		store(c, &e, key, b)
	}
	replyAdded(c, key, updated)
}

// addDense is PFADD to a dense sketch, in place.
func addDense(c *command.Ctx, e *keyspace.Entry, b []byte) {
	key, updated := c.Args[1], 0
	for _, element := range c.Args[2:] {
		index, run := hyperloglog.Place(element)
		if updated == 0 {
			if !hyperloglog.Below(b, index, run) {
				continue
			}
			b = c.Tx.EditString(e, key, len(b), false)
		}
		if hyperloglog.RaiseDense(b, index, run) {
			updated++
		}
	}
	if updated > 0 {
		hyperloglog.Invalidate(b)
	}
	replyAdded(c, key, updated)
}

func replyAdded(c *command.Ctx, key []byte, updated int) {
	if updated == 0 {
		c.Out.Int(0)
		return
	}
	c.Notify(command.EventString, "pfadd", key)
	c.Tx.AddDirty(updated - 1)
	c.Out.Int(1)
}

// store makes key hold a sketch, keeping its expiry.
func store(c *command.Ctx, e *keyspace.Entry, key, b []byte) {
	expiry := int64(-1)
	if e.Found() {
		expiry = e.Expiry()
	}
	c.Tx.SetRaw(e, key, b, expiry)
}

var pfcountSpec = command.Spec{
	Name: "pfcount", Group: command.GroupHyperLogLog, Since: "2.8.9", Arity: -2,
	Flags: command.ReadOnly | command.MayReplicate, ACL: command.CatHyperLogLog,
	Summary:    "Estimate how many distinct elements one HyperLogLog, or several together, have seen",
	Complexity: "O(1) for one key, O(N) with a higher constant for N keys",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess, Index: 1, LastKey: -1, Step: 1, Notes: "the cached count or the encoding may change"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runPFCount,
}

func runPFCount(c *command.Ctx) {
	if len(c.Args) > 2 {
		var u union
		if u.unite(c, c.Args[1:]) {
			c.Out.Int(u.set.Count())
		}
		return
	}
	key := c.Args[1]
	e := c.Tx.Find(key)
	if !e.Found() {
		c.Out.Int(0)
		return
	}
	var text keyspace.NumberText
	b, ok := isSketch(c, &e, &text)
	if !ok {
		return
	}
	if n, ok := hyperloglog.Cached(b); ok {
		c.Out.Int(int64(n))
		return
	}
	n, ok := hyperloglog.Count(b)
	if !ok {
		c.Out.Error(corrupt)
		return
	}
	// The cache is part of the value: a change like any other, which replicas
	// and files follow.
	hyperloglog.SetCached(c.Tx.EditString(&e, key, len(b), false), uint64(n))
	c.Out.Int(n)
}

// union is the registers of several sketches. It lives on the stack: 16 KiB less
// to collect for each command.
type union struct {
	set   hyperloglog.Set
	dense bool // one of them is dense
}

// unite merges the sketches of some keys. If one holds no sketch, it answers so.
func (u *union) unite(c *command.Ctx, keys [][]byte) (ok bool) {
	for _, key := range keys {
		e := c.Tx.Find(key)
		if !e.Found() {
			continue
		}
		var text keyspace.NumberText
		b, ok := isSketch(c, &e, &text)
		if !ok {
			return false
		}
		u.dense = u.dense || hyperloglog.IsDense(b)
		if !u.set.Merge(b) {
			c.Out.Error(corrupt)
			return false
		}
	}
	return true
}

var pfmergeSpec = command.Spec{
	Name: "pfmerge", Group: command.GroupHyperLogLog, Since: "2.8.9", Arity: -2,
	Flags: command.Write | command.DenyOOM, ACL: command.CatHyperLogLog,
	Summary:    "Store the union of HyperLogLogs",
	Complexity: "O(N) for N keys, with a high constant",
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyInsert, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, Step: 1},
	},
	Args: []command.Arg{
		{Name: "destkey", Type: command.ArgKey},
		{Name: "sourcekey", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgOptional | command.ArgMultiple},
	},
	Run: runPFMerge,
}

func runPFMerge(c *command.Ctx) {
	var u union
	if !u.unite(c, c.Args[1:]) {
		return
	}
	key := c.Args[1]
	e := c.Tx.Write(key)
	b, ok := hyperloglog.New(), true
	if e.Found() {
		var text keyspace.NumberText
		b = append([]byte(nil), e.String(&text)...)
	}
	if u.dense {
		if b, ok = hyperloglog.ToDense(b); ok {
			u.set.Store(b)
		}
	} else {
		for index, run := range u.set {
			if run > 0 && ok {
				b, _, ok = hyperloglog.Raise(b, index, run, c.Limits.HLLSparseMaxBytes)
			}
		}
	}
	if !ok {
		c.Out.Error(corrupt)
		return
	}
	hyperloglog.Invalidate(b)
	store(c, &e, key, b)
	c.Notify(command.EventString, "pfadd", key)
	c.Out.OK()
}
