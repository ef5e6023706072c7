package geocmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/geohash"
)

var georadiusSpec = command.Spec{
	Name: "georadius", Group: command.GroupGeo, Since: "3.2.0", Arity: -6,
	Flags: command.Write | command.DenyOOM, ACL: command.CatGeo,
	Summary:    "Find the places within a distance of a point, and reply with or store them",
	Complexity: "O(N+log(M)), N places in the bounding box of the circle and M in the index",
	History: []command.Change{
		{Version: "6.2.0", What: "option ANY of COUNT"}, {Version: "7.0.0", What: "upper-case units"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STORE", From: 6, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STOREDIST", From: 6, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "longitude", Type: command.ArgDouble},
		{Name: "latitude", Type: command.ArgDouble}, {Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.ArgOptional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.ArgOptional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.ArgOptional},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Flags: command.ArgOptional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "store", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "storekey", Display: "key", Type: command.ArgKey, Token: "STORE", KeySpec: 1},
			{Name: "storedistkey", Display: "key", Type: command.ArgKey, Token: "STOREDIST", KeySpec: 2},
		}},
	},
	Run: runGeoRadius,
}

func runGeoRadius(c *command.Ctx) {
	search(c, dialect{source: 1, fromPosition: true, storeOptions: true})
}

var georadiusRoSpec = command.Spec{
	Name: "georadius_ro", Group: command.GroupGeo, Since: "3.2.10", Arity: -6,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Find the places within a distance of a point; never writes",
	Complexity: "O(N+log(M)), N places in the bounding box of the circle and M in the index",
	History: []command.Change{
		{Version: "6.2.0", What: "option ANY of COUNT"}, {Version: "7.0.0", What: "upper-case units"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "longitude", Type: command.ArgDouble},
		{Name: "latitude", Type: command.ArgDouble}, {Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.ArgOptional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.ArgOptional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.ArgOptional},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Flags: command.ArgOptional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
	},
	Run: runGeoRadiusRO,
}

func runGeoRadiusRO(c *command.Ctx) { search(c, dialect{source: 1, fromPosition: true}) }

var georadiusbymemberSpec = command.Spec{
	Name: "georadiusbymember", Group: command.GroupGeo, Since: "3.2.0", Arity: -5,
	Flags: command.Write | command.DenyOOM, ACL: command.CatGeo,
	Summary:    "Find the places within a distance of another one, and reply with or store them",
	Complexity: "O(N+log(M)), N places in the bounding box of the circle and M in the index",
	History: []command.Change{
		{Version: "6.2.0", What: "option ANY of COUNT"}, {Version: "7.0.0", What: "upper-case units"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STORE", From: 5, Step: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STOREDIST", From: 5, Step: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"}, {Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.ArgOptional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.ArgOptional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.ArgOptional},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.ArgOptional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "store", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "storekey", Display: "key", Type: command.ArgKey, Token: "STORE", KeySpec: 1},
			{Name: "storedistkey", Display: "key", Type: command.ArgKey, Token: "STOREDIST", KeySpec: 2},
		}},
	},
	Run: runGeoRadiusByMember,
}

func runGeoRadiusByMember(c *command.Ctx) {
	search(c, dialect{source: 1, fromMember: true, storeOptions: true})
}

var georadiusbymemberRoSpec = command.Spec{
	Name: "georadiusbymember_ro", Group: command.GroupGeo, Since: "3.2.10", Arity: -5,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Find the places within a distance of another one; never writes",
	Complexity: "O(N+log(M)), N places in the bounding box of the circle and M in the index",
	History: []command.Change{
		{Version: "6.2.0", What: "option ANY of COUNT"}, {Version: "7.0.0", What: "upper-case units"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "member"}, {Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.ArgOptional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.ArgOptional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.ArgOptional},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.ArgOptional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
	},
	Run: runGeoRadiusByMemberRO,
}

func runGeoRadiusByMemberRO(c *command.Ctx) { search(c, dialect{source: 1, fromMember: true}) }

var geosearchSpec = command.Spec{
	Name: "geosearch", Group: command.GroupGeo, Since: "6.2.0", Arity: -7,
	Flags: command.ReadOnly, ACL: command.CatGeo,
	Summary:    "Find the places inside a circle, box or polygon",
	Complexity: "O(N+log(M)), N places in the bounding box of the shape and M inside it",
	History: []command.Change{
		{Version: "7.0.0", What: "upper-case units"}, {Version: "9.0.0", What: "option BYPOLYGON"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "from", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "member", Token: "FROMMEMBER"},
			{Name: "fromlonlat", Type: command.ArgBlock, Token: "FROMLONLAT", Args: []command.Arg{
				{Name: "longitude", Type: command.ArgDouble}, {Name: "latitude", Type: command.ArgDouble},
			}},
		}},
		{Name: "by", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "circle", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "box", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "width", Type: command.ArgDouble, Token: "BYBOX"}, {Name: "height", Type: command.ArgDouble},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "polygon", Type: command.ArgBlock, Since: "9.0.0", Args: []command.Arg{
				{Name: "num-vertices", Type: command.ArgInteger, Token: "BYPOLYGON"},
				{Name: "vertices", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
					{Name: "longitude", Type: command.ArgDouble}, {Name: "latitude", Type: command.ArgDouble},
				}},
			}},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.ArgOptional},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.ArgOptional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.ArgOptional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.ArgOptional},
	},
	Run: runGeoSearch,
}

func runGeoSearch(c *command.Ctx) { search(c, dialect{source: 1, modern: true}) }

var geosearchstoreSpec = command.Spec{
	Name: "geosearchstore", Group: command.GroupGeo, Since: "6.2.0", Arity: -8,
	Flags: command.Write | command.DenyOOM, ACL: command.CatGeo,
	Summary:    "Store the places inside a circle, box or polygon",
	Complexity: "O(N+log(M)), N places in the bounding box of the shape and M inside it",
	History: []command.Change{
		{Version: "7.0.0", What: "upper-case units"}, {Version: "9.0.0", What: "option BYPOLYGON"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, Step: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey}, {Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "from", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "member", Token: "FROMMEMBER"},
			{Name: "fromlonlat", Type: command.ArgBlock, Token: "FROMLONLAT", Args: []command.Arg{
				{Name: "longitude", Type: command.ArgDouble}, {Name: "latitude", Type: command.ArgDouble},
			}},
		}},
		{Name: "by", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "circle", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "box", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "width", Type: command.ArgDouble, Token: "BYBOX"}, {Name: "height", Type: command.ArgDouble},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"}, {Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"}, {Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "polygon", Type: command.ArgBlock, Since: "9.0.0", Args: []command.Arg{
				{Name: "num-vertices", Type: command.ArgInteger, Token: "BYPOLYGON"},
				{Name: "vertices", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
					{Name: "longitude", Type: command.ArgDouble}, {Name: "latitude", Type: command.ArgDouble},
				}},
			}},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"}, {Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "count-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.ArgOptional},
		}},
		{Name: "storedist", Type: command.ArgPureToken, Token: "STOREDIST", Flags: command.ArgOptional},
	},
	Run: runGeoSearchStore,
}

func runGeoSearchStore(c *command.Ctx) { search(c, dialect{source: 2, modern: true, target: true}) }

// dialect says what the arguments of a search command are.
type dialect struct {
	source       int  // the argument that is the source key
	fromPosition bool // GEORADIUS: longitude, latitude, radius, unit come first
	fromMember   bool // GEORADIUSBYMEMBER: member, radius, unit do
	storeOptions bool // STORE and STOREDIST are allowed
	modern       bool // GEOSEARCH: center and shape are options
	target       bool // GEOSEARCHSTORE: argument 1 is the target key
}

// search executes a search command.
func search(c *command.Ctx, d dialect) {
	v, found, ok := find(c, c.Args[d.source])
	if !ok {
		return
	}
	q := query{c: c, dialect: d, source: v, found: found}
	if !q.parse() {
		return
	}
	if !found {
		if q.target != nil {
			q.store(nil)
		} else {
			c.Out.EmptyArray()
		}
		return
	}
	if q.target == nil && q.order == unordered {
		q.answers = true
		list := c.Out.Defer()
		q.collect()
		c.Out.SetArrayLen(list, q.hits)
		return
	}
	q.collect()
	hits := q.selection.sorted()
	if q.target != nil {
		q.store(hits)
	} else {
		q.reply(hits)
	}
}

// collect selects the members within the shape, in the order of the ranges, or
// answers them at once.
func (q *query) collect() {
	q.selection = selection{order: q.order}
	atMost := 0 // hits that are to be found
	switch {
	case q.any:
		atMost = q.count
	case q.order != unordered:
		q.selection.room = q.count
	}
	measured := q.withDist || q.storeDist || q.order != unordered
	for _, r := range q.shape.Ranges(make([]geohash.Range, 0, 9)) {
		scores := zset.ScoreRange{Min: float64(r.From), Max: float64(r.To), MaxExclusive: true}
		scores.Skim(&q.source, func(low, high float64) bool {
			return q.shape.Excludes(geohash.FromScore(low), min(geohash.FromScore(high), r.To-1))
		}, func(member []byte, score float64) bool {
			if p := geohash.Decode(geohash.FromScore(score)); q.shape.Contains(p) {
				distance := 0.0
				if measured {
					distance = q.shape.Distance(p)
				}
				q.hit(member, score, distance)
			}
			return atMost == 0 || q.hits < atMost
		})
		if atMost > 0 && q.hits >= atMost {
			return
		}
	}
}

// hit takes a member into the selection if it is good enough, or answers it. What is
// too far for a selection that is full need not be searched any more.
func (q *query) hit(member []byte, score, distance float64) {
	q.hits++
	if q.answers {
		q.replyHit(member, score, distance)
		return
	}
	from := len(q.names)
	h := hit{distance, score, from, from + len(member)}
	if !q.selection.add(h) {
		return
	}
	q.names = append(q.names, member...)
	if worst, full := q.selection.worst(); full && q.order == ascending {
		q.shape.Limit(worst)
	}
}

func (q *query) name(h *hit) []byte { return q.names[h.from:h.to] }

// reply answers with the hits and what was asked about them.
func (q *query) reply(hits []hit) {
	q.c.Out.ArrayHeader(len(hits))
	for i := range hits {
		h := &hits[i]
		q.replyHit(q.name(h), h.score, h.distance)
	}
}

// replyHit answers with a member and what was asked about it.
func (q *query) replyHit(member []byte, score, distance float64) {
	out := q.c.Out
	details := 0
	for _, with := range [...]bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			details++
		}
	}
	if details > 0 {
		out.ArrayHeader(1 + details)
	}
	out.Bulk(member)
	if q.withDist {
		replyDistance(q.c, distance/q.shape.Unit)
	}
	if q.withHash {
		out.Int(int64(score))
	}
	if q.withCoord {
		replyPosition(q.c, geohash.Decode(geohash.FromScore(score)))
	}
}

// store makes the target hold the hits and answers with their number.
func (q *query) store(hits []hit) {
	c := q.c
	v := value.Value{Type: value.ZSet, Enc: value.ListPack}
	longest := 0
	for i := range hits {
		longest = max(longest, hits[i].to-hits[i].from)
	}
	zset.Prepare(c.Tx.Heap(), c.Limits, &v, len(hits), longest)
	for i := range hits {
		score := hits[i].score
		if q.storeDist {
			score = hits[i].distance / q.shape.Unit
		}
		zset.Add(c.Tx.Heap(), c.Limits, &v, score, q.name(&hits[i]), 0)
	}
	event := "georadiusstore"
	if q.dialect.modern {
		event = "geosearchstore"
	}
	c.StoreResult(q.target, v, command.EventZSet, event)
	if len(hits) > 0 {
		c.Tx.AddDirty(len(hits) - 1)
	}
	c.Out.Int(int64(len(hits)))
}
