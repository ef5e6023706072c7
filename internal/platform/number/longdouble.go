package number

import (
	"math"
	"math/big"
)

// The x86 extended format: a significand of 64 bits, and an exponent range
// that puts the largest number just below 2^16384 and the smallest positive
// one at 2^-16445.
const (
	longDoublePrecision   = 64
	longDoubleExponentMax = 16384  // of a number in [0.5,1)·2^e
	longDoubleExponentMin = -16381 // below it, numbers lose precision
)

// longDoubleTextMax is the length from which Valkey no longer tries to read a
// text as a long double.
const longDoubleTextMax = 5 * 1024

// LongDouble is a number in the 80-bit extended format: finite, or infinite.
// The zero value is 0. It is a value: methods never change their operands.
type LongDouble struct {
	f big.Float
}

// LongDoubleFromInt returns v, which the format holds exactly.
func LongDoubleFromInt(v int64) LongDouble {
	var x LongDouble
	x.f.SetPrec(longDoublePrecision).SetInt64(v)
	return x
}

// LongDoubleFromFloat returns d, which the format holds exactly. d must not be
// a NaN.
func LongDoubleFromFloat(d float64) LongDouble {
	var x LongDouble
	x.f.SetPrec(longDoublePrecision).SetFloat64(d)
	return x
}

// ParseLongDouble reads a long double the way INCRBYFLOAT's arguments and
// values are read: as ParseDouble does, and hexadecimal floats (0x1.8p3) as
// well. The value is correctly rounded.
func ParseLongDouble(text []byte) (x LongDouble, ok bool) {
	if len(text) >= longDoubleTextMax {
		return x, false
	}
	s := scan(text)
	switch s.form {
	case formInfinity:
		x.f.SetInf(s.sign < 0)
		return x, true
	case formDecimal:
		x.setDecimal(text, s)
	case formHex:
		x.setHex(text, s)
	default:
		return x, false
	}
	if s.sign < 0 {
		x.f.Neg(&x.f)
	}
	x.limit()
	if x.IsInf() || (s.nonZero && x.f.Sign() == 0) {
		return x, false // overflow or underflow
	}
	return x, true
}

// setDecimal sets x to the magnitude of a scanned decimal text. The value is
// an exact quotient of integers, so that it is rounded only once;
// big.Float.Parse does not promise that.
func (x *LongDouble) setDecimal(text []byte, s scanned) {
	x.f.SetPrec(longDoublePrecision)
	significand := significandOf(text, s, 10)
	exponent := s.exponent - s.fraction
	if significand.Sign() == 0 {
		return
	}
	// Decide the hopeless cases before raising ten to their power.
	const decimalExponentMax = 5000
	if magnitude := exponent + s.digitsEnd - s.digits; magnitude < -decimalExponentMax {
		return
	} else if exponent > decimalExponentMax {
		x.f.SetInf(false)
		return
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(abs(exponent))), nil)
	if exponent >= 0 {
		x.f.SetInt(significand.Mul(significand, power))
		return
	}
	// Below the normal range fewer than 64 bits are left, and rounding must
	// still happen once: divide at the precision the result will have.
	quotientExponent := significand.BitLen() - power.BitLen()
	if quotientExponent < longDoubleExponentMin {
		x.setTinyQuotient(significand, power)
		return
	}
	var numerator, denominator big.Float
	x.f.Quo(numerator.SetInt(significand), denominator.SetInt(power))
}

// setTinyQuotient sets x to numerator/denominator rounded to a multiple of the
// smallest positive number, ties to even.
func (x *LongDouble) setTinyQuotient(numerator, denominator *big.Int) {
	const unitShift = longDoublePrecision - longDoubleExponentMin
	scaled := new(big.Int).Lsh(numerator, unitShift)
	quotient, rest := scaled.QuoRem(scaled, denominator, new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(denominator) {
	case 1:
		quotient.Add(quotient, big.NewInt(1))
	case 0:
		quotient.Add(quotient, big.NewInt(int64(quotient.Bit(0))))
	}
	x.f.SetInt(quotient)
	x.f.SetMantExp(&x.f, -unitShift)
}

// setHex sets x to the magnitude of a scanned hexadecimal text.
func (x *LongDouble) setHex(text []byte, s scanned) {
	x.f.SetPrec(longDoublePrecision).SetInt(significandOf(text, s, 16))
	x.f.SetMantExp(&x.f, s.exponent-4*s.fraction)
}

// significandOf returns the digits of a scanned text as an integer, the point
// left out.
func significandOf(text []byte, s scanned, base int) *big.Int {
	digits := make([]byte, 0, s.digitsEnd-s.digits)
	for _, c := range text[s.digits:s.digitsEnd] {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	v, ok := new(big.Int).SetString(string(digits), base)
	if !ok {
		panic("number: scanned digits are not digits: " + string(digits))
	}
	return v
}

// limit forces x into the format's exponent range: to infinity above, with the
// loss of low bits below.
func (x *LongDouble) limit() {
	if x.f.IsInf() || x.f.Sign() == 0 {
		return
	}
	exponent := x.f.MantExp(nil)
	if exponent > longDoubleExponentMax {
		x.f.SetInf(x.f.Signbit())
		return
	}
	lost := longDoubleExponentMin - exponent
	if lost <= 0 {
		return
	}
	if lost < longDoublePrecision {
		x.f.SetPrec(uint(longDoublePrecision - lost)).SetPrec(longDoublePrecision)
		return
	}
	// Less than the smallest positive number: it or zero, whichever is
	// nearer, zero in the middle.
	var smallest, half big.Float
	smallest.SetPrec(longDoublePrecision).SetMantExp(big.NewFloat(0.5), longDoubleExponentMin-longDoublePrecision+1)
	half.SetMantExp(&smallest, -1)
	negative := x.f.Signbit()
	magnitude := new(big.Float).Abs(&x.f)
	if magnitude.Cmp(&half) > 0 {
		x.f.Set(&smallest)
	} else {
		x.f.SetInt64(0)
	}
	if negative {
		x.f.Neg(&x.f)
	}
}

// Add returns x+y, rounded to the format. ok is false where the sum is not a
// number or infinite, which no command accepts as a result.
func (x LongDouble) Add(y LongDouble) (sum LongDouble, ok bool) {
	if x.f.IsInf() || y.f.IsInf() {
		return sum, false
	}
	sum.f.SetPrec(longDoublePrecision).Add(&x.f, &y.f)
	sum.limit()
	return sum, !sum.IsInf()
}

// IsInf reports whether x is an infinity of either sign.
func (x LongDouble) IsInf() bool { return x.f.IsInf() }

// Float64 returns the double nearest to x.
func (x LongDouble) Float64() float64 {
	d, _ := x.f.Float64()
	return d
}

// AppendHuman appends x without an exponent, with up to 17 digits after the
// point and no trailing zeros: the text that INCRBYFLOAT stores and replies.
func (x LongDouble) AppendHuman(dst []byte) []byte {
	if x.f.IsInf() {
		return AppendDouble(dst, math.Inf(x.f.Sign()))
	}
	start := len(dst)
	return trimFraction(x.f.Append(dst, 'f', humanFractionDigits), start)
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
