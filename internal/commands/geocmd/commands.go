// Package geocmd holds the commands on positions. They are members of sorted
// sets whose scores are package geohash's hashes; a search reads a few ranges of
// scores and measures what it finds there.
package geocmd

import (
	"strconv"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/geohash"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Commands returns the commands of the group "geo".
func Commands() []command.Spec {
	return []command.Spec{
		geoaddSpec, geodistSpec, geohashSpec, geoposSpec, georadiusSpec, georadiusRoSpec, georadiusbymemberSpec,
		georadiusbymemberRoSpec, geosearchSpec, geosearchstoreSpec,
	}
}

// find looks a key up for reading. If it holds no sorted set, find answers so.
func find(c *command.Ctx, key []byte) (v value.Value, found, ok bool) {
	e := c.Tx.Find(key)
	switch {
	case !e.Found():
		return v, false, true
	case e.Type() != value.ZSet:
		c.Out.Error(command.WrongType)
		return v, false, false
	}
	return e.Value(), true, true
}

// positionOf returns where a member is.
func positionOf(v *value.Value, found bool, member []byte) (p geohash.Position, ok bool) {
	if !found {
		return p, false
	}
	score, ok := zset.Score(v, member)
	return geohash.Decode(geohash.FromScore(score)), ok
}

// positionArg reads arguments i and i+1 as longitude and latitude. If they are
// none, it answers so.
func positionArg(c *command.Ctx, i int) (p geohash.Position, ok bool) {
	if p.Lon, ok = floatArg(c, i, command.NotAFloat); !ok {
		return p, false
	}
	if p.Lat, ok = floatArg(c, i+1, command.NotAFloat); !ok {
		return p, false
	}
	if !p.Valid() {
		c.Out.Error("ERR invalid longitude,latitude pair " + fixed(p.Lon) + "," + fixed(p.Lat))
		return p, false
	}
	return p, true
}

// fixed is C's %f.
func fixed(d float64) string {
	if d-d != 0 {
		return string(number.AppendDouble(nil, d))
	}
	return strconv.FormatFloat(d, 'f', 6, 64)
}

// floatArg reads argument i as a number. If it is none, it answers with text.
func floatArg(c *command.Ctx, i int, text string) (d float64, ok bool) {
	if d, ok = number.ParseDouble(c.Args[i]); !ok {
		c.Out.Error(text)
	}
	return d, ok
}

// unitArg reads argument i as a unit, in meters. If it is none, it answers so.
func unitArg(c *command.Ctx, i int) (meters float64, ok bool) {
	switch arg := c.Args[i]; {
	case command.Is(arg, "m"):
		return 1, true
	case command.Is(arg, "km"):
		return 1000, true
	case command.Is(arg, "ft"):
		return 0.3048, true
	case command.Is(arg, "mi"):
		return 1609.34, true
	}
	c.Out.Error("ERR unsupported unit provided. please use M, KM, FT, MI")
	return 0, false
}

// replyPosition answers with longitude and latitude.
func replyPosition(c *command.Ctx, p geohash.Position) {
	c.Out.ArrayHeader(2)
	c.Out.HumanDouble(p.Lon)
	c.Out.HumanDouble(p.Lat)
}

// replyDistance answers with a distance, with four digits after the point.
func replyDistance(c *command.Ctx, distance float64) {
	var text [32]byte
	c.Out.Bulk(number.AppendFixed(text[:0], distance, 4))
}
