package geocmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/geohash"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var geoaddSpec = command.Spec{
	Name: "geoadd", Group: command.GroupGeo, Since: "3.2.0", Arity: -5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatGeo,
	Summary:    "Put places into a geo index, or move them",
	Complexity: "O(log(N)) per place, for N places",
	History: []command.Change{
		{Version: "6.2.0", What: "options CH, NX, XX"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "condition", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"}, {Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "change", Type: command.ArgPureToken, Token: "CH", Since: "6.2.0", Flags: command.ArgOptional},
		{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
			{Name: "longitude", Type: command.ArgDouble}, {Name: "latitude", Type: command.ArgDouble}, {Name: "member"},
		}},
	},
	Run: runGeoAdd,
}

func runGeoAdd(c *command.Ctx) {
	var flags zset.Flags
	countChange := false
	first := 2
options:
	for ; first < len(c.Args); first++ {
		switch word := c.Args[first]; {
		case command.Is(word, "nx"):
			flags |= zset.NX
		case command.Is(word, "xx"):
			flags |= zset.XX
		case command.Is(word, "ch"):
			countChange = true
		default:
			break options
		}
	}
	count := (len(c.Args) - first) / 3
	if count == 0 || (len(c.Args)-first)%3 != 0 || flags&(zset.NX|zset.XX) == zset.NX|zset.XX {
		c.Out.Error(command.SyntaxError)
		return
	}
	scores := make([]uint64, count)
	longest := 0
	for i := range scores {
		at := first + 3*i
		p, ok := positionArg(c, at)
		if !ok {
			return
		}
		scores[i] = p.Hash()
		longest = max(longest, len(c.Args[at+2]))
	}
	key := c.Args[1]
	e, wrongType := c.Tx.Collection(key, value.ZSet)
	switch {
	case wrongType:
		c.Out.Error(command.WrongType)
		return
	case !e.Found() && flags&zset.XX != 0:
		c.Out.Int(0)
		return
	}
	v := e.Open(value.ZSet, value.ListPack)
	zset.Prepare(c.Tx.Heap(), c.Limits, &v, count, longest)
	added, updated := 0, 0
	for i, score := range scores {
		switch _, outcome := zset.Add(c.Tx.Heap(), c.Limits, &v, float64(score), c.Args[first+3*i+2], flags); outcome {
		case zset.Added:
			added++
		case zset.Updated:
			updated++
		}
	}
	e.Store(key, v, added+updated)
	if added+updated > 0 {
		c.Notify(command.EventZSet, "zadd", key)
		propagateAdd(c, first, scores)
	}
	if countChange {
		added += updated
	}
	c.Out.Int(int64(added))
}

// propagateAdd makes the journal take a ZADD with the options before argument
// first and these scores.
func propagateAdd(c *command.Ctx, first int, scores []uint64) {
	args := make([][]byte, 0, first+2*len(scores))
	args = append(append(args, []byte("ZADD")), c.Args[1:first]...)
	for i, score := range scores {
		args = append(args, number.AppendUint(nil, score), c.Args[first+3*i+2])
	}
	c.PropagateInstead(args...)
}

var geohashSpec = command.Spec{
	Name: "geohash", Group: command.GroupGeo, Since: "3.2.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Show places as geohash strings",
	Complexity: "O(1) per place",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgOptional | command.ArgMultiple},
	},
	Run: runGeoHash,
}

func runGeoHash(c *command.Ctx) {
	eachPosition(c, c.Out.Null, func(p geohash.Position) { c.Out.BulkString(p.Standard()) })
}

var geoposSpec = command.Spec{
	Name: "geopos", Group: command.GroupGeo, Since: "3.2.0", Arity: -2,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Read the coordinates of places",
	Complexity: "O(1) per place",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member", Flags: command.ArgOptional | command.ArgMultiple},
	},
	Run: runGeoPos,
}

func runGeoPos(c *command.Ctx) {
	eachPosition(c, c.Out.NullArray, func(p geohash.Position) { replyPosition(c, p) })
}

// eachPosition answers with an array of what reply or absent add for each
// member.
func eachPosition(c *command.Ctx, absent func(), reply func(p geohash.Position)) {
	v, found, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	members := c.Args[2:]
	c.Out.ArrayHeader(len(members))
	for _, member := range members {
		if p, ok := positionOf(&v, found, member); ok {
			reply(p)
		} else {
			absent()
		}
	}
}

var geodistSpec = command.Spec{
	Name: "geodist", Group: command.GroupGeo, Since: "3.2.0", Arity: -4,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Compute the distance between two places",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member1"}, {Name: "member2"},
		{Name: "unit", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
	},
	Run: runGeoDist,
}

func runGeoDist(c *command.Ctx) {
	unit := 1.0
	switch {
	case len(c.Args) == 5:
		var ok bool
		if unit, ok = unitArg(c, 4); !ok {
			return
		}
	case len(c.Args) > 5:
		c.Out.Error(command.SyntaxError)
		return
	}
	v, found, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	from, ok := positionOf(&v, found, c.Args[2])
	to, ok2 := positionOf(&v, found, c.Args[3])
	if !ok || !ok2 {
		c.Out.Null()
		return
	}
	replyDistance(c, geohash.Distance(from, to)/unit)
}
