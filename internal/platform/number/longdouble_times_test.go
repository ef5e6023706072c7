package number

import (
	"math"
	"testing"
)

func TestTimesCeil(t *testing.T) {
	for _, tc := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"1.5", 1500, true},
		{"0.001", 1, true},
		{"0.0001", 1, true},
		{"0.057", 57, true},
		{"-0.0001", 0, true},
		{"-1", -1000, true},
		{"9223372036854775.807", math.MaxInt64, true},
		{"9223372036854775.808", 0, false},
		{"inf", 0, false},
		{"-inf", math.MinInt64, true},
		{"-1e300", math.MinInt64, true},
		{"1e4930", 0, false},
	} {
		x, ok := ParseLongDouble([]byte(tc.text))
		if !ok {
			t.Errorf("%s is no number", tc.text)
			continue
		}
		if got, ok := x.TimesCeil(1000); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %d, %t", tc.text, got, ok)
		}
	}
}
