package geohash

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPositionsSurviveHashing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		p := Position{LonMin + rng.Float64()*(LonMax-LonMin), LatMin + rng.Float64()*(LatMax-LatMin)}
		q := Decode(p.Hash())
		if math.Abs(p.Lon-q.Lon) > 3e-6 || math.Abs(p.Lat-q.Lat) > 2e-6 {
			t.Fatalf("%v became %v", p, q)
		}
	}
}

func TestStandard(t *testing.T) {
	if text := Decode(Position{13.361389, 38.115556}.Hash()).Standard(); text != "sqc8b49rny0" {
		t.Error(text)
	}
}

// The ranges of a shape must hold every position that it contains.
func FuzzRanges(f *testing.F) {
	f.Add(uint64(1), 15.0, 37.0, 200.0, byte(0))
	f.Add(uint64(2), -73.0, 40.0, 5000.0, byte(1))
	f.Add(uint64(3), 0.0, 0.0, 1.0, byte(2))
	f.Fuzz(func(t *testing.T, seed uint64, lon, lat, size float64, form byte) {
		// Near the poles and around the date line searches miss positions, as
		// Valkey's do.
		if !(math.Abs(lon) < 120 && math.Abs(lat) < 60 && size > 0.01 && size < 1000) {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		s := Shape{Form: Form(form % 3), Center: Position{lon, lat}, Unit: 1000, Radius: size, Width: size, Height: size / 2}
		degrees := size / 100
		near := func() Position {
			return Position{lon + (rng.Float64()-0.5)*2*degrees, lat + (rng.Float64()-0.5)*degrees}
		}
		if s.Form == Polygon {
			s.Unit, s.Vertices = 1, []Position{near(), near(), near(), near()}
		}
		ranges := s.Ranges(nil)
		for range 200 {
			h := near().Hash()
			if !s.Contains(Decode(h)) {
				continue
			}
			covered := false
			for _, r := range ranges {
				covered = covered || r.From <= h && h < r.To
			}
			if !covered {
				t.Fatalf("%+v: %v is in no range", s, Decode(h))
			}
		}
	})
}

// Estimates must never contradict what Distance says.
func TestEstimates(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	between := func(low, high float64) float64 { return low + rng.Float64()*(high-low) }
	for range 20_000 {
		lon, lat := between(LonMin, LonMax), between(LatMin, LatMax)
		size := math.Pow(10, between(-3, 4.3))
		s := Shape{Form: Form(rng.IntN(2)), Center: Position{lon, lat}, Unit: 1000, Radius: size, Width: size, Height: size / 2}
		s.Ranges(nil)
		p := Position{lon + between(-2, 2)*size/100, min(max(lat+between(-2, 2)*size/100, LatMin), LatMax)}
		if p.Lon < LonMin || p.Lon > LonMax {
			p.Lon = between(LonMin, LonMax)
		}
		want := Distance(s.Center, p) <= size*1000
		if s.Form == Box {
			want = latDistance(p.Lat, lat) <= size*250 && Distance(p, Position{lon, p.Lat}) <= size*500
		}
		if got := s.Contains(p); got != want {
			t.Fatalf("%+v contains %v: %v, which is %v m away", s, p, got, Distance(s.Center, p))
		}
	}
}

// What is excluded must not be within the shape, wherever the cell is.
func FuzzExcludes(f *testing.F) {
	f.Add(uint64(1), 15.0, 37.0, 200.0, byte(0))
	f.Add(uint64(2), -179.9, 84.0, 300.0, byte(0))
	f.Add(uint64(3), 179.9, -85.0, 10_000.0, byte(1))
	f.Add(uint64(4), 0.0, 0.0, 30_000.0, byte(0))
	f.Add(uint64(5), 0.0, 60.0, 0.0, byte(0))
	f.Add(uint64(6), 90.0, -10.0, 0.01, byte(1))
	f.Fuzz(func(t *testing.T, seed uint64, lon, lat, size float64, form byte) {
		center := Position{lon, lat}
		if !center.Valid() || !(size >= 0 && size < 50_000) {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		s := Shape{Form: Form(form % 2), Center: center, Unit: 1000, Radius: size, Width: size, Height: size / 3}
		s.Ranges(nil)
		const hashes = 1 << (2 * stepMax)
		limit := math.Inf(1)
		excluded := 0
		for i := range 2000 {
			h := rng.Uint64N(hashes)
			if i%2 == 0 { // near the shape
				around := size / 50
				h = Position{
					min(max(lon+(rng.Float64()-0.5)*around, LonMin), LonMax),
					min(max(lat+(rng.Float64()-0.5)*around, LatMin), LatMax),
				}.Hash() % hashes
			}
			p := Decode(h)
			first := h - min(h, rng.Uint64()>>(13+rng.IntN(51)))
			last := min(h+rng.Uint64()>>(13+rng.IntN(51)), hashes-1)
			distance := Distance(center, p)
			within := distance <= size*1000
			if s.Form == Box {
				within = latDistance(p.Lat, lat) <= size*1000/6 && Distance(p, Position{lon, p.Lat}) <= size*500
			}
			if s.Excludes(first, last) {
				excluded++
				if within && distance <= limit {
					t.Fatalf("%+v excludes %#x to %#x with %v, which is %v m away", s, first, last, p, distance)
				}
			}
			if i == 1000 {
				limit = size * 300
				s.Limit(limit)
			}
		}
		if excluded == 0 && size < 1000 {
			t.Error("nothing is excluded")
		}
	})
}

func TestFromScore(t *testing.T) {
	for _, c := range []struct {
		score float64
		want  uint64
	}{
		{4, 4}, {3.9, 3}, {-1, math.MaxUint64}, {-0.5, 0}, {1 << 63, 1 << 63}, {1 << 64, 0},
		{math.Inf(1), 0}, {math.Inf(-1), 1 << 63}, {-1e300, 1 << 63},
	} {
		if got := FromScore(c.score); got != c.want {
			t.Errorf("%v became %#x", c.score, got)
		}
	}
}

func BenchmarkContains(b *testing.B) {
	s := Shape{Form: Circle, Center: Position{15, 37}, Unit: 1000, Radius: 200}
	s.Ranges(nil)
	h := Position{15.5, 37.5}.Hash()
	for b.Loop() {
		s.Contains(Decode(h))
	}
}
