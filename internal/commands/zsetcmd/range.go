package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
)

// order says what the bounds of a range are.
type order uint8

const (
	byOption order = iota // ZRANGE: ranks, unless BYSCORE or BYLEX is given
	byRank
	byScore
	byMember
)

// A query is a range as a command gives it. It refers to the arguments.
type query struct {
	order      order
	reverse    bool // towards lower ranks; ranks are counted from the highest
	withScores bool

	start, stop int // byRank; negative: from the end
	scores      zset.ScoreRange
	members     zset.LexRange

	offset, limit int // of byScore and byMember; a negative limit is none
}

// parseBounds reads the two bounds. If they make no sense, it answers so.
func (q *query) parseBounds(c *command.Ctx, first, second int) bool {
	if q.order == byRank {
		start, ok := c.IntArg(first)
		if !ok {
			return false
		}
		stop, ok := c.IntArg(second)
		q.start, q.stop = int(start), int(stop)
		return ok
	}
	if q.reverse {
		first, second = second, first // given from the highest to the lowest
	}
	ok, text := false, notScores
	if q.order == byScore {
		q.scores, ok = zset.ParseScoreRange(c.Args[first], c.Args[second])
	} else {
		text = notMembers
		q.members, ok = zset.ParseLexRange(c.Args[first], c.Args[second])
	}
	if !ok {
		c.Out.Error(text)
	}
	return ok
}

// interval returns the ranks [from, to), counted from the lowest, of the members
// in the range, before offset and limit.
func (q *query) interval(v *value.Value) (from, to int) {
	switch q.order {
	case byScore:
		return q.scores.Interval(v)
	case byMember:
		return q.members.Interval(v)
	}
	size := zset.Len(v)
	start, stop := q.start, q.stop
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	from, to = start, min(stop, size-1)+1
	if from >= to {
		return 0, 0
	}
	if q.reverse {
		from, to = size-to, size-from
	}
	return from, to
}

// selection returns the rank of the first member to visit and how many follow,
// in the direction of the query.
func (q *query) selection(v *value.Value) (first, count int) {
	from, to := q.interval(v)
	count = to - from
	offset := 0
	if q.order != byRank {
		offset = q.offset
		if offset < 0 && v.Enc == value.SkipList {
			offset += count // from the end, as Valkey has it for large sets only
		}
		if offset < 0 || offset >= count {
			return 0, 0
		}
		count -= offset
		if q.limit >= 0 {
			count = min(count, q.limit)
		}
	}
	if q.reverse {
		return to - 1 - offset, count
	}
	return from + offset, count
}

// parseQuery reads the bounds at arguments i and i+1 and the options behind
// them. What the command's name says already is no option; withScores says
// whether WITHSCORES is one. If the words make no sense, parseQuery answers so.
func parseQuery(c *command.Ctx, i int, order order, reverse, withScores bool) (q query, ok bool) {
	q = query{order: order, reverse: reverse, limit: -1}
	for j := i + 2; j < len(c.Args); j++ {
		switch word := c.Args[j]; {
		case withScores && command.Is(word, "withscores"):
			q.withScores = true
		case command.Is(word, "limit") && j+2 < len(c.Args):
			offset, ok := c.IntArg(j + 1)
			if !ok {
				return q, false
			}
			limit, ok := c.IntArg(j + 2)
			if !ok {
				return q, false
			}
			q.offset, q.limit = int(offset), int(limit)
			j += 2
		case order == byOption && command.Is(word, "rev") && !q.reverse:
			q.reverse = true
		case q.order == byOption && command.Is(word, "bylex"):
			q.order = byMember
		case q.order == byOption && command.Is(word, "byscore"):
			q.order = byScore
		default:
			c.Out.Error(command.SyntaxError)
			return q, false
		}
	}
	if q.order == byOption {
		q.order = byRank
	}
	switch {
	case q.limit != -1 && q.order == byRank:
		c.Out.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
	case q.withScores && q.order == byMember:
		c.Out.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
	default:
		return q, q.parseBounds(c, i, i+1)
	}
	return q, false
}

var zrangeSpec = command.Spec{
	Name: "zrange", Group: command.GroupSortedSet, Since: "1.2.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of ranks, scores or names",
	Complexity: "O(log(N)+M) for M members returned of N",
	History: []command.Change{
		{Version: "6.2.0", What: "options REV, BYSCORE, BYLEX, LIMIT"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start"}, {Name: "stop"},
		{Name: "sortby", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "byscore", Type: command.ArgPureToken, Token: "BYSCORE"},
			{Name: "bylex", Type: command.ArgPureToken, Token: "BYLEX"},
		}},
		{Name: "rev", Type: command.ArgPureToken, Token: "REV", Since: "6.2.0", Flags: command.ArgOptional},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Since: "6.2.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
	},
	Run: runZRange,
}

func runZRange(c *command.Ctx) { replyRange(c, byOption, false) }

var zrevrangeSpec = command.Spec{
	Name: "zrevrange", Group: command.GroupSortedSet, Since: "1.2.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of ranks, highest score first",
	Complexity: "O(log(N)+M) for M members returned of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
	},
	Run: runZRevRange,
}

func runZRevRange(c *command.Ctx) { replyRange(c, byRank, true) }

var zrangebyscoreSpec = command.Spec{
	Name: "zrangebyscore", Group: command.GroupSortedSet, Since: "1.0.5", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of scores",
	Complexity: "O(log(N)+M) for M members returned of N",
	History: []command.Change{
		{Version: "2.0.0", What: "option WITHSCORES"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Since: "2.0.0", Flags: command.ArgOptional},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
	},
	Run: runZRangeByScore,
}

func runZRangeByScore(c *command.Ctx) { replyRange(c, byScore, false) }

var zrevrangebyscoreSpec = command.Spec{
	Name: "zrevrangebyscore", Group: command.GroupSortedSet, Since: "2.2.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of scores, highest score first",
	Complexity: "O(log(N)+M) for M members returned of N",
	History: []command.Change{
		{Version: "2.1.6", What: "exclusive min and max"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "max", Type: command.ArgDouble},
		{Name: "min", Type: command.ArgDouble},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
	},
	Run: runZRevRangeByScore,
}

func runZRevRangeByScore(c *command.Ctx) { replyRange(c, byScore, true) }

var zrangebylexSpec = command.Spec{
	Name: "zrangebylex", Group: command.GroupSortedSet, Since: "2.8.9", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of names",
	Complexity: "O(log(N)+M) for M members returned of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min"}, {Name: "max"},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
	},
	Run: runZRangeByLex,
}

func runZRangeByLex(c *command.Ctx) { replyRange(c, byMember, false) }

var zrevrangebylexSpec = command.Spec{
	Name: "zrevrangebylex", Group: command.GroupSortedSet, Since: "2.8.9", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Read the members within a range of names, last name first",
	Complexity: "O(log(N)+M) for M members returned of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "max"}, {Name: "min"},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
	},
	Run: runZRevRangeByLex,
}

func runZRevRangeByLex(c *command.Ctx) { replyRange(c, byMember, true) }

func replyRange(c *command.Ctx, order order, reverse bool) {
	q, ok := parseQuery(c, 2, order, reverse, true)
	if !ok {
		return
	}
	v, ok := find(c, c.Args[1], c.Out.EmptyArray)
	if !ok {
		return
	}
	first, count := q.selection(&v)
	p := newPairs(c, q.withScores)
	p.begin(count)
	zset.Range(&v, first, count, q.reverse, p.add)
}

var zrangestoreSpec = command.Spec{
	Name: "zrangestore", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatSortedSet,
	Summary:    "Store the members within a range of ranks, scores or names",
	Complexity: "O(log(N)+M) for M members stored of N",
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "dst", Type: command.ArgKey}, {Name: "src", Type: command.ArgKey, KeySpec: 1}, {Name: "min"}, {Name: "max"},
		{Name: "sortby", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "byscore", Type: command.ArgPureToken, Token: "BYSCORE"},
			{Name: "bylex", Type: command.ArgPureToken, Token: "BYLEX"},
		}},
		{Name: "rev", Type: command.ArgPureToken, Token: "REV", Flags: command.ArgOptional},
		{Name: "limit", Type: command.ArgBlock, Token: "LIMIT", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
		}},
	},
	Run: runZRangeStore,
}

func runZRangeStore(c *command.Ctx) {
	target := c.Args[1]
	q, ok := parseQuery(c, 3, byOption, false, false)
	if !ok {
		return
	}
	result := value.Value{Type: value.ZSet, Enc: value.ListPack}
	absent := false
	source, ok := find(c, c.Args[2], func() { absent = true })
	switch {
	case ok:
		first, count := q.selection(&source)
		zset.Prepare(c.Tx.Heap(), c.Limits, &result, count, 0)
		zset.Range(&source, first, count, q.reverse, func(member []byte, score float64) bool {
			zset.Add(c.Tx.Heap(), c.Limits, &result, score, member, 0)
			return true
		})
	case !absent:
		return
	}
	c.StoreResult(target, result, command.EventZSet, "zrangestore")
	c.Out.Int(int64(zset.Len(&result)))
}

var zcountSpec = command.Spec{
	Name: "zcount", Group: command.GroupSortedSet, Since: "2.0.0", Arity: 4,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Count the members within a range of scores",
	Complexity: "O(log(N)) for N members",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
	},
	Run: runZCount,
}

func runZCount(c *command.Ctx) { count(c, byScore) }

var zlexcountSpec = command.Spec{
	Name: "zlexcount", Group: command.GroupSortedSet, Since: "2.8.9", Arity: 4,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Count the members within a range of names",
	Complexity: "O(log(N)) for N members",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min"}, {Name: "max"},
	},
	Run: runZLexCount,
}

func runZLexCount(c *command.Ctx) { count(c, byMember) }

func count(c *command.Ctx, order order) {
	q := query{order: order}
	if !q.parseBounds(c, 2, 3) {
		return
	}
	if v, ok := find(c, c.Args[1], zero(c)); ok {
		from, to := q.interval(&v)
		c.Out.Int(int64(to - from))
	}
}

var zremrangebyrankSpec = command.Spec{
	Name: "zremrangebyrank", Group: command.GroupSortedSet, Since: "2.0.0", Arity: 4,
	Flags: command.Write, ACL: command.CatSortedSet,
	Summary:    "Remove the members within a range of ranks",
	Complexity: "O(log(N)+M) for M members removed of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
	},
	Run: runZRemRangeByRank,
}

func runZRemRangeByRank(c *command.Ctx) { removeRange(c, byRank, "zremrangebyrank") }

var zremrangebyscoreSpec = command.Spec{
	Name: "zremrangebyscore", Group: command.GroupSortedSet, Since: "1.2.0", Arity: 4,
	Flags: command.Write, ACL: command.CatSortedSet,
	Summary:    "Remove the members within a range of scores",
	Complexity: "O(log(N)+M) for M members removed of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
	},
	Run: runZRemRangeByScore,
}

func runZRemRangeByScore(c *command.Ctx) { removeRange(c, byScore, "zremrangebyscore") }

var zremrangebylexSpec = command.Spec{
	Name: "zremrangebylex", Group: command.GroupSortedSet, Since: "2.8.9", Arity: 4,
	Flags: command.Write, ACL: command.CatSortedSet,
	Summary:    "Remove the members within a range of names",
	Complexity: "O(log(N)+M) for M members removed of N",
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "min"}, {Name: "max"},
	},
	Run: runZRemRangeByLex,
}

func runZRemRangeByLex(c *command.Ctx) { removeRange(c, byMember, "zremrangebylex") }

func removeRange(c *command.Ctx, order order, event string) {
	q := query{order: order}
	if !q.parseBounds(c, 2, 3) {
		return
	}
	key := c.Args[1]
	e := c.Tx.Write(key)
	if !isZSet(c, &e, zero(c)) {
		return
	}
	v := e.Update()
	from, to := q.interval(&v)
	zset.RemoveRange(c.Tx.Heap(), &v, from, to)
	store(c, &e, key, v, to-from, event)
	c.Out.Int(int64(to - from))
}
