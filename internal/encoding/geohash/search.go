package geohash

import (
	"math"
	"math/bits"
)

// Form is a kind of shape.
type Form uint8

// The forms.
const (
	Circle Form = iota
	Box
	Polygon
)

// Shape is what a search looks within. Ranges has to be called first.
type Shape struct {
	Form     Form
	Center   Position // of a polygon: see Ranges
	Unit     float64  // meters per unit of the lengths below
	Radius   float64
	Width    float64
	Height   float64
	Vertices []Position

	center   place
	around   estimator
	reach    float64 // haversine of the radius, or of half the width of a box
	latReach float64 // half of the height of a box, in radians
	limit    float64 // haversine of Limit's distance
}

// Contains reports whether a position lies within the shape. Most answers need
// only an estimate; what is near the border is computed as Distance does.
func (s *Shape) Contains(p Position) bool {
	switch s.Form {
	case Circle:
		radius := s.Radius * s.Unit
		if within, sure := s.around.within(p, s.reach); sure {
			return within
		}
		return s.Distance(p) <= radius
	case Box:
		if latDistance(p.Lat, s.Center.Lat) > s.Height*s.Unit/2 {
			return false
		}
		if within, sure := s.around.withinWidth(p, s.reach); sure {
			return within
		}
		return Distance(p, Position{s.Center.Lon, p.Lat}) <= s.Width*s.Unit/2
	}
	return s.polygonContains(p)
}

// Distance returns how far a position is from the center, in meters.
func (s *Shape) Distance(p Position) float64 { return s.center.distance(p.Lon, p.Lat) }

// prepare computes what all positions are compared with.
func (s *Shape) prepare() {
	s.center = placeOf(s.Center)
	s.around = estimator{s.center.lon, s.center.lat, math.Sin(s.center.lat), s.center.cosLat}
	s.limit = math.Inf(1)
	length := s.Radius
	if s.Form == Box {
		length = s.Width / 2
		s.latReach = s.Height * s.Unit / 2 / earthRadius
	}
	s.reach = -1 // half of the world or more: no estimate
	if angle := length * s.Unit / earthRadius; angle < math.Pi {
		s.reach = haversine(angle)
	}
}

func haversine(angle float64) float64 {
	sin := math.Sin(angle / 2)
	return sin * sin
}

// estimator estimates distances from a position, in radians, without calling
// trigonometric functions. With half differences up to halfMax the terms that
// the series leave out are less than 1e-7 of the result, which is far less than
// slack.
type estimator struct{ lon, lat, sinLat, cosLat float64 }

const (
	halfMax = 0.5
	slack   = 1e-5
)

// within reports whether the haversine of the distance to p is at most reach, if
// the estimate makes that sure.
func (e *estimator) within(p Position, reach float64) (within, sure bool) {
	x, y := (radians(p.Lon)-e.lon)/2, (radians(p.Lat)-e.lat)/2
	if !(math.Abs(x) < halfMax && math.Abs(y) < halfMax) {
		return false, false
	}
	v, u := sineSeries(x), sineSeries(y)
	a := u*u + e.cosLat*e.cosAt(u)*v*v
	return decide(a, reach)
}

// withinWidth is within for the distance along p's own latitude.
func (e *estimator) withinWidth(p Position, reach float64) (within, sure bool) {
	x, y := (radians(p.Lon)-e.lon)/2, (radians(p.Lat)-e.lat)/2
	if !(math.Abs(x) < halfMax && math.Abs(y) < halfMax) {
		return false, false
	}
	v, cos := sineSeries(x), e.cosAt(sineSeries(y))
	return decide(cos*cos*v*v, reach)
}

func decide(a, reach float64) (within, sure bool) {
	return a < reach, reach >= 0 && (a < reach*(1-slack) || a > reach*(1+slack))
}

// cosAt returns the cosine of a latitude, given the sine of half of its
// difference.
func (e *estimator) cosAt(u float64) float64 {
	return e.cosLat*(1-2*u*u) - e.sinLat*2*u*math.Sqrt(1-u*u)
}

func sineSeries(x float64) float64 {
	z := x * x
	return x * (1 - z*(1./6-z*(1./120-z*(1./5040))))
}

// Limit makes the shape leave out positions that are farther than a distance, in
// meters, where that can be seen cheaply.
func (s *Shape) Limit(distance float64) {
	s.limit = haversine(distance / earthRadius)
	if s.Form == Circle && (s.reach < 0 || s.limit < s.reach) {
		s.reach = s.limit
	}
}

// Excludes reports whether it is sure that no position with a hash from first to
// last, both included, is within the shape. It looks at the smallest cell that
// has them all.
func (s *Shape) Excludes(first, last uint64) bool {
	if s.Form == Polygon {
		return false
	}
	step := uint(max(stepMax-(bits.Len64(first^last)+1)/2, 0))
	latAway, lonAway, cosLat := s.around.from(cell{first >> (2 * (stepMax - step)), step})
	u, v := sineSeries(min(latAway/2, halfMax)), sineSeries(min(lonAway/2, halfMax))
	nearest := u*u + s.center.cosLat*cosLat*v*v
	switch {
	case nearest > s.limit*(1+slack):
		return true
	case s.Form == Circle:
		return s.reach >= 0 && nearest > s.reach*(1+slack)
	}
	return latAway > s.latReach*(1+slack) || s.reach >= 0 && cosLat*cosLat*v*v > s.reach*(1+slack)
}

// from returns how far a cell is away at least, in latitude and in longitude, and
// a cosine that is not more than those of its latitudes.
func (e *estimator) from(c cell) (latAway, lonAway, cosLat float64) {
	const (
		rounding         = 1e-12 // of angles, more than they have
		latLow, latScale = LatMin * degree, (LatMax - LatMin) * degree
		lonLow, lonScale = LonMin * degree, (LonMax - LonMin) * degree

		exponentBias, fractionBits = 1023, 52 // of a float64
	)
	size := math.Float64frombits(uint64(exponentBias-c.step) << fractionBits) // 1 / 2^step
	south := latLow + float64(squeeze(c.bits))*size*latScale
	west := lonLow + float64(squeeze(c.bits>>1))*size*lonScale
	north, east := south+size*latScale, west+size*lonScale
	latAway = max(south-e.lat, e.lat-north, 0)
	switch {
	case e.lon < west:
		lonAway = min(west-e.lon, e.lon+2*pi-east)
	case e.lon > east:
		lonAway = min(e.lon-east, west+2*pi-e.lon)
	}
	// cos(lat+d) ≥ cos lat · (1-d²/2) - |sin lat · d|
	d := max(math.Abs(south-e.lat), math.Abs(north-e.lat))
	cosLat = max(e.cosLat*(1-d*d/2)-math.Abs(e.sinLat)*d, 0)
	return max(latAway-rounding, 0), max(lonAway-rounding, 0), cosLat
}

// polygonContains counts how many edges a ray from p to the east crosses.
func (s *Shape) polygonContains(p Position) (inside bool) {
	b := s.Vertices[len(s.Vertices)-1]
	for _, a := range s.Vertices {
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) &&
			p.Lon < float64((b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat))+a.Lon {
			inside = !inside
		}
		b = a
	}
	return inside
}

// Range is a range of hashes, To excluded.
type Range struct{ From, To uint64 }

// Ranges appends the hashes of the cells that cover the shape, in the order in
// which they are searched. The center of a polygon is computed first.
func (s *Shape) Ranges(dst []Range) []Range {
	box, radius := s.bounds()
	s.prepare()
	center, neighbours := cover(s.Center, box, radius)
	dst = appendRange(dst, center)
	last := cell{}
	for _, n := range neighbours {
		// Around the whole world, neighbours are the same cell.
		if n == (cell{}) || n == last {
			continue
		}
		dst = appendRange(dst, n)
		last = n
	}
	return dst
}

func appendRange(dst []Range, c cell) []Range {
	from, to := c.rangeOf()
	return append(dst, Range{from, to})
}

// bounds returns an area around the shape and how far its border is from the
// center at most, in meters.
func (s *Shape) bounds() (box area, radius float64) {
	switch s.Form {
	case Circle:
		r := s.Unit * s.Radius
		return s.areaAround(r, r), s.Radius * s.Unit
	case Box:
		halfWidth, halfHeight := s.Width/2, s.Height/2
		diagonal := math.Sqrt(float64(halfWidth*halfWidth) + float64(halfHeight*halfHeight))
		return s.areaAround(s.Unit*s.Width/2, s.Unit*s.Height/2), diagonal * s.Unit
	}
	box = s.polygonBounds()
	for _, corner := range [...]Position{
		{box.west, box.north}, {box.east, box.north}, {box.west, box.south}, {box.east, box.south},
	} {
		radius = max(radius, Distance(s.Center, corner))
	}
	return box, radius * s.Unit
}

// areaAround returns the area within some meters of the center.
func (s *Shape) areaAround(width, height float64) area {
	lon, lat := s.Center.Lon, s.Center.Lat
	latDelta := degrees(height / earthRadius)
	// The side nearer to the pole spans more degrees.
	edge := lat + latDelta
	if lat < 0 {
		edge = lat - latDelta
	}
	lonDelta := degrees(width / earthRadius / math.Cos(radians(edge)))
	return area{lon - lonDelta, lat - latDelta, lon + lonDelta, lat + latDelta}
}

// polygonBounds returns the area around the vertices, and makes the middle of
// their directions the center.
func (s *Shape) polygonBounds() area {
	box := area{LonMax, LatMax, LonMin, LatMin}
	var x, y, z float64
	for _, v := range s.Vertices {
		box.west, box.east = min(box.west, v.Lon), max(box.east, v.Lon)
		box.south, box.north = min(box.south, v.Lat), max(box.north, v.Lat)
		lon, lat := radians(v.Lon), radians(v.Lat)
		x += float64(cosine(lat) * cosine(lon))
		y += float64(cosine(lat) * sine(lon))
		z += sine(lat)
	}
	s.Center.Lon = degrees(math.Atan2(y, x))
	s.Center.Lat = degrees(math.Atan2(z, math.Sqrt(float64(x*x)+float64(y*y))))
	return box
}

// cover returns the cell around the center and those of its eight neighbours
// that the box reaches into; others are zero.
func cover(center Position, box area, radius float64) (c cell, neighbours [8]cell) {
	step := stepFor(radius, center.Lat)
	c = center.cell(step)
	if step > 1 && !reaches(c, box) {
		step--
		c = center.cell(step)
	}
	own := c.area()
	north, south := own.north <= box.north, own.south >= box.south
	east, west := own.east <= box.east, own.west >= box.west
	if step < 2 {
		north, south, east, west = true, true, true, true
	}
	for i, n := range [...]struct {
		dx, dy int
		wanted bool
	}{
		{0, 1, north}, {0, -1, south}, {1, 0, east}, {-1, 0, west},
		{1, 1, north && east}, {-1, 1, north && west}, {1, -1, south && east}, {-1, -1, south && west},
	} {
		if n.wanted {
			neighbours[i] = c.neighbour(n.dx, n.dy)
		}
	}
	return c, neighbours
}

// reaches reports whether the box ends within the neighbours of a cell.
func reaches(c cell, box area) bool {
	return !(c.neighbour(0, 1).area().north < box.north || c.neighbour(0, -1).area().south > box.south ||
		c.neighbour(1, 0).area().east < box.east || c.neighbour(-1, 0).area().west > box.west)
}

// stepFor estimates the step at which nine cells cover a circle.
func stepFor(radius, lat float64) uint {
	const mercatorMax = 20037726.37
	if radius == 0 {
		return stepMax
	}
	step := -1 // the circle must lie within the nine cells mostly
	for ; radius < mercatorMax; radius *= 2 {
		step++
	}
	// Cells are narrower towards the poles.
	if lat = math.Abs(lat); lat > 66 {
		step--
		if lat > 80 {
			step--
		}
	}
	return uint(min(max(step, 1), stepMax))
}
