package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
)

var zcardSpec = command.Spec{
	Name: "zcard", Group: command.GroupSortedSet, Since: "1.2.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Count the members of a sorted set",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runZCard,
}

func runZCard(c *command.Ctx) {
	if v, ok := find(c, c.Args[1], zero(c)); ok {
		c.Out.Int(int64(zset.Len(&v)))
	}
}

var zscoreSpec = command.Spec{
	Name: "zscore", Group: command.GroupSortedSet, Since: "1.2.0", Arity: 3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Read the score of a member",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"},
	},
	Element: 2,
	Run:     runZScore,
}

func runZScore(c *command.Ctx) {
	if v, ok := find(c, c.Args[1], c.Out.Null); ok {
		replyScore(c, &v, c.Args[2])
	}
}

// replyScore answers with the score of a member, or with null.
func replyScore(c *command.Ctx, v *value.Value, member []byte) {
	if score, ok := zset.Score(v, member); ok {
		c.Out.Double(score)
	} else {
		c.Out.Null()
	}
}

var zmscoreSpec = command.Spec{
	Name: "zmscore", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Read the scores of several members",
	Complexity: "O(N) for N members asked for",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgMultiple},
	},
	Element: 2,
	Run:     runZMScore,
}

func runZMScore(c *command.Ctx) {
	e := c.Tx.Find(c.Args[1])
	v := value.Value{Type: value.ZSet, Enc: value.ListPack}
	if e.Found() {
		if e.Type() != value.ZSet {
			c.Out.Error(command.WrongType)
			return
		}
		v = e.Value()
	}
	c.Out.ArrayHeader(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		replyScore(c, &v, member)
	}
}

var zrankSpec = command.Spec{
	Name: "zrank", Group: command.GroupSortedSet, Since: "2.0.0", Arity: -3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Tell a member's rank, counted from the lowest score",
	Complexity: "O(log(N))",
	History: []command.Change{
		{Version: "7.2.0", What: "option WITHSCORE"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"},
		{Name: "withscore", Type: command.ArgPureToken, Token: "WITHSCORE", Flags: command.ArgOptional},
	},
	Element: 2,
	Run:     runZRank,
}

func runZRank(c *command.Ctx) { rank(c, false) }

var zrevrankSpec = command.Spec{
	Name: "zrevrank", Group: command.GroupSortedSet, Since: "2.0.0", Arity: -3,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatSortedSet,
	Summary:    "Tell a member's rank, counted from the highest score",
	Complexity: "O(log(N))",
	History: []command.Change{
		{Version: "7.2.0", What: "option WITHSCORE"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"},
		{Name: "withscore", Type: command.ArgPureToken, Token: "WITHSCORE", Flags: command.ArgOptional},
	},
	Element: 2,
	Run:     runZRevRank,
}

func runZRevRank(c *command.Ctx) { rank(c, true) }

func rank(c *command.Ctx, reverse bool) {
	withScore := len(c.Args) > 3
	switch {
	case len(c.Args) > 4:
		c.Out.Error(command.WrongArity(c.Cmd))
		return
	case withScore && !command.Is(c.Args[3], "withscore"):
		c.Out.Error(command.SyntaxError)
		return
	}
	absent := c.Out.Null
	if withScore {
		absent = c.Out.NullArray
	}
	v, ok := find(c, c.Args[1], absent)
	if !ok {
		return
	}
	rank, score, ok := zset.Rank(&v, c.Args[2], reverse)
	switch {
	case !ok:
		absent()
	case withScore:
		c.Out.ArrayHeader(2)
		c.Out.Int(int64(rank))
		c.Out.Double(score)
	default:
		c.Out.Int(int64(rank))
	}
}
