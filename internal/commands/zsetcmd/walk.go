package zsetcmd

import (
	"math"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
)

var zrandmemberSpec = command.Spec{
	Name: "zrandmember", Group: command.GroupSortedSet, Since: "6.2.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Pick members at random",
	Complexity: "O(N) for N members returned",
	Tips:       []string{"nondeterministic_output"},
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "options", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.ArgOptional},
		}},
	},
	Run: runZRandMember,
}

func runZRandMember(c *command.Ctx) {
	if len(c.Args) == 2 {
		if v, ok := find(c, c.Args[1], c.Out.Null); ok {
			p := newPairs(c, false)
			zset.Random(&v, c.Tx.Rand(), 1, p.add)
		}
		return
	}
	count, ok := c.SymmetricArg(2)
	if !ok {
		return
	}
	withScores := len(c.Args) == 4
	switch {
	case len(c.Args) > 4, withScores && !command.Is(c.Args[3], "withscores"):
		c.Out.Error(command.SyntaxError)
		return
	case withScores && (count < -math.MaxInt/2 || count > math.MaxInt/2):
		c.Out.Error(command.OutOfRange)
		return
	}
	v, ok := find(c, c.Args[1], c.Out.EmptyArray)
	if !ok {
		return
	}
	p := newPairs(c, withScores)
	if count < 0 {
		p.begin(-count)
		zset.Random(&v, c.Tx.Rand(), -count, func(member []byte, score float64) bool {
			return p.add(member, score) && !c.OutputFull()
		})
		return
	}
	count = min(count, zset.Len(&v))
	p.begin(count)
	zset.RandomDistinct(&v, c.Tx.Rand(), count, func(member []byte, score float64) { p.add(member, score) })
}

var zscanSpec = command.Spec{
	Name: "zscan", Group: command.GroupSortedSet, Since: "2.8.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatSortedSet,
	Summary:    "Walk over the members of a sorted set, a few at a time",
	Complexity: "O(1) per call, O(N) for a whole walk over N members",
	History: []command.Change{
		{Version: "8.0.0", What: "option NOSCORES"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.ArgOptional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "noscores", Type: command.ArgPureToken, Token: "NOSCORES", Flags: command.ArgOptional},
	},
	Run: runZScan,
}

func runZScan(c *command.Ctx) {
	cursor, ok := c.ScanCursorArg(2)
	if !ok {
		return
	}
	v, ok := find(c, c.Args[1], c.ReplyScanEnd)
	if !ok {
		return
	}
	scan, ok := command.ParseElementScan(c, value.ZSet, cursor)
	if !ok {
		return
	}
	perMember := 2
	if scan.NamesOnly {
		perMember = 1
	}
	text := make([]byte, 0, 32)
	scan.Reply(c, perMember, func(cursor uint64, wanted func([]byte) bool, elements *resp.Writer) uint64 {
		return zset.Scan(&v, cursor, func(member []byte, score float64) {
			if !wanted(member) {
				return
			}
			elements.Bulk(member)
			if !scan.NamesOnly {
				text = appendScanned(text[:0], score, v.Enc)
				elements.Bulk(text)
			}
		})
	})
}

// appendScanned appends a score as ZSCAN shows it, which depends on the encoding:
// small sets keep the text, of large ones 17 digits are shown.
func appendScanned(dst []byte, score float64, enc value.Encoding) []byte {
	if enc == value.SkipList && !math.IsInf(score, 0) {
		return strconv.AppendFloat(dst, score, 'g', 17, 64)
	}
	return number.AppendDouble(dst, score)
}
