// Package sortcmd holds SORT and SORT_RO, which are about lists, sets and
// sorted sets alike.
//
// A run has four stages: the words become a query (query.go); the elements are
// read; each gets a rank, from itself or from where a BY pattern leads, and
// the ranks are sorted (rank.go); what the GET patterns (pattern.go) make of
// the elements is answered or stored as a list.
//
// The elements are copied (texts.go) into memory that the next run uses again
// (workspace.go): fresh megabytes for each run cost more than sorting does.
package sortcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/keysort"
	"github.com/kvasirdb/kvasir/internal/resp"
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
	h := handlers{d, new(workspaces)}
	return []command.Spec{h.sortSpec(), h.sortROSpec()}
}

type handlers struct {
	Deps
	workspaces *workspaces
}

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
	w := h.workspaces.take()
	defer h.workspaces.give(w)
	length := elements(&v)
	start, count := q.bounds(length)
	r := result{elems: &w.elems}
	if q.unsorted {
		w.read(&v, start, count, q.descending)
	} else {
		w.read(&v, 0, length, false)
		if r.places, ok = q.sort(c, w); !ok {
			c.Out.Error("ERR One or more scores can't be converted into double")
			return
		}
		r.places = r.places[start : start+count]
	}
	if q.target != nil {
		store(c, &q, &r)
	} else {
		reply(c, &q, &r)
	}
}

// result is the elements that are asked for.
type result struct {
	elems  *texts
	places []keysort.Place // in the order wanted; nil: all, as they are
}

func (r *result) len() int {
	if r.places == nil {
		return r.elems.len()
	}
	return len(r.places)
}

func (r *result) at(i int) []byte {
	if r.places == nil {
		return r.elems.at(int32(i))
	}
	return r.elems.at(r.places[i].Index)
}

// reply answers with the result.
func reply(c *command.Ctx, q *query, r *result) {
	c.Out.ArrayHeader(r.len() * max(len(q.gets), 1))
	if len(q.gets) > 0 {
		q.each(c, r, func(val []byte, found bool) {
			if found {
				c.Out.Bulk(val)
			} else {
				c.Out.Null()
			}
		})
		return
	}
	c.Out.Extend(func(dst []byte) []byte {
		size := 0
		for i := range r.len() {
			size += resp.BulkSize(len(r.at(i)))
		}
		dst = resp.GrowForBulks(dst, size)
		for i := range r.len() {
			dst = resp.AppendBulk(dst, r.at(i))
		}
		return dst
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
	case value.List, value.Set:
		return e.Value(), true
	case value.ZSet:
		if e.Encoding() == value.ListPack {
			unpack(c, &e)
		}
		return e.Value(), true
	}
	c.Out.Error(command.WrongType)
	return v, false
}

// unpack gives a sorted set the large encoding for good, as Valkey does, whose
// clients see it in OBJECT ENCODING and in the scores of ZSCAN. It may, even for
// SORT_RO, because both commands run exclusively; and as no element changes, nobody
// who watches or tracks the key is told.
func unpack(c *command.Ctx, e *keyspace.Entry) {
	v := e.Update()
	zset.Unpack(c.Tx.Heap(), &v)
	e.Commit(c.Args[1], v, 0)
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

// store makes the target hold the result as a list, or removes it if there is
// none.
func store(c *command.Ctx, q *query, r *result) {
	target := q.target
	if r.len() == 0 {
		if e := c.Tx.Peek(target); e.Found() {
			e.Remove(target, c.Tx.Worker().Space().DeletesLazily())
			c.Notify(command.EventGeneric, "del", target)
		}
		c.Out.Int(0)
		return
	}
	b := list.NewBuilder(c.Tx.Heap(), c.Limits)
	n := 0
	q.each(c, r, func(val []byte, _ bool) {
		b.Push(val)
		n++
	})
	c.Tx.Put(target, b.Finish(), -1, n)
	c.Notify(command.EventList, "sortstore", target)
	c.Out.Int(int64(n))
}
