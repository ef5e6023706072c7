package number

import (
	"math"
	"math/bits"
)

// This file prints doubles with Grisu2 (Florian Loitsch, "Printing
// Floating-Point Numbers Quickly and Accurately with Integers", 2010). Its
// digits always read back as the same double, but in about one case of a
// thousand they are not the shortest that do. Valkey prints with it, so the
// choice is part of the format and strconv's shortest digits would differ.

// floating is significand·2^exponent.
type floating struct {
	significand uint64
	exponent    int
}

const (
	doubleFractionBits = 52
	doubleHiddenBit    = 1 << doubleFractionBits
	doubleExponentBias = 1023 + doubleFractionBits
)

// unpack returns a positive finite double's parts.
func unpack(d float64) floating {
	word := math.Float64bits(d)
	fraction := word & (doubleHiddenBit - 1)
	exponent := int(word >> doubleFractionBits & 0x7ff)
	if exponent == 0 {
		return floating{fraction, 1 - doubleExponentBias}
	}
	return floating{fraction | doubleHiddenBit, exponent - doubleExponentBias}
}

// normalized returns f with the significand's top bit set.
func (f floating) normalized() floating {
	shift := bits.LeadingZeros64(f.significand)
	return floating{f.significand << shift, f.exponent - shift}
}

// neighbourhood returns the middles between f and the doubles next to it, both
// with the exponent of the normalized upper one. Below a power of two the
// doubles are twice as dense, hence the lower middle lies nearer.
func (f floating) neighbourhood() (lower, upper floating) {
	upper = floating{f.significand<<1 + 1, f.exponent - 1}.normalized()
	shift := 1
	if f.significand == doubleHiddenBit {
		shift = 2
	}
	lower = floating{f.significand<<shift - 1, f.exponent - shift}
	lower.significand <<= lower.exponent - upper.exponent
	lower.exponent = upper.exponent
	return lower, upper
}

// times returns the product rounded to 64 bits, halves away from zero.
func (f floating) times(g floating) floating {
	high, low := bits.Mul64(f.significand, g.significand)
	return floating{high + low>>63, f.exponent + g.exponent + 64}
}

// powersOfTen holds 10^-348, 10^-340 … 10^340, correctly rounded to 64 bits.
var powersOfTen = [...]floating{
	{0xfa8fd5a0081c0288, -1220}, {0xbaaee17fa23ebf76, -1193}, {0x8b16fb203055ac76, -1166},
	{0xcf42894a5dce35ea, -1140}, {0x9a6bb0aa55653b2d, -1113}, {0xe61acf033d1a45df, -1087},
	{0xab70fe17c79ac6ca, -1060}, {0xff77b1fcbebcdc4f, -1034}, {0xbe5691ef416bd60c, -1007},
	{0x8dd01fad907ffc3c, -980}, {0xd3515c2831559a83, -954}, {0x9d71ac8fada6c9b5, -927},
	{0xea9c227723ee8bcb, -901}, {0xaecc49914078536d, -874}, {0x823c12795db6ce57, -847},
	{0xc21094364dfb5637, -821}, {0x9096ea6f3848984f, -794}, {0xd77485cb25823ac7, -768},
	{0xa086cfcd97bf97f4, -741}, {0xef340a98172aace5, -715}, {0xb23867fb2a35b28e, -688},
	{0x84c8d4dfd2c63f3b, -661}, {0xc5dd44271ad3cdba, -635}, {0x936b9fcebb25c996, -608},
	{0xdbac6c247d62a584, -582}, {0xa3ab66580d5fdaf6, -555}, {0xf3e2f893dec3f126, -529},
	{0xb5b5ada8aaff80b8, -502}, {0x87625f056c7c4a8b, -475}, {0xc9bcff6034c13053, -449},
	{0x964e858c91ba2655, -422}, {0xdff9772470297ebd, -396}, {0xa6dfbd9fb8e5b88f, -369},
	{0xf8a95fcf88747d94, -343}, {0xb94470938fa89bcf, -316}, {0x8a08f0f8bf0f156b, -289},
	{0xcdb02555653131b6, -263}, {0x993fe2c6d07b7fac, -236}, {0xe45c10c42a2b3b06, -210},
	{0xaa242499697392d3, -183}, {0xfd87b5f28300ca0e, -157}, {0xbce5086492111aeb, -130},
	{0x8cbccc096f5088cc, -103}, {0xd1b71758e219652c, -77}, {0x9c40000000000000, -50},
	{0xe8d4a51000000000, -24}, {0xad78ebc5ac620000, 3}, {0x813f3978f8940984, 30},
	{0xc097ce7bc90715b3, 56}, {0x8f7e32ce7bea5c70, 83}, {0xd5d238a4abe98068, 109},
	{0x9f4f2726179a2245, 136}, {0xed63a231d4c4fb27, 162}, {0xb0de65388cc8ada8, 189},
	{0x83c7088e1aab65db, 216}, {0xc45d1df942711d9a, 242}, {0x924d692ca61be758, 269},
	{0xda01ee641a708dea, 295}, {0xa26da3999aef774a, 322}, {0xf209787bb47d6b85, 348},
	{0xb454e4a179dd1877, 375}, {0x865b86925b9bc5c2, 402}, {0xc83553c5c8965d3d, 428},
	{0x952ab45cfa97a0b3, 455}, {0xde469fbd99a05fe3, 481}, {0xa59bc234db398c25, 508},
	{0xf6c69a72a3989f5c, 534}, {0xb7dcbf5354e9bece, 561}, {0x88fcf317f22241e2, 588},
	{0xcc20ce9bd35c78a5, 614}, {0x98165af37b2153df, 641}, {0xe2a0b5dc971f303a, 667},
	{0xa8d9d1535ce3b396, 694}, {0xfb9b7cd9a4a7443c, 720}, {0xbb764c4ca7a44410, 747},
	{0x8bab8eefb6409c1a, 774}, {0xd01fef10a657842c, 800}, {0x9b10a4e5e9913129, 827},
	{0xe7109bfba19c0c9d, 853}, {0xac2820d9623bf429, 880}, {0x80444b5e7aa7cf85, 907},
	{0xbf21e44003acdd2d, 933}, {0x8e679c2f5e44ff8f, 960}, {0xd433179d9c8cb841, 986},
	{0x9e19db92b4e31ba9, 1013}, {0xeb96bf6ebadf77d9, 1039}, {0xaf87023b9bf0ee6b, 1066},
}

const (
	firstPower = -348
	powerStep  = 8
	// A product's exponent must lie in this window, so that its integral
	// part fits 32 bits and its fraction leaves room for the factor ten.
	productExponentMin = -60
	productExponentMax = -32
)

// scalingPower picks the power of ten that brings a number with the given
// exponent into the window. Two of the table may fit; which one is taken
// changes digits, so the search starts where Valkey's starts.
func scalingPower(exponent int) (power floating, decimalExponent int) {
	const log10of2 = 0.30102999566398114
	guess := int(float64(-(exponent + len(powersOfTen))) * log10of2)
	i := (guess - firstPower) / powerStep
	for {
		product := exponent + powersOfTen[i].exponent + 64
		switch {
		case product < productExponentMin:
			i++
		case product > productExponentMax:
			i--
		default:
			return powersOfTen[i], firstPower + i*powerStep
		}
	}
}

// digitsMax bounds the digits of a double: 17, and one to spare.
const digitsMax = 18

// grisu writes the digits of a positive finite double and returns how many
// there are and the power of ten of the last one.
func grisu(d float64, digits *[digitsMax]byte) (count, exponent int) {
	exact := unpack(d)
	lower, upper := exact.neighbourhood()
	power, decimalExponent := scalingPower(upper.exponent)

	value := exact.normalized().times(power)
	upper = upper.times(power)
	lower = lower.times(power)
	// The products may be off by one unit: shrink the interval on both sides.
	lower.significand++
	upper.significand--

	count, exponent = shortestInside(value.significand, lower.significand, upper.significand, -upper.exponent, digits)
	return count, exponent - decimalExponent
}

// shortestInside generates the digits of upper until the number they stand
// for lies inside [lower,upper], then moves the last digit towards value. The
// three are fixed-point numbers with pointBits bits after the point.
func shortestInside(value, lower, upper uint64, pointBits int, digits *[digitsMax]byte) (count, exponent int) {
	distance := upper - value
	width := upper - lower
	one := uint64(1) << pointBits
	integral := upper >> pointBits
	fraction := upper & (one - 1)

	exponent = 10
	for divisor := uint64(1_000_000_000); exponent > 0; divisor /= 10 {
		digit := integral / divisor
		integral %= divisor
		if digit != 0 || count != 0 {
			digits[count] = byte('0' + digit)
			count++
		}
		exponent--
		if rest := integral<<pointBits + fraction; rest <= width {
			approach(&digits[count-1], distance, width, rest, divisor<<pointBits)
			return count, exponent
		}
	}
	for unit := uint64(10); ; unit *= 10 {
		fraction *= 10
		width *= 10
		exponent--
		digit := fraction >> pointBits
		fraction &= one - 1
		if digit != 0 || count != 0 {
			digits[count] = byte('0' + digit)
			count++
		}
		if fraction < width {
			approach(&digits[count-1], distance*unit, width, fraction, one)
			return count, exponent
		}
	}
}

// approach lowers the last digit, worth step, while that brings the number
// closer to the value and keeps it inside the interval. rest is the number's
// distance from the interval's upper end.
func approach(last *byte, distance, width, rest, step uint64) {
	for rest < distance && width-rest >= step &&
		(rest+step < distance || distance-rest > rest+step-distance) {
		*last--
		rest += step
	}
}

// appendGrisu appends a finite double other than zero. Exponents appear where
// plain notation would need many zeros.
func appendGrisu(dst []byte, d float64) []byte {
	negative := d < 0
	if negative {
		dst = append(dst, '-')
		d = -d
	}
	var buffer [digitsMax]byte
	count, last := grisu(d, &buffer)
	digits := buffer[:count]
	first := last + count - 1 // the power of ten of the first digit

	switch {
	case last >= 0 && first < count+7:
		dst = append(dst, digits...)
		return appendZeros(dst, last)
	case last < 0 && (last > -7 || abs(first) < 4):
		if point := count + last; point > 0 {
			dst = append(dst, digits[:point]...)
			dst = append(dst, '.')
			return append(dst, digits[point:]...)
		}
		dst = append(dst, "0."...)
		dst = appendZeros(dst, -count-last)
		return append(dst, digits...)
	}

	// The text is limited to 24 bytes; a negative number pays with a digit.
	limit := digitsMax
	if negative {
		limit--
	}
	digits = digits[:min(count, limit)]
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	if first < 0 {
		dst = append(dst, "e-"...)
	} else {
		dst = append(dst, "e+"...)
	}
	return AppendUint(dst, uint64(abs(first)))
}

func appendZeros(dst []byte, count int) []byte {
	for ; count > 0; count-- {
		dst = append(dst, '0')
	}
	return dst
}
