package geocmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/geohash"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// order is in which order of distance hits are wanted: the sign that the
// comparison gets.
type order int

const (
	descending order = -1
	unordered  order = 0
	ascending  order = 1
)

// query is a search: its arguments, and what it has found.
type query struct {
	c       *command.Ctx
	dialect dialect
	source  value.Value
	found   bool // there is a source

	hits      int  // found so far
	answers   bool // hits are answered when they are found: nobody asks for an order
	selection selection
	names     []byte // of the hits in selection

	shape     geohash.Shape
	target    []byte // nil: reply with the hits
	storeDist bool
	withDist  bool
	withHash  bool
	withCoord bool
	any       bool
	count     int // 0: all
	order     order

	fromMember, fromPosition    bool
	byRadius, byBox, byVertices bool
}

// parse reads the arguments. If they are wrong, it answers so.
func (q *query) parse() bool {
	c := q.c
	i, ok := q.parseBase()
	if !ok {
		return false
	}
	for i < len(c.Args) {
		taken, ok := q.parseOption(i)
		if !ok {
			return false
		}
		i += taken
	}
	return q.agree()
}

// parseBase reads the arguments before the options and returns where those
// begin.
func (q *query) parseBase() (options int, ok bool) {
	c := q.c
	switch {
	case q.dialect.fromPosition:
		if q.shape.Center, ok = positionArg(c, 2); !ok {
			return 0, false
		}
		return 6, q.radiusArg(4)
	case q.dialect.fromMember && !q.found:
		return 5, true // only whether the options are right matters
	case q.dialect.fromMember:
		if !q.centerOnMember(2) {
			return 0, false
		}
		return 5, q.radiusArg(3)
	case q.dialect.target:
		q.target = c.Args[1]
	}
	return q.dialect.source + 1, true
}

// parseOption reads the option at argument i and returns how many arguments it
// takes.
func (q *query) parseOption(i int) (taken int, ok bool) {
	c := q.c
	word, left := c.Args[i], len(c.Args)-i-1
	modern, storing := q.dialect.modern, q.dialect.storeOptions
	switch {
	case command.Is(word, "withdist"):
		q.withDist = true
	case command.Is(word, "withhash"):
		q.withHash = true
	case command.Is(word, "withcoord"):
		q.withCoord = true
	case command.Is(word, "any"):
		q.any = true
	case command.Is(word, "asc"):
		q.order = ascending
	case command.Is(word, "desc"):
		q.order = descending
	case command.Is(word, "count") && left >= 1:
		return 2, q.countArg(i + 1)
	case command.Is(word, "store") && left >= 1 && storing:
		q.target, q.storeDist = c.Args[i+1], false
		return 2, true
	case command.Is(word, "storedist") && left >= 1 && storing:
		q.target, q.storeDist = c.Args[i+1], true
		return 2, true
	case command.Is(word, "storedist") && q.dialect.target:
		q.storeDist = true
	case command.Is(word, "frommember") && left >= 1 && modern && !q.fromPosition && !q.byVertices:
		q.fromMember = true
		return 2, !q.found || q.centerOnMember(i+1)
	case command.Is(word, "fromlonlat") && left >= 2 && modern && !q.fromMember && !q.byVertices:
		q.fromPosition = true
		q.shape.Center, ok = positionArg(c, i+1)
		return 3, ok
	case command.Is(word, "byradius") && left >= 2 && modern && !q.byBox && !q.byVertices:
		q.byRadius = true
		return 3, q.radiusArg(i + 1)
	case command.Is(word, "bybox") && left >= 3 && modern && !q.byRadius && !q.byVertices:
		q.byBox = true
		return 4, q.boxArg(i + 1)
	case command.Is(word, "bypolygon") && left >= 2 && modern &&
		!q.byRadius && !q.byBox && !q.fromMember && !q.fromPosition:
		q.byVertices = true
		return q.verticesArg(i + 1)
	default:
		c.Out.Error(command.SyntaxError)
		return 0, false
	}
	return 1, true
}

// agree reports whether the options go together; if not, it answers so.
func (q *query) agree() bool {
	c, modern := q.c, q.dialect.modern
	switch {
	case q.target != nil && (q.withDist || q.withHash || q.withCoord):
		what := "STORE option in GEORADIUS"
		if modern {
			what = "GEOSEARCHSTORE"
		}
		c.Out.Errorf("ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options", what)
	case modern && !q.fromMember && !q.fromPosition && !q.byVertices:
		c.Out.Errorf("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %s", c.Args[0])
	case modern && !q.byRadius && !q.byBox && !q.byVertices:
		c.Out.Errorf("ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for %s", c.Args[0])
	case q.any && q.count == 0:
		c.Out.Error("ERR the ANY argument requires COUNT argument")
	default:
		// The first few in no order would be just some.
		if q.count > 0 && q.order == unordered && !q.any {
			q.order = ascending
		}
		return true
	}
	return false
}

func (q *query) countArg(i int) (ok bool) {
	n, ok := q.c.IntArg(i)
	if ok && n <= 0 {
		q.c.Out.Error("ERR COUNT must be > 0")
		return false
	}
	q.count = int(n)
	return ok
}

// centerOnMember searches around the member that argument i names.
func (q *query) centerOnMember(i int) bool {
	member := q.c.Args[i]
	score, ok := zset.Score(&q.source, member)
	if !ok {
		q.c.Out.Errorf("ERR member %s does not exist", command.UpToZero(member))
		return false
	}
	q.shape.Center = geohash.Decode(geohash.FromScore(score))
	return true
}

func (q *query) radiusArg(i int) (ok bool) {
	q.shape.Form = geohash.Circle
	if q.shape.Radius, ok = floatArg(q.c, i, "ERR need numeric radius"); !ok {
		return false
	}
	if q.shape.Radius < 0 {
		q.c.Out.Error("ERR radius cannot be negative")
		return false
	}
	q.shape.Unit, ok = unitArg(q.c, i+1)
	return ok
}

func (q *query) boxArg(i int) (ok bool) {
	q.shape.Form = geohash.Box
	if q.shape.Width, ok = floatArg(q.c, i, "ERR need numeric width"); !ok {
		return false
	}
	if q.shape.Height, ok = floatArg(q.c, i+1, "ERR need numeric height"); !ok {
		return false
	}
	if q.shape.Width < 0 || q.shape.Height < 0 {
		q.c.Out.Error("ERR height or width cannot be negative")
		return false
	}
	q.shape.Unit, ok = unitArg(q.c, i+2)
	return ok
}

// verticesArg reads a number of vertices and those. It returns how many
// arguments the option takes, with its name.
func (q *query) verticesArg(i int) (taken int, ok bool) {
	c := q.c
	n, ok := number.ParseInt(c.Args[i])
	switch {
	case !ok || n != int64(int32(n)):
		c.Out.Error("ERR invalid number of vertices")
		return 0, false
	case n < 3 || int64(len(c.Args)-i-1)/2 < n:
		c.Out.Error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")
		return 0, false
	}
	q.shape.Form, q.shape.Unit = geohash.Polygon, 1
	q.shape.Vertices = make([]geohash.Position, n)
	for k := range q.shape.Vertices {
		if q.shape.Vertices[k], ok = positionArg(c, i+1+2*k); !ok {
			return 0, false
		}
	}
	return 2 + 2*int(n), true
}
