package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSplitArgs(t *testing.T) {
	for line, want := range map[string][]string{
		"":                           {},
		"  \t ":                      {},
		"set k v":                    {"set", "k", "v"},
		` get "a b" `:                {"get", "a b"},
		`"\n\r\t\a\b\\\"\x41\xff\q"`: {"\n\r\t\a\b\\\"A\xffq"},
		`'a\'b\n'`:                   {`a'b\n`},
		`""k'e'"y" x""`:              {"key", "x"},
		`"" ''`:                      {"", ""},
		`"\xzz"`:                     {"xzz"},
	} {
		got, err := splitArgs(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
	for _, line := range []string{`"a`, `'a`, `a "b\"`, `'\'`} {
		if got, err := splitArgs(line); err == nil {
			t.Errorf("%q: got %q, want an error", line, got)
		}
	}
}

func TestQuoted(t *testing.T) {
	const in = "a\"\\\n\r\t\a\b\x00\x7f\xffé"
	const want = `"a\"\\\n\r\t\a\b\x00\x7f\xff\xc3\xa9"`
	if got := quoted(in); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzQuote checks that quoting loses nothing, in a line and in JSON.
func FuzzQuote(f *testing.F) {
	f.Add("", "x")
	f.Add("a b", "'\"\\")
	f.Add("\x00\xff\n", "é")
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := splitArgs(quoted(a) + " " + quoted(b))
		if err != nil || len(got) != 2 || got[0] != a || got[1] != b {
			t.Fatalf("%q, %q came back as %q, %v", a, b, got, err)
		}
		var text string
		if err := json.Unmarshal(appendQuotedJSON(nil, a), &text); err != nil || text != quoted(a)[1:len(quoted(a))-1] {
			t.Fatalf("%q as quoted JSON is %q, %v", a, text, err)
		}
		if utf8.ValidString(a) {
			if err := json.Unmarshal(appendJSON(nil, a), &text); err != nil || text != a {
				t.Fatalf("%q as JSON is %q, %v", a, text, err)
			}
		}
	})
}

// FuzzSplitArgs checks that no line makes splitArgs panic, and that what it
// splits it splits alike when quoted anew.
func FuzzSplitArgs(f *testing.F) {
	f.Add(`set "k" 'v' \x41`)
	f.Add(`"\x4`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitArgs(line)
		if err != nil {
			return
		}
		var again []string
		for _, word := range words {
			again = append(again, quoted(word))
		}
		got, err := splitArgs(strings.Join(again, " "))
		if err != nil || len(got) != len(words) {
			t.Fatalf("%q split as %q, then as %q, %v", line, words, got, err)
		}
		for i := range got {
			if got[i] != words[i] {
				t.Fatalf("%q split as %q, then as %q", line, words, got)
			}
		}
	})
}
