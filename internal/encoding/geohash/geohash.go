// Package geohash keeps positions on Earth as numbers whose prefixes are areas,
// and finds the areas that a search has to look at.
//
// Vocabulary: a cell is what repeated halving of the world leaves, the range of
// longitudes and that of latitudes alternately; its step says how often each was
// halved, its bits say which half was taken, longitude first. A hash is a cell
// of step 26: 52 bits, which a sorted set's score holds exactly. All hashes of a
// coarser cell are a range of numbers, so that a search is a few ranges.
//
// Arithmetic is done in the order in which Valkey does it: results are compared
// to the last digit.
package geohash

import "math"

// The world: latitudes near the poles cannot be represented.
const (
	LonMin, LonMax = -180.0, 180.0
	LatMin, LatMax = -85.05112878, 85.05112878

	stepMax = 26
)

// Position is a place, in degrees.
type Position struct{ Lon, Lat float64 }

// Valid reports whether the position can be represented.
func (p Position) Valid() bool {
	return p.Lon >= LonMin && p.Lon <= LonMax && p.Lat >= LatMin && p.Lat <= LatMax
}

// Hash returns the number of a valid position.
func (p Position) Hash() uint64 { return p.cell(stepMax).bits }

// Standard returns the position's hash as commonly written, with 11 letters.
// They are of ranges up to the poles; the last one is always 0.
func (p Position) Standard() string {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	bits := interleave(fraction(p.Lat, -90, 90, stepMax), fraction(p.Lon, LonMin, LonMax, stepMax))
	text := []byte("00000000000")
	for i := range 10 {
		text[i] = alphabet[bits>>(2*stepMax-5*(i+1))&0x1f]
	}
	return string(text)
}

// FromScore returns the hash that a sorted set's score is taken for. Scores that
// are no hash wrap around as they do on the machine that Valkey is built for.
func FromScore(score float64) uint64 {
	const signBit, twice = 1 << 63, 1 << 64
	switch {
	case score >= twice:
		return 0
	case score >= signBit:
		return uint64(score)
	case score >= -signBit:
		return uint64(int64(score))
	}
	return signBit
}

// Decode returns the middle of the cell of a hash.
func Decode(hash uint64) Position {
	a := cell{hash, stepMax}.area()
	return Position{
		min(max((a.west+a.east)/2, LonMin), LonMax),
		min(max((a.south+a.north)/2, LatMin), LatMax),
	}
}

// cell is a part of the world. The zero value is none.
type cell struct {
	bits uint64
	step uint
}

// area is the extent of a cell, in degrees.
type area struct{ west, south, east, north float64 }

func (p Position) cell(step uint) cell {
	return cell{interleave(fraction(p.Lat, LatMin, LatMax, step), fraction(p.Lon, LonMin, LonMax, step)), step}
}

// fraction returns which of 2^step parts of a range x lies in.
func fraction(x, low, high float64, step uint) uint32 {
	return uint32(int64((x - low) / (high - low) * float64(uint64(1)<<step)))
}

// rangeOf returns the hashes within a cell, the last one excluded.
func (c cell) rangeOf() (from, to uint64) {
	shift := 2 * (stepMax - c.step)
	return c.bits << shift, (c.bits + 1) << shift
}

func (c cell) area() area {
	lat, lon := squeeze(c.bits), squeeze(c.bits>>1)
	parts := float64(uint64(1) << c.step)
	const latScale, lonScale = LatMax - LatMin, LonMax - LonMin
	return area{
		west:  LonMin + float64(float64(lon)/parts*lonScale),
		east:  LonMin + float64(float64(lon+1)/parts*lonScale),
		south: LatMin + float64(float64(lat)/parts*latScale),
		north: LatMin + float64(float64(lat+1)/parts*latScale),
	}
}

const (
	lonBits = 0xaaaaaaaaaaaaaaaa
	latBits = 0x5555555555555555
)

// neighbour returns the cell dx cells to the east and dy to the north, each -1,
// 0 or 1. At the rim of the world it is the one at the other side.
func (c cell) neighbour(dx, dy int) cell {
	unused := 64 - 2*c.step
	lon, lat := c.bits&lonBits, c.bits&latBits
	lon = move(lon, latBits>>unused, dx) & (lonBits >> unused)
	lat = move(lat, lonBits>>unused, dy) & (latBits >> unused)
	return cell{lon | lat, c.step}
}

// move adds d to a number spread over every other bit; between are the bits it
// leaves free, which carry over when they are ones.
func move(n, between uint64, d int) uint64 {
	switch d {
	case 1:
		return n + between + 1
	case -1:
		return (n | between) - (between + 1)
	}
	return n
}

// interleave spreads two numbers over the even and the odd bits.
func interleave(even, odd uint32) uint64 { return spread(even) | spread(odd)<<1 }

func spread(n uint32) uint64 {
	x := uint64(n)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & latBits
}

// squeeze returns the number spread over the even bits.
func squeeze(x uint64) uint32 {
	x &= latBits
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

const (
	earthRadius         = 6372797.560856 // meters
	pi          float64 = math.Pi
	degree              = pi / 180
)

func radians(degrees float64) float64 { return degrees * degree }
func degrees(radians float64) float64 { return radians / degree }

// Distance returns how far two positions are from each other, in meters.
func Distance(p, q Position) float64 {
	from := placeOf(p)
	return from.distance(q.Lon, q.Lat)
}

func latDistance(lat1, lat2 float64) float64 {
	return earthRadius * math.Abs(radians(lat2)-radians(lat1))
}

// place is a position from which distances are measured.
type place struct {
	Position
	lon, lat, cosLat float64 // in radians
}

func placeOf(p Position) place {
	lat := radians(p.Lat)
	return place{p, radians(p.Lon), lat, cosine(lat)}
}

// distance returns how far a position is, in meters.
func (p *place) distance(lonDegrees, latDegrees float64) float64 {
	const practicallyZero = 1e-15
	v := sine((radians(lonDegrees) - p.lon) / 2)
	if math.Abs(v) <= practicallyZero {
		return latDistance(p.Lat, latDegrees)
	}
	lat := radians(latDegrees)
	u := sine((lat - p.lat) / 2)
	return arc(float64(u*u) + float64(p.cosLat*cosine(lat)*v*v))
}

// arc returns the distance whose haversine, the square of the sine of half the
// angle, is a, in meters.
func arc(a float64) float64 { return 2 * earthRadius * arcsine(math.Sqrt(a)) }
