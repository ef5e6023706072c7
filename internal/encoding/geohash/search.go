package geohash

import "math"

// Form is a kind of shape.
type Form uint8

// The forms.
const (
	Circle Form = iota
	Box
	Polygon
)

// Shape is what a search looks within.
type Shape struct {
	Form     Form
	Center   Position // of a polygon: see Ranges
	Unit     float64  // meters per unit of the lengths below
	Radius   float64
	Width    float64
	Height   float64
	Vertices []Position
}

// Contains reports whether a position lies within the shape, and its distance
// from the center in meters.
func (s *Shape) Contains(p Position) (distance float64, ok bool) {
	switch s.Form {
	case Circle:
		return s.circleContains(p)
	case Box:
		if latDistance(p.Lat, s.Center.Lat) > s.Height*s.Unit/2 ||
			Distance(p, Position{s.Center.Lon, p.Lat}) > s.Width*s.Unit/2 {
			return 0, false
		}
	default:
		if !s.polygonContains(p) {
			return 0, false
		}
	}
	return Distance(s.Center, p), true
}

func (s *Shape) circleContains(p Position) (distance float64, ok bool) {
	// What differs too much in latitude alone needs no trigonometry. The slack
	// is far above the error of the distance.
	const slack = 1 + 1e-9
	radius := s.Radius * s.Unit
	if latDistance(p.Lat, s.Center.Lat) > radius*slack+1e-3 {
		return 0, false
	}
	distance = Distance(s.Center, p)
	return distance, distance <= radius
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
		return s.around(r, r), s.Radius * s.Unit
	case Box:
		halfWidth, halfHeight := s.Width/2, s.Height/2
		diagonal := math.Sqrt(float64(halfWidth*halfWidth) + float64(halfHeight*halfHeight))
		return s.around(s.Unit*s.Width/2, s.Unit*s.Height/2), diagonal * s.Unit
	}
	box = s.polygonBounds()
	for _, corner := range [...]Position{
		{box.west, box.north}, {box.east, box.north}, {box.west, box.south}, {box.east, box.south},
	} {
		radius = max(radius, Distance(s.Center, corner))
	}
	return box, radius * s.Unit
}

// around returns the area within some meters of the center.
func (s *Shape) around(width, height float64) area {
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
		x += float64(math.Cos(lat) * math.Cos(lon))
		y += float64(math.Cos(lat) * math.Sin(lon))
		z += math.Sin(lat)
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
