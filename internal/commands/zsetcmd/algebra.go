package zsetcmd

import (
	"cmp"
	"math"
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// operand is a sorted set, or a set, whose members have the score 1; its Root is
// 0 if the key is absent.
type operand struct {
	value  value.Value
	weight float64
}

func (o *operand) len() int {
	if o.value.Type == value.Set {
		return set.Len(&o.value)
	}
	return zset.Len(&o.value)
}

// score returns the score of a member, without the weight.
func (o *operand) score(member []byte) (score float64, ok bool) {
	if o.value.Type == value.Set {
		return 1, set.Contains(&o.value, member)
	}
	return zset.Score(&o.value, member)
}

// each passes all members to visit, until it returns false.
func (o *operand) each(visit func(member []byte, score float64) bool) {
	if o.value.Type != value.Set {
		zset.Range(&o.value, 0, zset.Len(&o.value), false, visit)
		return
	}
	for member := range set.All(&o.value) {
		if !visit(member, 1) {
			return
		}
	}
}

// is reports whether both are the same key's.
func (o *operand) is(other *operand) bool { return o.value.Root == other.value.Root }

// aggregate combines the scores that a member has in several operands.
type aggregate uint8

const (
	sum aggregate = iota
	lesser
	greater
)

func (a aggregate) of(x, y float64) float64 {
	switch a {
	case sum:
		return orZero(x + y) // inf and -inf
	case lesser:
		if y < x {
			return y
		}
		return x
	}
	if y > x {
		return y
	}
	return x
}

// orZero is what becomes of a score that is no number.
func orZero(score float64) float64 {
	if math.IsNaN(score) {
		return 0
	}
	return score
}

// operation is one of the three on several sets.
type operation uint8

const (
	union operation = iota
	intersection
	difference
)

// form says what a command does with the result.
type form uint8

const (
	reply    form = iota
	storeAt1      // under argument 1
	countOnly
)

// calculation is what the words of a command on several sets ask for.
type calculation struct {
	operation  operation
	form       form
	operands   []operand
	aggregate  aggregate
	withScores bool
	limit      int // of countOnly; 0 is none
}

// parseCalculation reads the words from the number of keys on, which is argument
// i, and looks the keys up. If that fails, it answers so.
func parseCalculation(c *command.Ctx, operation operation, form form, i int) (k calculation, ok bool) {
	k = calculation{operation: operation, form: form}
	n, ok := c.IntArg(i)
	switch {
	case !ok:
		return k, false
	case n < 1:
		c.Out.Errorf("ERR at least 1 input key is needed for '%s' command", c.Cmd.Name)
		return k, false
	case n > int64(len(c.Args)-i-1):
		c.Out.Error(command.SyntaxError)
		return k, false
	}
	i++
	options := i + int(n)
	return k, k.lookUp(c, c.Args[i:options]) && k.parseOptions(c, options)
}

func (k *calculation) lookUp(c *command.Ctx, keys [][]byte) bool {
	k.operands = make([]operand, len(keys))
	for i, key := range keys {
		o := &k.operands[i]
		o.value, o.weight = value.Value{Type: value.ZSet, Enc: value.ListPack}, 1
		e := c.Tx.Find(key)
		if !e.Found() {
			continue
		}
		if t := e.Type(); t != value.ZSet && t != value.Set {
			c.Out.Error(command.WrongType)
			return false
		}
		o.value = e.Value()
	}
	return true
}

func (k *calculation) parseOptions(c *command.Ctx, i int) bool {
	weighs := k.operation != difference && k.form != countOnly
	for i < len(c.Args) {
		word, rest := c.Args[i], len(c.Args)-i-1
		switch {
		case weighs && rest >= len(k.operands) && command.Is(word, "weights"):
			if !k.parseWeights(c, c.Args[i+1:]) {
				return false
			}
			i += 1 + len(k.operands)
		case weighs && rest >= 1 && command.Is(word, "aggregate"):
			if !k.parseAggregate(c, c.Args[i+1]) {
				return false
			}
			i += 2
		case k.form == reply && command.Is(word, "withscores"):
			k.withScores = true
			i++
		case k.form == countOnly && rest >= 1 && command.Is(word, "limit"):
			var ok bool
			if k.limit, ok = c.RangeArg(i+1, 0, "ERR LIMIT can't be negative"); !ok {
				return false
			}
			i += 2
		default:
			c.Out.Error(command.SyntaxError)
			return false
		}
	}
	return true
}

func (k *calculation) parseWeights(c *command.Ctx, words [][]byte) (ok bool) {
	for j := range k.operands {
		if k.operands[j].weight, ok = number.ParseDouble(words[j]); !ok {
			c.Out.Error("ERR weight value is not a float")
			return false
		}
	}
	return true
}

func (k *calculation) parseAggregate(c *command.Ctx, word []byte) bool {
	switch {
	case command.Is(word, "sum"):
		k.aggregate = sum
	case command.Is(word, "min"):
		k.aggregate = lesser
	case command.Is(word, "max"):
		k.aggregate = greater
	default:
		c.Out.Error(command.SyntaxError)
		return false
	}
	return true
}

func bySize(a, b operand) int { return cmp.Compare(a.len(), b.len()) }

// result carries the calculation out.
func (k *calculation) result() *result {
	switch k.operation {
	case union:
		return k.unite()
	case intersection:
		r := newResult(0)
		k.intersect(func(member []byte, score float64) bool {
			r.add(member, score)
			return true
		})
		return r
	}
	return k.subtract()
}

// unite adds up from the smallest operand on, as the rounding of sums shows.
func (k *calculation) unite() *result {
	slices.SortStableFunc(k.operands, bySize)
	r := newResult(k.operands[len(k.operands)-1].len())
	for i := range k.operands {
		o := &k.operands[i]
		o.each(func(member []byte, score float64) bool {
			score = orZero(score * o.weight)
			if at, added := r.add(member, score); !added {
				r.scores[at] = k.aggregate.of(r.scores[at], score)
			}
			return true
		})
	}
	return r
}

// intersect walks the smallest operand and passes the members that all others
// have to visit, until it returns false.
func (k *calculation) intersect(visit func(member []byte, score float64) bool) {
	slices.SortStableFunc(k.operands, bySize)
	smallest, others := &k.operands[0], k.operands[1:]
	smallest.each(func(member []byte, own float64) bool {
		total := orZero(own * smallest.weight)
		for i := range others {
			o := &others[i]
			score, ok := own, true
			if !o.is(smallest) {
				score, ok = o.score(member)
			}
			if !ok {
				return true
			}
			total = k.aggregate.of(total, score*o.weight)
		}
		return visit(member, total)
	})
}

// subtract returns the members of the first operand that no other has. Whichever
// is less work, it looks every member of the first up in the others, or takes
// every member of the others out of what the first has.
func (k *calculation) subtract() *result {
	first, others := &k.operands[0], k.operands[1:]
	r := newResult(0)
	lookUp, takeOut := first.len(), first.len()
	for i := range others {
		if others[i].is(first) {
			return r
		}
		lookUp += first.len()
		takeOut += others[i].len()
	}
	switch {
	case first.len() == 0:
	case lookUp/2 <= takeOut:
		slices.SortStableFunc(others, func(a, b operand) int { return bySize(b, a) })
		first.each(func(member []byte, score float64) bool {
			for i := range others {
				if _, ok := others[i].score(member); ok {
					return true
				}
			}
			r.add(member, score)
			return true
		})
	default:
		first.each(func(member []byte, score float64) bool {
			r.add(member, score)
			return true
		})
		for i := range others {
			others[i].each(func(member []byte, _ float64) bool {
				r.drop(member)
				return r.len() > 0
			})
		}
	}
	return r
}

var zunionSpec = command.Spec{
	Name: "zunion", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Compute the members that any sorted set has, combining their scores",
	Complexity: "O(N)+O(M*log(M)) for N members in all sets and M in the result",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, FirstKey: 1, NumStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.ArgOptional | command.ArgMultiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"}, {Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
	},
	Run: runZUnion,
}

func runZUnion(c *command.Ctx) { replyResult(c, union) }

var zinterSpec = command.Spec{
	Name: "zinter", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Compute the members that all sorted sets share, combining their scores",
	Complexity: "O(N*K)+O(M*log(M)) at worst: K sets, the smallest of N members, M in the result",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, FirstKey: 1, NumStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.ArgOptional | command.ArgMultiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"}, {Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
	},
	Run: runZInter,
}

func runZInter(c *command.Ctx) { replyResult(c, intersection) }

var zdiffSpec = command.Spec{
	Name: "zdiff", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Compute the members of the first sorted set that no other has",
	Complexity: "O(L + (N-K)log(N)) at worst: L members in all, N in the first set, K in the result",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, FirstKey: 1, NumStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
	},
	Run: runZDiff,
}

func runZDiff(c *command.Ctx) { replyResult(c, difference) }

func replyResult(c *command.Ctx, operation operation) {
	k, ok := parseCalculation(c, operation, reply, 1)
	if !ok {
		return
	}
	r := k.result()
	p := newPairs(c, k.withScores)
	p.begin(r.len())
	r.each(p.add)
}

var zunionstoreSpec = command.Spec{
	Name: "zunionstore", Group: command.GroupSortedSet, Since: "2.0.0", Arity: -4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSortedSet,
	Summary:    "Store the members that any sorted set has, combining their scores",
	Complexity: "O(N)+O(M*log(M)) for N members in all sets and M in the result",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey}, {Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.ArgOptional | command.ArgMultiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"}, {Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
	},
	Run: runZUnionStore,
}

func runZUnionStore(c *command.Ctx) { storeResult(c, union, "zunionstore") }

var zinterstoreSpec = command.Spec{
	Name: "zinterstore", Group: command.GroupSortedSet, Since: "2.0.0", Arity: -4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSortedSet,
	Summary:    "Store the members that all sorted sets share, combining their scores",
	Complexity: "O(N*K)+O(M*log(M)) at worst: K sets, the smallest of N members, M in the result",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey}, {Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.ArgOptional | command.ArgMultiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"}, {Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
	},
	Run: runZInterStore,
}

func runZInterStore(c *command.Ctx) { storeResult(c, intersection, "zinterstore") }

var zdiffstoreSpec = command.Spec{
	Name: "zdiffstore", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -4,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSortedSet,
	Summary:    "Store the members of the first sorted set that no other has",
	Complexity: "O(L + (N-K)log(N)) at worst: L members in all, N in the first set, K in the result",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, FirstKey: 1, NumStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey}, {Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.ArgMultiple},
	},
	Run: runZDiffStore,
}

func runZDiffStore(c *command.Ctx) { storeResult(c, difference, "zdiffstore") }

func storeResult(c *command.Ctx, operation operation, event string) {
	k, ok := parseCalculation(c, operation, storeAt1, 2)
	if !ok {
		return
	}
	v := k.result().build(c)
	c.StoreResult(c.Args[1], v, command.EventZSet, event)
	c.Out.Int(int64(zset.Len(&v)))
}

var zintercardSpec = command.Spec{
	Name: "zintercard", Group: command.GroupSortedSet, Since: "7.0.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Count the members that all sorted sets share",
	Complexity: "O(N*K) at worst: K sets, the smallest of N members",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, FirstKey: 1, NumStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger}, {Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		{Name: "limit", Type: command.ArgInteger, Token: "LIMIT", Flags: command.ArgOptional},
	},
	Run: runZInterCard,
}

func runZInterCard(c *command.Ctx) {
	k, ok := parseCalculation(c, intersection, countOnly, 1)
	if !ok {
		return
	}
	n := 0
	k.intersect(func([]byte, float64) bool {
		n++
		return n != k.limit
	})
	c.Out.Int(int64(n))
}
