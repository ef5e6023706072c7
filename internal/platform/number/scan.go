package number

// form is the shape of a float's text.
type form uint8

const (
	formInvalid form = iota
	formDecimal
	formHex
	formInfinity
)

// scanned describes the text of a float: what it is and where its parts lie,
// so that the converters need not look again.
type scanned struct {
	form    form
	sign    int  // +1 or -1
	nonZero bool // the significand has a digit other than 0

	// The significand's digits, the point among them, are
	// text[digits:digitsEnd]; fraction of them stand after the point.
	digits, digitsEnd int
	fraction          int
	// The value of the exponent field, limited to ±exponentLimit.
	exponent int
}

// exponentLimit is beyond every exponent that any text of at most
// longDoubleTextMax digits can bring back into range.
const exponentLimit = 100_000

// scan checks text against the grammar of C's strtod, without leading spaces
// and without NaN, which no caller accepts.
func scan(text []byte) scanned {
	s := scanned{sign: 1}
	at := 0
	if at < len(text) && (text[at] == '+' || text[at] == '-') {
		if text[at] == '-' {
			s.sign = -1
		}
		at++
	}
	rest := text[at:]
	if equalFold(rest, "inf") || equalFold(rest, "infinity") {
		s.form = formInfinity
		return s
	}
	kind, isDigit, exponentMark := formDecimal, isDecimal, byte('e')
	if len(rest) > 2 && rest[0] == '0' && rest[1]|0x20 == 'x' {
		kind, isDigit, exponentMark = formHex, isHex, 'p'
		at += 2
	}

	s.digits = at
	digits, point := 0, false
	for ; at < len(text); at++ {
		c := text[at]
		if c == '.' && !point {
			point = true
			continue
		}
		if !isDigit(c) {
			break
		}
		digits++
		if point {
			s.fraction++
		}
		if c != '0' {
			s.nonZero = true
		}
	}
	s.digitsEnd = at
	if digits == 0 {
		return s
	}
	if at < len(text) && text[at]|0x20 == exponentMark {
		var ok bool
		if s.exponent, ok = scanExponent(text[at+1:]); !ok {
			return s
		}
		at = len(text)
	}
	if at == len(text) {
		s.form = kind
	}
	return s
}

// scanExponent reads the signed decimal number that is all of text.
func scanExponent(text []byte) (exponent int, ok bool) {
	sign := 1
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	for _, c := range text {
		if !isDecimal(c) {
			return 0, false
		}
		exponent = min(exponent*10+int(c-'0'), exponentLimit)
	}
	return sign * exponent, true
}

func isDecimal(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 5 }

// equalFold compares text with a lower-case ASCII word.
func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range lower {
		if text[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
