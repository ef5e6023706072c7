// Package number converts between numbers and the decimal text that clients
// and files see. Every conversion follows Valkey's rules byte for byte,
// because the text is observable: it is stored, replicated, compared and
// replied.
//
// Vocabulary:
//
//   - integer: a signed 64-bit number. Its text is canonical: no sign but a
//     leading minus, no leading zeros, no spaces, so text → integer → text
//     always gives the original bytes. Encodings rely on that.
//   - double: an IEEE 754 binary64 (scores, GEO, RESP3 doubles). It is printed
//     by Grisu2 (grisu.go), whose digits are nearly always, but not always,
//     the shortest ones.
//   - long double: the 80-bit extended format of x86 with its 64-bit
//     significand (longdouble.go). INCRBYFLOAT and HINCRBYFLOAT calculate in
//     it, and their results are visible, so the format is emulated here on
//     every platform.
//
// Append functions append to dst and return the extended slice, as strconv's
// do. Nothing here keeps a reference to its arguments.
package number

import (
	"math"
	"strconv"
	"unsafe"
)

// IntTextMax is the length of the longest integer text, math.MinInt64's.
const IntTextMax = 20

// ParseInt reads a canonical integer. ok is false for anything that AppendInt
// would not have written, and for numbers outside the int64 range.
func ParseInt(text []byte) (value int64, ok bool) {
	if len(text) == 0 || len(text) > IntTextMax {
		return 0, false
	}
	digits := text
	negative := text[0] == '-'
	if negative {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > IntTextMax-1 {
		return 0, false
	}
	first := digits[0] - '0'
	if first == 0 {
		return 0, len(text) == 1
	}
	if first > 9 {
		return 0, false
	}
	magnitude := uint64(first)
	for _, c := range digits[1:] {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		// 19 digits are below 10^19 and fit in an uint64.
		magnitude = magnitude*10 + uint64(d)
	}
	if negative {
		return -int64(magnitude), magnitude <= 1<<63
	}
	return int64(magnitude), magnitude <= math.MaxInt64
}

// ParseUint reads an unsigned 64-bit decimal number: a canonical non-negative
// integer, or a plain run of digits up to 2^64-1.
func ParseUint(text []byte) (value uint64, ok bool) {
	if len(text) == 0 {
		return 0, false
	}
	if v, isInt := ParseInt(text); isInt {
		return uint64(v), v >= 0
	}
	v, err := strconv.ParseUint(view(text), 10, 64)
	return v, err == nil
}

// digitPairs holds 00 to 99, so that two digits cost one division.
const digitPairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// AppendInt appends the canonical text of v.
func AppendInt(dst []byte, v int64) []byte {
	if v >= 0 {
		return AppendUint(dst, uint64(v))
	}
	return AppendUint(append(dst, '-'), -uint64(v))
}

// AppendUint appends the decimal text of v.
func AppendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, byte('0'+v))
	}
	if v < 100 {
		return append(dst, digitPairs[v*2], digitPairs[v*2+1])
	}
	var text [IntTextMax]byte
	at := len(text)
	for v >= 100 {
		pair := v % 100 * 2
		v /= 100
		at -= 2
		text[at], text[at+1] = digitPairs[pair], digitPairs[pair+1]
	}
	if v >= 10 {
		at -= 2
		text[at], text[at+1] = digitPairs[v*2], digitPairs[v*2+1]
	} else {
		at--
		text[at] = byte('0' + v)
	}
	return append(dst, text[at:]...)
}

// DigitCount returns the number of decimal digits of v; 1 for zero.
func DigitCount(v uint64) int {
	count := 1
	for v >= 10000 {
		v /= 10000
		count += 4
	}
	switch {
	case v >= 1000:
		return count + 3
	case v >= 100:
		return count + 2
	case v >= 10:
		return count + 1
	}
	return count
}

// ParseDouble reads a double the way scores and other float arguments are
// read: an optional sign, then a decimal number with optional fraction and
// exponent, or "inf" or "infinity" in any case. Spaces, hexadecimal numbers,
// NaN, and numbers too large or too small for a double are refused. The value
// is correctly rounded.
func ParseDouble(text []byte) (value float64, ok bool) {
	kind := scan(text)
	switch kind.form {
	case formInfinity:
		return math.Inf(kind.sign), true
	case formDecimal:
		v, err := strconv.ParseFloat(view(text), 64)
		if err != nil || (v == 0 && kind.nonZero) {
			return 0, false
		}
		return v, true
	}
	return 0, false
}

// DoubleToInt returns d as an integer when d has no fraction and is well
// inside the int64 range (half of it, as Valkey decides which doubles print
// as integers).
func DoubleToInt(d float64) (value int64, ok bool) {
	const limit = float64(math.MaxInt64 / 2)
	if !(d >= -limit && d <= limit) {
		return 0, false
	}
	value = int64(d)
	return value, float64(value) == d
}

// AppendShortest appends the shortest text that gives d again, in the notation
// of the Grisu algorithm alone: large whole numbers get an exponent where
// AppendDouble writes their digits.
func AppendShortest(dst []byte, d float64) []byte {
	switch {
	case d == 0 && !math.Signbit(d):
		return append(dst, '0')
	case d == 0:
		return append(dst, "-0"...)
	case math.IsInf(d, 0), math.IsNaN(d):
		return AppendDouble(dst, d)
	}
	return appendGrisu(dst, d)
}

// AppendDouble appends d as replies and stored scores show it: inf, -inf, nan,
// -0, plain integers where exact, otherwise Grisu2 digits.
func AppendDouble(dst []byte, d float64) []byte {
	switch {
	case math.IsNaN(d):
		return append(dst, "nan"...)
	case math.IsInf(d, 1):
		return append(dst, "inf"...)
	case math.IsInf(d, -1):
		return append(dst, "-inf"...)
	case d == 0:
		if math.Signbit(d) {
			return append(dst, "-0"...)
		}
		return append(dst, '0')
	}
	if v, ok := DoubleToInt(d); ok {
		return AppendInt(dst, v)
	}
	return appendGrisu(dst, d)
}

// AppendFixed appends d with exactly fractionDigits (1 to 17) digits after
// the point. d times 10^fractionDigits must fit in an int64: distances do.
// The product is rounded in double arithmetic, ties to even, which is visible
// in the last digit and intended.
func AppendFixed(dst []byte, d float64, fractionDigits int) []byte {
	scaled := int64(math.RoundToEven(d * math.Pow10(fractionDigits)))
	magnitude := uint64(scaled)
	if scaled < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	unit := uint64(math.Pow10(fractionDigits))
	dst = AppendUint(dst, magnitude/unit)
	dst = append(dst, '.')
	fraction := magnitude % unit
	for i := DigitCount(fraction); i < fractionDigits; i++ {
		dst = append(dst, '0')
	}
	return AppendUint(dst, fraction)
}

// AppendHumanDouble appends d without an exponent, with up to 17 digits after
// the point and no trailing zeros.
func AppendHumanDouble(dst []byte, d float64) []byte {
	switch {
	case math.IsNaN(d):
		return append(dst, "nan"...)
	case math.IsInf(d, 1):
		return append(dst, "inf"...)
	case math.IsInf(d, -1):
		return append(dst, "-inf"...)
	}
	start := len(dst)
	return trimFraction(strconv.AppendFloat(dst, d, 'f', humanFractionDigits, 64), start)
}

// humanFractionDigits is the precision of the human-readable float format.
const humanFractionDigits = 17

// trimFraction removes the trailing zeros after the point of the number that
// begins at dst[start], and the sign of a zero. The number has a point.
func trimFraction(dst []byte, start int) []byte {
	end := len(dst)
	for dst[end-1] == '0' {
		end--
	}
	if dst[end-1] == '.' {
		end--
	}
	dst = dst[:end]
	if end-start == 2 && dst[start] == '-' && dst[start+1] == '0' {
		dst = append(dst[:start], '0')
	}
	return dst
}

// view is text as a string, without a copy; it must not outlive the call.
func view(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text))
}
