// Package sortcmd holds SORT and SORT_RO, which are about lists, sets and
// sorted sets alike.
//
// A run has four stages: the words become a query (query.go); the elements are
// read; each gets a rank, from itself or from where a BY pattern leads, and
// the ranks are sorted (rank.go); what the GET patterns (pattern.go) make of
// the elements is answered or stored as a list.
//
// Elements are read where they lie. That is safe because nothing changes the
// sorted value before the result is complete: lookups may remove other keys,
// whose time has come, but not this one.
package sortcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Deps are what the commands need to know of the server.
type Deps struct {
	// ReadsAllKeys reports whether the caller may read whatever key a pattern
	// leads to. nil: everybody may.
	ReadsAllKeys func(c *command.Ctx) bool
	// Slot returns the hash slot of a key; nil outside of cluster mode.
	Slot func(key []byte) uint16
}

// Commands returns SORT and SORT_RO.
func Commands(d Deps) []command.Spec {
	h := handlers{d}
	return []command.Spec{h.sortSpec(), h.sortROSpec()}
}

type handlers struct{ Deps }

func (h handlers) sortSpec() command.Spec {
	sortSpec := command.Spec{
		Name: "sort", Group: command.GroupGeneric, Since: "1.0.0", Arity: -2,
		Flags:      command.Write | command.DenyOOM,
		ACL:        command.CatSet | command.CatSortedSet | command.CatList | command.CatDangerous,
		Summary:    "Order the elements of a list, set or sorted set, and reply with or store them",
		Complexity: "O(N+M*log(M)) for N elements of which M are returned; O(N) without ordering",
		Keys: []command.KeySpec{
			{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1},
			{Flags: command.KeyRO | command.KeyAccess, UnknownBegin: true, UnknownFind: true, Notes: "BY and GET patterns name keys that depend on the elements"},
			{Flags: command.KeyOW | command.KeyUpdate, UnknownBegin: true, UnknownFind: true, Notes: "STORE may stand at any place among the options"},
		},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
			{Name: "by-pattern", Display: "pattern", Type: command.ArgPattern, Token: "BY", KeySpec: 1, Flags: command.ArgOptional | command.ArgOfKeySpec},
			{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
			}},
			{Name: "get-pattern", Display: "pattern", Type: command.ArgPattern, Token: "GET", KeySpec: 1, Flags: command.ArgOptional | command.ArgMultiple | command.ArgMultipleToken | command.ArgOfKeySpec},
			{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "sorting", Type: command.ArgPureToken, Token: "ALPHA", Flags: command.ArgOptional},
			{Name: "destination", Type: command.ArgKey, Token: "STORE", KeySpec: 2, Flags: command.ArgOptional},
		},
		KeysOf: command.SortKeys,
		Run:    h.runSort,
	}
	return sortSpec
}

func (h handlers) sortROSpec() command.Spec {
	sortRoSpec := command.Spec{
		Name: "sort_ro", Group: command.GroupGeneric, Since: "7.0.0", Arity: -2,
		Flags: command.ReadOnly, ACL: command.CatSet | command.CatSortedSet | command.CatList | command.CatDangerous,
		Summary:    "Order the elements of a list, set or sorted set; never writes",
		Complexity: "O(N+M*log(M)) for N elements of which M are returned; O(N) without ordering",
		Keys: []command.KeySpec{
			{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1},
			{Flags: command.KeyRO | command.KeyAccess, UnknownBegin: true, UnknownFind: true, Notes: "BY and GET patterns name keys that depend on the elements"},
		},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
			{Name: "by-pattern", Display: "pattern", Type: command.ArgPattern, Token: "BY", KeySpec: 1, Flags: command.ArgOptional | command.ArgOfKeySpec},
			{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
			}},
			{Name: "get-pattern", Display: "pattern", Type: command.ArgPattern, Token: "GET", KeySpec: 1, Flags: command.ArgOptional | command.ArgMultiple | command.ArgMultipleToken | command.ArgOfKeySpec},
			{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "sorting", Type: command.ArgPureToken, Token: "ALPHA", Flags: command.ArgOptional},
		},
		KeysOf: command.SortROKeys,
		Run:    h.runSortRO,
	}
	return sortRoSpec
}

func (h handlers) runSort(c *command.Ctx) { h.run(c, true) }

func (h handlers) runSortRO(c *command.Ctx) { h.run(c, false) }

func (h handlers) run(c *command.Ctx, mayStore bool) {
	q, ok := h.parse(c, mayStore)
	if !ok {
		return
	}
	v, ok := source(c)
	if !ok {
		return
	}
	if q.unsorted && v.Type == value.Set && (q.target != nil || c.Client.Has(session.Internal)) {
		// A set has no order of its own, but replicas and scripts must get the
		// same result everywhere.
		q.unsorted, q.alpha, q.by = false, true, nil
	}
	length := elements(&v)
	start, count := q.bounds(length)
	var elems [][]byte
	switch {
	case q.unsorted:
		elems = read(&v, start, count, q.descending)
	default:
		elems = read(&v, 0, length, false)
		if elems, ok = q.sort(c, elems, start, count); !ok {
			c.Out.Error("ERR One or more scores can't be converted into double")
			return
		}
	}
	if q.target != nil {
		store(c, &q, elems)
		return
	}
	c.Out.ArrayHeader(len(elems) * max(len(q.gets), 1))
	q.each(c, elems, func(val []byte, found bool) {
		if found {
			c.Out.Bulk(val)
		} else {
			c.Out.Null()
		}
	})
}

// source looks up what to sort; an absent key counts as an empty list. If it is
// something else, source answers so.
func source(c *command.Ctx) (v value.Value, ok bool) {
	e := c.Tx.Find(c.Args[1])
	if !e.Found() {
		return value.Value{Type: value.List, Enc: value.ListPack}, true
	}
	switch e.Type() {
	case value.List, value.Set, value.ZSet:
		return e.Value(), true
	}
	c.Out.Error(command.WrongType)
	return v, false
}

func elements(v *value.Value) int {
	switch v.Type {
	case value.List:
		return list.Len(v)
	case value.Set:
		return set.Len(v)
	}
	return zset.Len(v)
}

// read returns count elements from the one with this index on, of a list or a
// sorted set with reverse set counted and read from its end.
func read(v *value.Value, start, count int, reverse bool) [][]byte {
	b := batch{elems: make([][]byte, 0, count)}
	switch v.Type {
	case value.List:
		b.readList(v, start, count, reverse)
	case value.Set:
		i := 0
		for member := range set.All(v) {
			if i >= start && i < start+count {
				b.add(member, v.Enc != value.HashTable)
			}
			i++
		}
	case value.ZSet:
		from := start
		if reverse {
			from = zset.Len(v) - 1 - start
		}
		zset.Range(v, from, count, reverse, func(member []byte, _ float64) bool {
			b.add(member, v.Enc == value.ListPack)
			return true
		})
	}
	return b.elems
}

// batch collects elements. Those that may be in somebody's scratch space, being
// stored as integers, are copied.
type batch struct {
	elems [][]byte
	arena []byte
}

// copyMax is the length up to which an element that may be in scratch space is
// copied: a longer one is no integer.
const copyMax = len(list.Scratch{})

func (b *batch) add(elem []byte, mayBeInteger bool) {
	if mayBeInteger && len(elem) <= copyMax {
		elem = b.keep(elem)
	}
	b.elems = append(b.elems, elem)
}

// keep returns a copy of elem. Copies stay where they are when the arena is
// full: the next ones go to another.
func (b *batch) keep(elem []byte) []byte {
	const arenaBytes = 32 << 10
	if cap(b.arena)-len(b.arena) < len(elem) {
		b.arena = make([]byte, 0, max(arenaBytes, len(elem)))
	}
	b.arena = append(b.arena, elem...)
	end := len(b.arena)
	return b.arena[end-len(elem) : end : end]
}

func (b *batch) readList(v *value.Value, start, count int, reverse bool) {
	index := start
	if reverse {
		index = -1 - start
	}
	var scratch list.Scratch
	it, ok := list.At(v, index)
	for ; ok && count > 0; count-- {
		// A compressed node is read through a buffer that the next one reuses.
		b.elems = append(b.elems, b.keep(it.Bytes(&scratch)))
		if reverse {
			ok = it.Prev()
		} else {
			ok = it.Next()
		}
	}
}

// store makes the target hold the result as a list, or removes it if there is
// none.
func store(c *command.Ctx, q *query, elems [][]byte) {
	target := q.target
	if len(elems) == 0 {
		if e := c.Tx.Peek(target); e.Found() {
			e.Remove(target, c.Tx.Worker().Space().DeletesLazily())
			c.Notify(command.EventGeneric, "del", target)
		}
		c.Out.Int(0)
		return
	}
	b := list.NewBuilder(c.Tx.Heap(), c.Limits)
	n := 0
	q.each(c, elems, func(val []byte, _ bool) {
		b.Push(val)
		n++
	})
	c.Tx.Put(target, b.Finish(), -1, n)
	c.Notify(command.EventList, "sortstore", target)
	c.Out.Int(int64(n))
}
