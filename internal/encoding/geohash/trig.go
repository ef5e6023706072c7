package geohash

import "math"

// Trigonometry whose results are rounded correctly, nearly always: it computes
// with sums of two doubles and some 66 bits and rounds once. The C library's
// sine, cosine and arcsine do so too, and differ from Go's in the last digit
// now and then; that digit is in stored distances.

// double is the sum of two doubles, of which hi is the sum rounded.
type double struct{ hi, lo float64 }

// knot is a point at which sine and cosine are known.
type knot struct{ sinHi, sinLo, cosHi, cosLo float64 }

const knotsPerRadian = 64

// Half of pi as a sum of three doubles.
const (
	halfPiHi  = 0x1.921fb54442d18p+00
	halfPiMid = 0x1.1a62633145c07p-54
	halfPiLo  = -0x1.f1976b7ed8fbcp-110
)

// sum returns a+b, exactly.
func sum(a, b float64) double {
	s := a + b
	v := s - a
	return double{s, (a - (s - v)) + (b - v)}
}

// product returns a*b, exactly.
func product(a, b float64) double {
	p := a * b
	return double{p, math.FMA(a, b, -p)}
}

// plus returns d+x, nearly exactly.
func (d double) plus(x float64) double {
	s := sum(d.hi, x)
	return double{s.hi, s.lo + d.lo}.normal()
}

// normal returns the same sum with hi rounded.
func (d double) normal() double {
	s := d.hi + d.lo
	return double{s, d.lo - (s - d.hi)}
}

// sine returns the sine of x, which is between -pi and pi.
func sine(x float64) float64 {
	s := quadrant(x, 0)
	return s.hi + s.lo
}

// cosine returns the cosine of x, which is between -pi and pi.
func cosine(x float64) float64 {
	s := quadrant(x, 1)
	return s.hi + s.lo
}

// quadrant returns the sine of x + turns*pi/2.
func quadrant(x float64, turns int) double {
	r := double{hi: x}
	if k := math.RoundToEven(x / halfPiHi); k != 0 {
		r = sum(x, -k*halfPiHi)
		mid := product(-k, halfPiMid)
		low := sum(r.lo, mid.hi)
		r = double{r.hi, low.hi}.normal().plus(low.lo + mid.lo - k*halfPiLo)
		turns += int(k)
	}
	var s double
	if turns&1 == 0 {
		s = sineNear(r)
	} else {
		s = cosineNear(r)
	}
	if turns&2 != 0 {
		return double{-s.hi, -s.lo}
	}
	return s
}

// split returns the knot next to x, which is at most pi/4 in size, and what is
// left of the size of x; negative tells the sign of x.
func split(x double) (k *knot, rest double, negative bool) {
	if negative = x.hi < 0; negative {
		x = double{-x.hi, -x.lo}
	}
	i := int(x.hi*knotsPerRadian + 0.5)
	rest = sum(x.hi-float64(i)/knotsPerRadian, x.lo)
	return &knots[i], rest, negative
}

// Sine and cosine of what split leaves, at most 1/128, less their first terms.
func sineTail(d float64) float64 {
	z := d * d
	return d * z * (-1./6 + z*(1./120+z*(-1./5040)))
}

func cosineTail(d float64) float64 {
	z := d * d
	return z * (-1./2 + z*(1./24+z*(-1./720+z*(1./40320))))
}

func sineNear(x double) double {
	k, d, negative := split(x)
	// sin(k+d) = sin k + cos k · d + (sin k · (cos d - 1) + cos k · (sin d - d) + ...)
	main := product(k.cosHi, d.hi)
	total := sum(k.sinHi, main.hi)
	small := k.sinHi*cosineTail(d.hi) + k.cosHi*sineTail(d.hi)
	total.lo += main.lo + k.sinLo + k.cosLo*d.hi + k.cosHi*d.lo + small
	if negative {
		return double{-total.hi, -total.lo}.normal()
	}
	return total.normal()
}

func cosineNear(x double) double {
	k, d, _ := split(x)
	// cos(k+d) = cos k - sin k · d + (cos k · (cos d - 1) - sin k · (sin d - d) + ...)
	main := product(-k.sinHi, d.hi)
	total := sum(k.cosHi, main.hi)
	small := k.cosHi*cosineTail(d.hi) - k.sinHi*sineTail(d.hi)
	total.lo += main.lo + k.cosLo - k.sinLo*d.hi - k.sinHi*d.lo + small
	return total.normal()
}

// arcsine returns the arcsine of x, which is between 0 and 1.
func arcsine(x float64) float64 {
	const steep = 0.9 // where the arcsine grows too fast to be computed directly
	if x <= steep {
		y := arcsineOf(x)
		return y.hi + y.lo
	}
	// asin x = pi/2 - 2·asin √((1-x)/2), where 1-x is exact.
	z := (1 - x) / 2
	root := math.Sqrt(z)
	if root == 0 {
		return halfPiHi
	}
	rest := math.FMA(-root, root, z) / (2 * root)
	y := arcsineOf(root)
	y.lo += rest / math.Sqrt(1-z)
	total := sum(halfPiHi, -2*y.hi)
	return total.hi + (total.lo + (halfPiMid - 2*y.lo))
}

// arcsineOf takes one step from Go's arcsine towards the exact one.
func arcsineOf(x float64) double {
	y := math.Asin(x)
	s := quadrant(y, 0)
	return sum(y, ((x-s.hi)-s.lo)/math.Sqrt((1-x)*(1+x)))
}
