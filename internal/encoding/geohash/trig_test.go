package geohash

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
)

// testdata/distances.txt holds pairs of hashes and their distance in meters, as
// GEOSEARCHSTORE STOREDIST of Valkey 9.1.0 with glibc 2.36 stores it. That
// library rounds some functions wrongly once in a thousand times.
func TestDistancesAsRecorded(t *testing.T) {
	text, err := os.ReadFile("testdata/distances.txt")
	if err != nil {
		t.Fatal(err)
	}
	count, different := 0, 0
	for line := range strings.Lines(string(text)) {
		var from, to uint64
		var want float64
		if _, err := fmt.Sscan(line, &from, &to, &want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got := Distance(Decode(from), Decode(to))
		count++
		if got != want {
			different++
		}
		if math.Abs(got-want) > 4e-15*want {
			t.Errorf("from %d to %d: %v, not %v", from, to, got, want)
		}
	}
	if count < 1000 || different > count/100 {
		t.Errorf("%d of %d distances differ", different, count)
	}
}

// exact returns a number with the precision that the series here work with.
func exact(x float64) *big.Float { return new(big.Float).SetPrec(240).SetFloat64(x) }

// taylor returns the sine of x, or its cosine, to some 200 bits.
func taylor(x *big.Float, cosine bool) *big.Float {
	square := new(big.Float).Mul(x, x)
	term, n := new(big.Float).Copy(x), 1.0
	if cosine {
		term, n = exact(1), 0
	}
	total := new(big.Float).Copy(term)
	for range 40 {
		term.Mul(term, square)
		term.Quo(term, exact(-(n+1)*(n+2)))
		total.Add(total, term)
		n += 2
	}
	return total
}

func TestSineAndCosineAreRoundedCorrectly(t *testing.T) {
	const steps = 4000
	for i := -steps; i <= steps; i++ {
		x := float64(i) / steps * math.Pi
		x += x * 1e-9
		x = min(max(x, -math.Pi), math.Pi)
		if want, _ := taylor(exact(x), false).Float64(); sine(x) != want {
			t.Errorf("sine of %v: %v, not %v", x, sine(x), want)
		}
		if want, _ := taylor(exact(x), true).Float64(); cosine(x) != want {
			t.Errorf("cosine of %v: %v, not %v", x, cosine(x), want)
		}
	}
}

// The sine of the arcsine is the number again, and the arcsine is right to half
// of its last digit if those half a digit above and below it have a larger and
// a smaller sine.
func TestArcsineIsRoundedCorrectly(t *testing.T) {
	const steps = 4000
	for i := 1; i < steps; i++ {
		x := float64(i) / steps
		y := arcsine(x)
		for _, direction := range []float64{-1, 1} {
			neighbour := math.Nextafter(y, direction*math.Inf(1))
			// The exact middle: the difference of neighbours halves exactly.
			middle := exact(y)
			middle.Add(middle, big.NewFloat((neighbour-y)/2))
			if sine := taylor(middle, false); sine.Cmp(big.NewFloat(x)) != int(direction) {
				t.Errorf("arcsine of %v: %v", x, y)
			}
		}
	}
}

func TestTrigonometryAtItsEnds(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{sine(0), 0}, {cosine(0), 1}, {arcsine(0), 0}, {arcsine(1), math.Pi / 2},
		{sine(math.Pi), 1.2246467991473532e-16}, {cosine(-math.Pi), -1}, {sine(math.Pi / 2), 1},
		{cosine(math.Pi / 2), 6.123233995736766e-17},
	} {
		if c.got != c.want {
			t.Errorf("%v, not %v", c.got, c.want)
		}
	}
}
