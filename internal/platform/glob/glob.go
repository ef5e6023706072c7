// Package glob matches strings against the patterns of KEYS, SCAN, PSUBSCRIBE,
// ACL rules and CONFIG GET.
//
//   - any bytes, also none
//     ?        one byte
//     [abc]    one of these bytes; [a-c] a range; [^abc] none of these
//     \x       the byte x itself, also inside brackets
//
// The details are Valkey's, oddities included: an unclosed bracket ends with the
// pattern, a range may be written backwards, letter case is ASCII's, an escaped
// byte inside brackets keeps its case, and the empty string matches only the
// empty pattern, not "*".
package glob

// starsMax is Valkey's protection against abusive patterns: a match that gets
// past more stars than this fails.
const starsMax = 1000

// Match reports whether pattern matches all of s. With nocase the letters A to Z
// equal a to z. It takes time O(len(pattern) * len(s)) and no memory.
//
// Only the latest star ever needs another try: what stands between two stars is
// matched at the leftmost place, and if the rest then fails there, it would also
// fail from any place further right.
func Match(pattern, s []byte, nocase bool) bool {
	var retryPattern, retry []byte // after the latest star, and what it has not swallowed yet
	stars := 0
	for len(pattern) > 0 && len(s) > 0 {
		if pattern[0] == '*' {
			for len(pattern) > 1 && pattern[1] == '*' {
				pattern = pattern[1:]
			}
			if len(pattern) == 1 {
				return true
			}
			if stars++; stars > starsMax {
				return false
			}
			pattern = pattern[1:]
			retryPattern, retry = pattern, s
			continue
		}
		rest, ok := matchOne(pattern, s[0], nocase)
		if ok {
			pattern, s = rest, s[1:]
			if len(s) > 0 && len(pattern) > 0 {
				continue
			}
			for len(s) == 0 && len(pattern) > 0 && pattern[0] == '*' {
				pattern = pattern[1:]
			}
			if len(s) == 0 && len(pattern) == 0 {
				return true
			}
		}
		if len(retry) <= 1 {
			return false
		}
		retry = retry[1:]
		pattern, s = retryPattern, retry
	}
	return len(pattern) == 0 && len(s) == 0
}

// matchOne matches c against the first element of pattern, which is no star, and
// returns the pattern after it.
func matchOne(pattern []byte, c byte, nocase bool) (rest []byte, ok bool) {
	switch pattern[0] {
	case '?':
		return pattern[1:], true
	case '[':
		return matchClass(pattern[1:], c, nocase)
	case '\\':
		if len(pattern) >= 2 {
			pattern = pattern[1:]
		}
	}
	return pattern[1:], equal(pattern[0], c, nocase)
}

// matchClass matches c against a bracket expression whose opening bracket is
// already gone.
func matchClass(pattern []byte, c byte, nocase bool) (rest []byte, ok bool) {
	negated := len(pattern) > 0 && pattern[0] == '^'
	if negated {
		pattern = pattern[1:]
	}
	for {
		switch {
		case len(pattern) >= 2 && pattern[0] == '\\':
			ok = ok || pattern[1] == c
			pattern = pattern[2:]
		case len(pattern) == 0:
			return pattern, ok != negated
		case pattern[0] == ']':
			return pattern[1:], ok != negated
		case len(pattern) >= 3 && pattern[1] == '-':
			ok = ok || inRange(pattern[0], pattern[2], c, nocase)
			pattern = pattern[3:]
		default:
			ok = ok || equal(pattern[0], c, nocase)
			pattern = pattern[1:]
		}
	}
}

// inRange compares bytes as signed numbers, as Valkey does on x86: bytes from
// 0x80 up sort before all others.
func inRange(from, to, c byte, nocase bool) bool {
	// Which end is the lower one is decided before the case is folded.
	if int8(from) > int8(to) {
		from, to = to, from
	}
	if nocase {
		from, to, c = lower(from), lower(to), lower(c)
	}
	return int8(from) <= int8(c) && int8(c) <= int8(to)
}

func equal(a, b byte, nocase bool) bool {
	return a == b || nocase && lower(a) == lower(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// IsLiteral reports whether pattern has no special bytes, so that it matches
// exactly one string: itself.
func IsLiteral(pattern []byte) bool {
	for _, c := range pattern {
		switch c {
		case '*', '?', '[', '\\':
			return false
		}
	}
	return true
}
