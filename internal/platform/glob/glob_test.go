package glob

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		nocase     bool
		want       bool
	}{
		{"", "", false, true},
		{"*", "", false, false},
		{"*", "anything", false, true},
		{"**", "a", false, true},
		{"a*", "a", false, true},
		{"a**", "a", false, true},
		{"h?llo", "hello", false, true},
		{"h?llo", "hllo", false, false},
		{"h*llo", "heeeello", false, true},
		{"h*llo", "hllo", false, true},
		{"h[ae]llo", "hallo", false, true},
		{"h[ae]llo", "hillo", false, false},
		{"h[^e]llo", "hbllo", false, true},
		{"h[^e]llo", "hello", false, false},
		{"h[a-b]llo", "hbllo", false, true},
		{"h[b-a]llo", "hallo", false, true},
		{"HELLO", "hello", true, true},
		{"HELLO", "hello", false, false},
		{"[A-C]x", "bX", true, true},
		{"[\\A]", "a", true, false},
		{"[\\]]", "]", false, true},
		{"[\\", "\\", false, true},
		{"[a", "a", false, true},
		{"[", "a", false, false},
		{"[^", "a", false, true},
		{"[]a]", "a", false, false},
		{"a\\", "a\\", false, true},
		{"\\*", "*", false, true},
		{"\\*", "a", false, false},
		{"a-[a-", "a--", false, true},
		{"*ab*cd*", "xxabyyabcdzz", false, true},
		{"*ab*cd", "xxabyyabcdzz", false, false},
		{"[\x80-a]", "\xff", false, true},
		{"[\x7f-\x80]", "\x90", false, true},
		{"a*b", "ab", false, true},
		{"a?", "a", false, false},
		{"ab", "a", false, false},
		{"a", "ab", false, false},
	} {
		if got := Match([]byte(c.pattern), []byte(c.s), c.nocase); got != c.want {
			t.Errorf("Match(%q, %q, %v) = %v", c.pattern, c.s, c.nocase, got)
		}
	}
}

func TestAbusivePatternsAreBounded(t *testing.T) {
	stars := strings.Repeat("a*", 1000)
	s := []byte(strings.Repeat("a", 2000))
	if !Match([]byte(stars+"a"), s, false) {
		t.Error("1000 stars do not match")
	}
	if Match([]byte(stars+"*a*a"), s, false) {
		t.Error("1001 stars match")
	}
	if Match([]byte(strings.Repeat("*a", 500)+"b"), []byte(strings.Repeat("a", 1<<16)), false) {
		t.Error("a string without b matches")
	}
}

func TestIsLiteral(t *testing.T) {
	for pattern, want := range map[string]bool{"": true, "a{b}]c": true, "a*": false, "?": false, "[": false, `\a`: false} {
		if IsLiteral([]byte(pattern)) != want {
			t.Errorf("IsLiteral(%q) is %v", pattern, !want)
		}
	}
}

// model matches by plain backtracking: a star tries everything. It shares
// nothing with Match but the bracket parser's meaning, spelled out anew.
func model(p, s string, nocase bool) bool {
	fold := func(c byte) int {
		if nocase && c < 0x80 {
			c = strings.ToLower(string(rune(c)))[0]
		}
		return int(int8(c))
	}
	if p == "" || s == "" {
		return p == "" && s == ""
	}
	tail := func(p string) bool {
		if len(s) == 1 {
			return strings.Trim(p, "*") == ""
		}
		return model(p, s[1:], nocase)
	}
	switch {
	case p[0] == '*':
		p = strings.TrimLeft(p, "*")
		if p == "" {
			return true
		}
		for i := range len(s) {
			if model(p, s[i:], nocase) {
				return true
			}
		}
		return false
	case p[0] == '?':
		return tail(p[1:])
	case p[0] == '[':
		i, hit := 1, false
		not := i < len(p) && p[i] == '^'
		if not {
			i++
		}
		for i < len(p) && p[i] != ']' {
			left := len(p) - i
			if p[i] == '\\' && left >= 2 {
				hit = hit || p[i+1] == s[0]
				i += 2
			} else if left >= 3 && p[i+1] == '-' {
				lo, hi := p[i], p[i+2]
				if int8(lo) > int8(hi) {
					lo, hi = hi, lo
				}
				hit = hit || fold(lo) <= fold(s[0]) && fold(s[0]) <= fold(hi)
				i += 3
			} else {
				hit = hit || fold(p[i]) == fold(s[0])
				i++
			}
		}
		return hit != not && tail(p[min(i+1, len(p)):])
	case p[0] == '\\' && len(p) >= 2:
		p = p[1:]
	}
	return fold(p[0]) == fold(s[0]) && tail(p[1:])
}

func FuzzMatch(f *testing.F) {
	for _, p := range []string{"", "*", "a*b*c", "[^a-c]*\\", "**?", "[a-", "[\\]-\\a]", "*[a*", "a[]b*"} {
		f.Add(p, "aabbcc", true)
		f.Add(p, "", false)
		f.Add(p, "abcabc*]\\", false)
	}
	f.Fuzz(func(t *testing.T, p, s string, nocase bool) {
		if len(p) > 24 || len(s) > 24 {
			return // the model takes exponential time
		}
		if got, want := Match([]byte(p), []byte(s), nocase), model(p, s, nocase); got != want {
			t.Fatalf("Match(%q, %q, %v) = %v, the model says %v", p, s, nocase, got, want)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	pattern, s := []byte("user:*:profile"), []byte("user:123456:profile")
	for b.Loop() {
		if !Match(pattern, s, false) {
			b.Fatal("no match")
		}
	}
}
