package geocmd_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/geocmd"
	"github.com/kvasirdb/kvasir/internal/encoding/geohash"
)

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(geocmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestEffects(t *testing.T) {
	s := cmdtest.New(t, geocmd.Commands())
	s.Want("GEOADD g CH 13.361389 38.115556 a 15.087269 37.502669 b", "2")
	s.Effects("0:zadd:g", "0:ZADD g CH 3479099956230698 a 3479447370796909 b")
	s.Want("GEOADD g 13.361389 38.115556 a", "0")
	s.Effects("", "")
	s.Want("GEORADIUS g 15 37 200 km STORE d", "2")
	s.Effects("0:georadiusstore:d", "0:GEORADIUS g 15 37 200 km STORE d")
	s.Want("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST", "1")
	s.Effects("0:geosearchstore:d", "0:GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST")
	s.Want("GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 100 km", "0")
	s.Effects("0:del:d", "0:GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 100 km")
	s.Want("GEOSEARCHSTORE d none FROMLONLAT 0 0 BYRADIUS 100 km", "0")
	s.Effects("", "")
}

// TestSearches compares searches of a few points and of many with what measuring
// each point finds.
func TestSearches(t *testing.T) {
	type point struct {
		name     string
		at       geohash.Position
		distance float64
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{50, 5000} {
		s := cmdtest.New(t, geocmd.Commands())
		var points []point
		for i := range count {
			spread := math.Pow(10, -3*rng.Float64()) // denser towards the middle
			p := geohash.Position{Lon: 20 + 60*(rng.Float64()-0.5)*spread, Lat: 40 + 40*(rng.Float64()-0.5)*spread}
			name := fmt.Sprint("p", i)
			s.Send("GEOADD", "g", strconv.FormatFloat(p.Lon, 'f', -1, 64), strconv.FormatFloat(p.Lat, 'f', -1, 64), name)
			points = append(points, point{name: name, at: geohash.Decode(p.Hash())})
		}
		s.Out.Consume(s.Out.Len())
		for range 60 {
			center := geohash.Position{Lon: float64(rng.IntN(40)), Lat: float64(30 + rng.IntN(20))}
			km := math.Ceil(math.Pow(10, 1+2*rng.Float64()))
			box := rng.IntN(2) == 0
			var want []point
			for _, p := range points {
				p.distance = geohash.Distance(center, p.at)
				within := p.distance <= km*1000
				if box {
					within = geohash.Distance(p.at, geohash.Position{Lon: center.Lon, Lat: p.at.Lat}) <= km*500 &&
						geohash.Distance(p.at, geohash.Position{Lon: p.at.Lon, Lat: center.Lat}) <= km*250
				}
				if within {
					want = append(want, p)
				}
			}
			shape := fmt.Sprintf("BYRADIUS %v km", km)
			if box {
				shape = fmt.Sprintf("BYBOX %v %v km", km, km/2)
			}
			sign, order := 1, "ASC"
			if rng.IntN(3) == 0 {
				sign, order = -1, "DESC"
			}
			slices.SortFunc(want, func(a, b point) int { return sign * cmp.Compare(a.distance, b.distance) })
			limit := 1 + rng.IntN(20)
			for _, n := range []int{len(want), min(limit, len(want))} {
				command := fmt.Sprintf("GEOSEARCH g FROMLONLAT %v %v %s %s", center.Lon, center.Lat, shape, order)
				if n < len(want) {
					command += fmt.Sprint(" COUNT ", limit)
				}
				var names []string
				for _, p := range want[:n] {
					names = append(names, strconv.Quote(p.name))
				}
				s.Want(command, "["+strings.Join(names, " ")+"]")
			}
		}
	}
}
