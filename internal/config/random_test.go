package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestRandomFiles builds files of random lines that load on their own, about
// every parameter, and checks them as FuzzFile does. Byte-wise fuzzing rarely
// hits an option's name.
func TestRandomFiles(t *testing.T) {
	names := allNames()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(
			rapid.SampledFrom([]string{"yes", "no", "0", "1", "7", "60", "2000", "1mb", "3000", "5%", "-1", "normal",
				"replica", "pubsub", "now", "force", "one", "127.0.0.1", "-::*", "99.95", "KEA", "a b", `a"b`, `\`, "", "x'y"}),
			rapid.SampledFrom(definedWords()),
			rapid.StringN(0, 6, -1),
		)
		line := rapid.Custom(func(t *rapid.T) string {
			if rapid.IntRange(0, 9).Draw(t, "comment") == 0 {
				return rapid.SampledFrom([]string{"", "# text", rewriteMarker, "user x on", "lua-replicate-commands yes"}).Draw(t, "line")
			}
			var b strings.Builder
			b.WriteString(rapid.SampledFrom(names).Draw(t, "name"))
			for _, w := range rapid.SliceOfN(word, 1, 8).Draw(t, "words") {
				b.WriteString(" " + Quote(w))
			}
			return b.String()
		}).Filter(func(line string) bool {
			return loadText(New(Environment{Dir: "/"}), line, nil) == nil
		})
		checkRewrite(t, strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "lines"), "\n"))
	})
}

// definedWords are the names of enumeration values.
func definedWords() []string {
	var words []string
	for _, p := range newStore("/").All() {
		words = append(words, p.Definition().Values...)
	}
	return words
}

// checkRewrite loads text, when it is valid, and checks that its rewritten
// form gives the same values and is stable.
func checkRewrite(t rapid.TB, text string) {
	s := New(Environment{Dir: "/"})
	if loadText(s, text, nil) != nil {
		return
	}
	rewritten := s.rewritten(text, nil, false)
	again := New(Environment{Dir: "/"})
	if err := loadText(again, rewritten, nil); err != nil {
		t.Fatalf("%q\nrewritten %q: %v", text, rewritten, err)
	}
	if diff := cmp.Diff(s.Get(allNames()), again.Get(allNames())); diff != "" {
		t.Fatalf("%q\nrewritten %q:\n%s", text, rewritten, diff)
	}
	if third := again.rewritten(rewritten, nil, false); strings.TrimRight(third, "\n") != strings.TrimRight(rewritten, "\n") {
		t.Fatalf("%q\nrewritten %q\nagain %q", text, rewritten, third)
	}
}
