package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var zaddSpec = command.Spec{
	Name: "zadd", Group: command.GroupSortedSet, Since: "1.2.0", Arity: -4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Put members into a sorted set or change their scores",
	Complexity: "O(log(N)) per member, for N members",
	History: []command.Change{
		{Version: "2.4.0", What: "several members in one call"}, {Version: "3.0.2", What: "options XX, NX, CH, INCR"},
		{Version: "6.2.0", What: "options GT, LT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "condition", Type: command.ArgOneOf, Since: "3.0.2", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "comparison", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"}, {Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "change", Type: command.ArgPureToken, Token: "CH", Since: "3.0.2", Flags: command.ArgOptional},
		{Name: "increment", Type: command.ArgPureToken, Token: "INCR", Since: "3.0.2", Flags: command.ArgOptional},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "score", Type: command.ArgDouble}, {Name: "member"},
		}},
	},
	Element: 3,
	Run:     runZAdd,
}

func runZAdd(c *command.Ctx) { add(c, 0) }

var zincrbySpec = command.Spec{
	Name: "zincrby", Group: command.GroupSortedSet, Since: "1.2.0", Arity: 4,
	Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Add a given amount to a member's score",
	Complexity: "O(log(N)) for N members",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "increment", Type: command.ArgInteger}, {Name: "member"},
	},
	Element: 3,
	Run:     runZIncrBy,
}

func runZIncrBy(c *command.Ctx) { add(c, zset.Incr) }

func add(c *command.Ctx, flags zset.Flags) {
	a, ok := parseAdd(c, flags)
	if !ok {
		return
	}
	var room [8]float64 // so that few scores need no memory
	if scores, ok := a.parseScores(c, room[:0]); ok {
		a.run(c, scores)
	}
}

// addition is what the words of ZADD ask for.
type addition struct {
	flags       zset.Flags
	countChange bool // CH
	pairs       [][]byte
	longest     int // of the members, in bytes
}

// parseAdd reads the options, which ZINCRBY has as well, and the pairs. If they
// make no sense, it answers so.
func parseAdd(c *command.Ctx, flags zset.Flags) (a addition, ok bool) {
	a.flags = flags
	i := a.parseOptions(c.Args)
	a.pairs = c.Args[i:]
	has := func(f zset.Flags) bool { return a.flags&f == f }
	text := ""
	switch {
	case len(a.pairs) == 0 || len(a.pairs)%2 != 0:
		text = command.SyntaxError
	case has(zset.NX | zset.XX):
		text = "ERR XX and NX options at the same time are not compatible"
	case has(zset.GT | zset.NX), has(zset.LT | zset.NX), has(zset.GT | zset.LT):
		text = "ERR GT, LT, and/or NX options at the same time are not compatible"
	case has(zset.Incr) && len(a.pairs) > 2:
		text = "ERR INCR option supports a single increment-element pair"
	default:
		return a, true
	}
	c.Out.Error(text)
	return a, false
}

// parseOptions returns where the pairs begin.
func (a *addition) parseOptions(args [][]byte) int {
	for i := 2; i < len(args); i++ {
		switch word := args[i]; {
		case command.Is(word, "nx"):
			a.flags |= zset.NX
		case command.Is(word, "xx"):
			a.flags |= zset.XX
		case command.Is(word, "gt"):
			a.flags |= zset.GT
		case command.Is(word, "lt"):
			a.flags |= zset.LT
		case command.Is(word, "incr"):
			a.flags |= zset.Incr
		case command.Is(word, "ch"):
			a.countChange = true
		default:
			return i
		}
	}
	return len(args)
}

// parseScores appends the scores to room. If one is none, it answers so.
func (a *addition) parseScores(c *command.Ctx, room []float64) (scores []float64, ok bool) {
	scores = room
	for i := 0; i < len(a.pairs); i += 2 {
		score, ok := number.ParseDouble(a.pairs[i])
		if !ok {
			c.Out.Error(command.NotAFloat)
			return nil, false
		}
		scores = append(scores, score)
		a.longest = max(a.longest, len(a.pairs[i+1]))
	}
	return scores, true
}

func (a *addition) run(c *command.Ctx, scores []float64) {
	key := c.Args[1]
	e, wrongType := c.Tx.Collection(key, value.ZSet)
	incr := a.flags&zset.Incr != 0
	switch {
	case wrongType:
		c.Out.Error(command.WrongType)
		return
	case !e.Found() && a.flags&zset.XX != 0:
		if incr {
			c.Out.Null()
		} else {
			c.Out.Int(0)
		}
		return
	}
	v := e.Open(value.ZSet, value.ListPack)
	zset.Prepare(c.Tx.Heap(), c.Limits, &v, len(scores), a.longest)
	var counts [zset.NaN + 1]int
	var score float64
	for i, delta := range scores {
		var outcome zset.Outcome
		score, outcome = zset.Add(c.Tx.Heap(), c.Limits, &v, delta, a.pairs[2*i+1], a.flags)
		counts[outcome]++
	}
	event := "zadd"
	if incr {
		event = "zincr"
	}
	added, updated := counts[zset.Added], counts[zset.Updated]
	store(c, &e, key, v, added+updated, event)
	switch {
	case counts[zset.NaN] != 0:
		c.Out.Error("ERR resulting score is not a number (NaN)")
	case incr && counts[zset.Skipped] != 0:
		c.Out.Null()
	case incr:
		c.Out.Double(score)
	case a.countChange:
		c.Out.Int(int64(added + updated))
	default:
		c.Out.Int(int64(added))
	}
}

var zremSpec = command.Spec{
	Name: "zrem", Group: command.GroupSortedSet, Since: "1.2.0", Arity: -3,
	Flags: command.Write | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Take members out of a sorted set, and remove it with its last one",
	Complexity: "O(M*log(N)) for M members removed of N",
	History: []command.Change{
		{Version: "2.4.0", What: "several members in one call"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runZRem,
}

func runZRem(c *command.Ctx) {
	key, members := c.Args[1], c.Args[2:]
	e := c.Tx.Write(key)
	if !isZSet(c, &e, zero(c)) {
		return
	}
	v := e.Update()
	removed := 0
	for _, member := range members {
		if zset.Remove(c.Tx.Heap(), &v, member) {
			removed++
		}
	}
	store(c, &e, key, v, removed, "zrem")
	c.Out.Int(int64(removed))
}
