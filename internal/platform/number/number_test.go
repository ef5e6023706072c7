package number

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRecorded compares with what C makes of the same numbers on x86-64,
// recorded in testdata/recorded.txt. Each line is tab-separated:
//
//	d  bits            text            a double, printed by Grisu2
//	l  text            hex human       a long double, read by strtold and printed
//	l  text            error           … which is not taken for a number
//	a  text text       human           the sum of two long doubles
func TestRecorded(t *testing.T) {
	path := "testdata/recorded.txt"
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	checked := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			t.Fatalf("line %q", lines.Text())
		}
		kind, input, want := fields[0], fields[1], fields[2]
		var got string
		switch kind {
		case "d":
			bits, err := strconv.ParseUint(input, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			got = string(appendGrisu(nil, math.Float64frombits(bits)))
		case "l":
			got = "error"
			if x, ok := ParseLongDouble([]byte(input)); ok {
				got = string(x.AppendHuman(nil))
				if hex, human, found := strings.Cut(want, " "); found {
					want = human
					if y, ok := ParseLongDouble([]byte(hex)); !ok || x.f.Cmp(&y.f) != 0 {
						t.Errorf("%q is %s, want %s", input, x.f.Text('p', 0), hex)
					}
				}
			}
		case "a":
			left, right, _ := strings.Cut(input, " ")
			x, okX := ParseLongDouble([]byte(left))
			y, okY := ParseLongDouble([]byte(right))
			sum, ok := x.Add(y)
			if !okX || !okY || !ok {
				t.Fatalf("%q: no sum", input)
			}
			got = string(sum.AppendHuman(nil))
		}
		if got != want {
			t.Errorf("%s %q gives %q, want %q", kind, input, got, want)
		}
		checked++
	}
	if err := lines.Err(); err != nil || checked < 500 {
		t.Fatalf("%d lines, %v", checked, err)
	}
}

func TestParseInt(t *testing.T) {
	for _, text := range []string{"0", "1", "-1", "10", "99", "100", "12345678901", "9223372036854775807", "-9223372036854775808"} {
		v, ok := ParseInt([]byte(text))
		if got := string(AppendInt(nil, v)); !ok || got != text {
			t.Errorf("ParseInt(%q) = %s, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "-0", "+1", "01", "-01", " 1", "1 ", "1a", "a", "1.0", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999", "18446744073709551616", "123456789012345678901"} {
		if v, ok := ParseInt([]byte(text)); ok {
			t.Errorf("ParseInt(%q) = %d", text, v)
		}
	}
}

func TestParseUint(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "18446744073709551615": math.MaxUint64, "9223372036854775808": 1 << 63, "007": 7} {
		if v, ok := ParseUint([]byte(text)); !ok || v != want {
			t.Errorf("ParseUint(%q) = %d, %v", text, v, ok)
		}
	}
	for _, text := range []string{"", "-1", "18446744073709551616", "1x", " 1"} {
		if v, ok := ParseUint([]byte(text)); ok {
			t.Errorf("ParseUint(%q) = %d", text, v)
		}
	}
}

func TestParseDouble(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "1": 1, "+1.5": 1.5, ".5": 0.5, "5.": 5, "1e3": 1000, "1E-2": 0.01,
		"inf": math.Inf(1), "+INF": math.Inf(1), "-Infinity": math.Inf(-1), "5e-324": 5e-324, "0e-999": 0,
		"1.7976931348623157e308": math.MaxFloat64,
	} {
		v, ok := ParseDouble([]byte(text))
		if !ok || math.Float64bits(v) != math.Float64bits(want) {
			t.Errorf("ParseDouble(%q) = %v, %v", text, v, ok)
		}
	}
	for _, text := range []string{"", " 1", "1 ", "nan", "-nan", "0x10", "1e", "1e+", ".", "+", "--1", "1_0", "infin", "1e400", "-1e400", "1e-400", "1d", "1,5", "1\x00"} {
		if v, ok := ParseDouble([]byte(text)); ok {
			t.Errorf("ParseDouble(%q) = %v", text, v)
		}
	}
}

func TestAppendDouble(t *testing.T) {
	for want, v := range map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN(),
		"1": 1, "-3": -3, "3.5": 3.5, "0.1": 0.1, "4611686018427387904": 1 << 62, "9223372036854776000": 1 << 63,
		"1e+21": 1e21, "1e-7": 1e-7, "1.5e-9": 1.5e-9, "1.7976931348623157e+308": math.MaxFloat64,
	} {
		if got := string(AppendDouble(nil, v)); got != want {
			t.Errorf("AppendDouble(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestAppendFixed(t *testing.T) {
	for _, test := range []struct {
		v      float64
		digits int
		want   string
	}{
		{0, 4, "0.0000"}, {166274.1516, 4, "166274.1516"}, {0.775, 4, "0.7750"}, {-1.5, 2, "-1.50"},
		{0.00001, 4, "0.0000"}, {-0.00001, 4, "0.0000"}, {12, 1, "12.0"}, {0.5, 17, "0.50000000000000000"},
		{0.125, 2, "0.12"}, {0.375, 2, "0.38"}, {99.99996, 4, "100.0000"},
	} {
		if got := string(AppendFixed(nil, test.v, test.digits)); got != test.want {
			t.Errorf("AppendFixed(%v, %d) = %q, want %q", test.v, test.digits, got, test.want)
		}
	}
}

func TestAppendHumanDouble(t *testing.T) {
	for want, v := range map[string]float64{
		"0": math.Copysign(0, -1), "1": 1, "0.5": 0.5, "-100": -100, "inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN(),
		"13.36138933897018433": 13.361389338970184326, "100000000000000000000": 1e20, "0.10000000000000001": 0.1,
	} {
		if got := string(AppendHumanDouble([]byte("x"), v)); got != "x"+want {
			t.Errorf("AppendHumanDouble(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestLongDoubleConversions(t *testing.T) {
	if got := string(LongDoubleFromInt(math.MaxInt64).AppendHuman(nil)); got != "9223372036854775807" {
		t.Errorf("the largest integer is %s", got)
	}
	if got := LongDoubleFromFloat(0.1).Float64(); got != 0.1 {
		t.Errorf("0.1 becomes %v", got)
	}
	infinite, ok := ParseLongDouble([]byte("-inf"))
	if !ok || !infinite.IsInf() || string(infinite.AppendHuman(nil)) != "-inf" {
		t.Errorf("-inf becomes %s, %v", infinite.AppendHuman(nil), ok)
	}
	if _, ok := infinite.Add(LongDoubleFromInt(1)); ok {
		t.Error("an infinite sum is accepted")
	}
	largest, _ := ParseLongDouble([]byte("1.18e4932"))
	if _, ok := largest.Add(largest); ok {
		t.Error("an overflowing sum is accepted")
	}
	var zero LongDouble
	if sum, ok := zero.Add(LongDoubleFromInt(3)); !ok || sum.Float64() != 3 {
		t.Errorf("0+3 = %v, %v", sum.Float64(), ok)
	}
	if _, ok := ParseLongDouble([]byte(strings.Repeat("1", longDoubleTextMax))); ok {
		t.Error("a text of any length is accepted")
	}
}

// FuzzInt: the text of an integer and the integer determine each other.
func FuzzInt(f *testing.F) {
	for _, seed := range []string{"0", "-1", "007", "9223372036854775808", "-9223372036854775808", "+5", "1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := strconv.ParseInt(text, 10, 64)
		canonical := err == nil && strconv.FormatInt(want, 10) == text
		got, ok := ParseInt([]byte(text))
		if ok != canonical || (ok && got != want) {
			t.Fatalf("ParseInt(%q) = %d, %v; want %d, %v", text, got, ok, want, canonical)
		}
		if ok && string(AppendInt(nil, got)) != text {
			t.Fatalf("AppendInt(%d) = %q", got, AppendInt(nil, got))
		}
	})
}

// FuzzDouble: printed doubles read back as themselves.
func FuzzDouble(f *testing.F) {
	for _, seed := range []float64{0.1, 5e-324, math.MaxFloat64, 1e23, -1.5e-9, 123456789.125} {
		f.Add(math.Float64bits(seed))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		d := math.Float64frombits(bits)
		text := AppendDouble(nil, d)
		if math.IsNaN(d) {
			return
		}
		if d < 0 && math.Abs(d) < 1e-6 || d < 0 && math.Abs(d) > 1e20 {
			// A negative number in exponent notation may have lost its 18th
			// digit, never more.
			if got, ok := ParseDouble(text); !ok || math.Abs(got-d) > math.Abs(d)*1e-15 {
				t.Fatalf("%v prints as %s", d, text)
			}
			return
		}
		if got, ok := ParseDouble(text); !ok || math.Float64bits(got) != bits {
			t.Fatalf("%v prints as %s, which reads as %v, %v", d, text, got, ok)
		}
	})
}

func BenchmarkAppendDouble(b *testing.B) {
	buf := make([]byte, 0, 64)
	for b.Loop() {
		buf = AppendDouble(buf[:0], 3.14159265358979)
	}
}

func BenchmarkParseInt(b *testing.B) {
	text := []byte("1234567890")
	for b.Loop() {
		ParseInt(text)
	}
}

func BenchmarkIncrByFloat(b *testing.B) {
	text, increment := []byte("10.5"), []byte("0.1")
	buf := make([]byte, 0, 64)
	for b.Loop() {
		x, _ := ParseLongDouble(text)
		y, _ := ParseLongDouble(increment)
		sum, _ := x.Add(y)
		buf = sum.AppendHuman(buf[:0])
	}
}
