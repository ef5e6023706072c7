package setcmd

import (
	"cmp"
	"math"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/gather"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// operands looks up the sets at keys, in order; absent ones are empty. If a key
// holds something else, it answers so.
func operands(c *command.Ctx, keys [][]byte) (sets []value.Value, ok bool) {
	sets = make([]value.Value, 0, 8)
	for _, key := range keys {
		e := c.Tx.Find(key)
		switch {
		case !e.Found():
			sets = append(sets, value.Value{Type: value.Set, Enc: value.IntSet})
		case e.Type() != value.Set:
			c.Out.Error(command.WrongType)
			return nil, false
		default:
			sets = append(sets, e.Value())
		}
	}
	return sets, true
}

func bySize(a, b value.Value) int { return cmp.Compare(set.Len(&a), set.Len(&b)) }

// intersect passes the members that are in all sets to visit, until it returns
// false. It walks the smallest set and orders sets by size for that.
func intersect(sets []value.Value, visit func(member []byte) bool) {
	slices.SortStableFunc(sets, bySize)
	smallest := &sets[0]
	others := slices.DeleteFunc(sets[1:], func(v value.Value) bool { return v.Root == smallest.Root })
members:
	for member := range set.All(smallest) {
		for i := range others {
			if !set.Contains(&others[i], member) {
				continue members
			}
		}
		if !visit(member) {
			return
		}
	}
}

// unite passes the members of all sets to visit, some of them several times.
func unite(sets []value.Value, visit func(member []byte) bool) {
	for i := range sets {
		for member := range set.All(&sets[i]) {
			visit(member)
		}
	}
}

// lookUpMost is up to how many sets are united by looking members up.
const lookUpMost = 4

// uniteOnce passes each member of the sets to visit once, if it is cheap to look
// a member up in each of them but the smallest; else it does nothing and reports
// false. It orders sets by size.
func uniteOnce(sets []value.Value, visit func(member []byte)) (done bool) {
	slices.SortStableFunc(sets, func(a, b value.Value) int { return bySize(b, a) })
	if len(sets) > lookUpMost || slices.ContainsFunc(sets[:len(sets)-1], func(v value.Value) bool { return v.Enc == value.ListPack }) {
		return false
	}
	for i := range sets {
	members:
		for member := range set.All(&sets[i]) {
			for k := range i {
				if set.Contains(&sets[k], member) {
					continue members
				}
			}
			visit(member)
		}
	}
	return true
}

// subtract passes the members of the first set that are in no other to visit.
// Whichever is less work, it looks every member of the first set up in the
// others, or takes every member of the others out of a copy of the first.
func subtract(sets []value.Value, visit func(member []byte) bool) {
	first, others := &sets[0], sets[1:]
	if first.Root == 0 || slices.ContainsFunc(others, func(v value.Value) bool { return v.Root == first.Root }) {
		return
	}
	others = slices.DeleteFunc(others, func(v value.Value) bool { return v.Root == 0 })
	lookUp, takeOut := 0, 0
	for i := range sets[:1+len(others)] {
		lookUp += set.Len(first)
		takeOut += set.Len(&sets[i])
	}
	// Looking up ends with the first set that has the member.
	if lookUp/2 > takeOut {
		subtractFromCopy(first, others, visit)
		return
	}
	slices.SortStableFunc(others, func(a, b value.Value) int { return bySize(b, a) })
	for member := range set.All(first) {
		if !slices.ContainsFunc(others, func(v value.Value) bool { return set.Contains(&v, member) }) {
			visit(member)
		}
	}
}

func subtractFromCopy(first *value.Value, others []value.Value, visit func(member []byte) bool) {
	rest := gather.New(set.Len(first))
	for member := range set.All(first) {
		rest.Add(member)
	}
	gone, left := make([]bool, rest.Len()), rest.Len()
	for i := range others {
		for member := range set.All(&others[i]) {
			if at, ok := rest.Find(member); ok && !gone[at] {
				gone[at] = true
				left--
			}
		}
		if left == 0 {
			return
		}
	}
	for i, g := range gone {
		if !g {
			visit(rest.Member(i))
		}
	}
}

// replyMany answers with the members that an operation visits, none twice.
func replyMany(c *command.Ctx, sets []value.Value, operation func([]value.Value, func([]byte) bool)) {
	header, n := c.Out.Defer(), 0
	operation(sets, func(member []byte) bool {
		c.Out.Bulk(member)
		n++
		return true
	})
	c.Out.SetSetLen(header, n)
}

var sinterSpec = command.Spec{
	Name: "sinter", Group: command.GroupSet, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Compute the members that all sets share",
	Complexity: "O(N*M) at worst, for M sets, the smallest of N members",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runSInter,
}

func runSInter(c *command.Ctx) {
	if sets, ok := operands(c, c.Args[1:]); ok {
		replyMany(c, sets, intersect)
	}
}

var sintercardSpec = command.Spec{
	Name: "sintercard", Group: command.GroupSet, Since: "7.0.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Count the members that all sets share",
	Complexity: "O(N*M) at worst, for M sets, the smallest of N members",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, FirstKey: 1, NumStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "limit", Type: command.ArgInteger, Token: "LIMIT", Flags: command.ArgOptional},
	},
	Run: runSInterCard,
}

func runSInterCard(c *command.Ctx) {
	n, ok := c.RangeArg(1, 1, "ERR numkeys should be greater than 0")
	if !ok {
		return
	}
	if n > len(c.Args)-2 {
		c.Out.Error("ERR Number of keys can't be greater than number of args")
		return
	}
	limit := 0
	for i := 2 + n; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "limit") || i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return
		}
		if limit, ok = c.RangeArg(i+1, 0, "ERR LIMIT can't be negative"); !ok {
			return
		}
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	sets, ok := operands(c, c.Args[2:2+n])
	if !ok {
		return
	}
	count := 0
	intersect(sets, func([]byte) bool {
		count++
		return count < limit
	})
	c.Out.Int(int64(count))
}

var sinterstoreSpec = command.Spec{
	Name: "sinterstore", Group: command.GroupSet, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSet,
	Summary:    "Store the members that all sets share",
	Complexity: "O(N*M) at worst, for M sets, the smallest of N members",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, Step: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
	},
	Run: runSInterStore,
}

func runSInterStore(c *command.Ctx) {
	sets, ok := operands(c, c.Args[2:])
	if !ok {
		return
	}
	result := value.Value{Type: value.Set, Enc: value.ListPack}
	onlyIntegers := true
	intersect(sets, func(member []byte) bool {
		if onlyIntegers {
			_, onlyIntegers = number.ParseInt(member)
		}
		return set.Add(c.Tx.Heap(), c.Limits, &result, member)
	})
	if onlyIntegers {
		set.ToIntSet(c.Tx.Heap(), c.Limits, &result)
	}
	storeResult(c, result, "sinterstore")
}

var sunionSpec = command.Spec{
	Name: "sunion", Group: command.GroupSet, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Compute the members that any of the sets has",
	Complexity: "O(N) for N members in all sets",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runSUnion,
}

func runSUnion(c *command.Ctx) {
	sets, ok := operands(c, c.Args[1:])
	if !ok {
		return
	}
	if !slices.ContainsFunc(sets, func(v value.Value) bool { return v.Enc != value.IntSet }) {
		// The union of integer sets is in ascending order.
		v := build(c, sets, unite)
		replyMembers(c, &v)
		set.Free(c.Tx.Heap(), &v)
		return
	}
	header, n := c.Out.Defer(), 0
	done := uniteOnce(sets, func(member []byte) {
		c.Out.Bulk(member)
		n++
	})
	if done {
		c.Out.SetSetLen(header, n)
		return
	}
	all := gather.New(set.Len(&sets[0]))
	unite(sets, func(member []byte) bool {
		all.Add(member)
		return true
	})
	c.Out.SetSetLen(header, all.Len())
	for i := range all.Len() {
		c.Out.Bulk(all.Member(i))
	}
}

var sunionstoreSpec = command.Spec{
	Name: "sunionstore", Group: command.GroupSet, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSet,
	Summary:    "Store the members that any of the sets has",
	Complexity: "O(N) for N members in all sets",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, Step: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
	},
	Run: runSUnionStore,
}

func runSUnionStore(c *command.Ctx) {
	sets, ok := operands(c, c.Args[2:])
	if !ok {
		return
	}
	largest := slices.MaxFunc(sets, bySize)
	if largest.Enc != value.HashTable || set.Len(&largest) <= max(c.Limits.SetMaxListpackEntries, c.Limits.SetMaxIntsetEntries) {
		storeResult(c, build(c, sets, unite), "sunionstore")
		return
	}
	// The result will be too large for anything but a table: it begins as a copy.
	result := set.Copy(c.Tx.Heap(), &largest)
	for i := range sets {
		if sets[i].Root == largest.Root {
			continue
		}
		for member := range set.All(&sets[i]) {
			set.Add(c.Tx.Heap(), c.Limits, &result, member)
		}
	}
	storeResult(c, result, "sunionstore")
}

var sdiffSpec = command.Spec{
	Name: "sdiff", Group: command.GroupSet, Since: "1.0.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatSet,
	Summary:    "Compute the members of the first set that no other has",
	Complexity: "O(N) for N members in all sets",
	Tips:       []string{"nondeterministic_output_order"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, LastKey: -1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
	},
	Run: runSDiff,
}

func runSDiff(c *command.Ctx) {
	if sets, ok := operands(c, c.Args[1:]); ok {
		replyMany(c, sets, subtract)
	}
}

var sdiffstoreSpec = command.Spec{
	Name: "sdiffstore", Group: command.GroupSet, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSet,
	Summary:    "Store the members of the first set that no other has",
	Complexity: "O(N) for N members in all sets",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, Step: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
	},
	Run: runSDiffStore,
}

func runSDiffStore(c *command.Ctx) {
	if sets, ok := operands(c, c.Args[2:]); ok {
		storeResult(c, build(c, sets, subtract), "sdiffstore")
	}
}

// build returns a new set of what an operation visits.
func build(c *command.Ctx, sets []value.Value, operation func([]value.Value, func([]byte) bool)) value.Value {
	v := value.Value{Type: value.Set, Enc: value.IntSet}
	operation(sets, func(member []byte) bool {
		set.Add(c.Tx.Heap(), c.Limits, &v, member)
		return true
	})
	return v
}

// storeResult makes argument 1 hold a computed set and answers with its size.
func storeResult(c *command.Ctx, v value.Value, event string) {
	c.StoreResult(c.Args[1], v, command.EventSet, event)
	c.Out.Int(int64(set.Len(&v)))
}
