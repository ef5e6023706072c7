package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A form's pattern is made of words, separated by blanks:
//
//	SADD           itself
//	<member>       a word, or several, that the generator makes; see makers
//	[A b|C|]       one of the alternatives, of which the last here is nothing
//	{<member>}     what is inside, from one to repeatsMax times
type pattern []node

// node is one of: a word (text), a maker, alternatives, a repetition.
type node struct {
	text   string
	maker  maker
	oneOf  []pattern
	repeat pattern
}

// repeatsMax is how often the inside of {} may stand at most. It is more than
// the entries that the tiny thresholds allow.
const repeatsMax = 7

// parse reads a pattern. It panics on a mistake, which is one of the tables'.
func parse(text string) pattern {
	p := &parser{words: split(text), text: text}
	out := p.sequence()
	if len(p.words) != 0 {
		p.fail("unexpected %q", p.words[0])
	}
	return out
}

// split makes brackets, bars and words tokens of their own.
func split(text string) []string {
	for _, mark := range []string{"[", "]", "{", "}", "|"} {
		text = strings.ReplaceAll(text, mark, " "+mark+" ")
	}
	return strings.Fields(text)
}

type parser struct {
	words []string
	text  string
}

func (p *parser) fail(format string, args ...any) {
	panic(fmt.Sprintf("pattern %q: ", p.text) + fmt.Sprintf(format, args...))
}

// sequence reads until a token that ends an inside.
func (p *parser) sequence() (out pattern) {
	for len(p.words) > 0 && !strings.Contains("]}|", p.words[0]) {
		word := p.words[0]
		p.words = p.words[1:]
		switch {
		case word == "[":
			out = append(out, node{oneOf: p.alternatives()})
		case word == "{":
			out = append(out, node{repeat: p.sequence()})
			p.expect("}")
		case word[0] == '<':
			m := makers[strings.Trim(word, "<>")]
			if m == nil {
				p.fail("no maker of %s", word)
			}
			out = append(out, node{maker: m})
		default:
			out = append(out, node{text: word})
		}
	}
	return out
}

func (p *parser) alternatives() (all []pattern) {
	for {
		all = append(all, p.sequence())
		if len(p.words) == 0 || p.words[0] != "|" {
			p.expect("]")
			return all
		}
		p.words = p.words[1:]
	}
}

func (p *parser) expect(token string) {
	if len(p.words) == 0 || p.words[0] != token {
		p.fail("%s is missing", token)
	}
	p.words = p.words[1:]
}

// words appends a request that has the pattern.
func (p pattern) words(g *generator, out []string) []string {
	for _, n := range p {
		switch {
		case n.maker != nil:
			out = n.maker(g, out)
		case n.oneOf != nil:
			out = n.oneOf[g.IntN(len(n.oneOf))].words(g, out)
		case n.repeat != nil:
			for range 1 + g.IntN(repeatsMax) {
				out = n.repeat.words(g, out)
			}
		default:
			out = append(out, n.text)
		}
	}
	return out
}

// maker appends the words of one <name>.
type maker func(g *generator, out []string) []string

// word is a maker of a single word.
func word(f func(g *generator) string) maker {
	return func(g *generator, out []string) []string { return append(out, f(g)) }
}

// among is a maker that chooses a word.
func among(words ...string) maker {
	return word(func(g *generator) string { return words[g.IntN(len(words))] })
}

// between is a maker of integers, both ends included.
func between(low, high int) maker {
	return word(func(g *generator) string { return fmt.Sprint(low + g.IntN(high-low+1)) })
}

// counted is a maker that puts how many there are before what a maker makes.
func counted(inside maker) maker {
	return func(g *generator, out []string) []string {
		n := 1 + g.IntN(4)
		out = append(out, fmt.Sprint(n))
		for range n {
			out = inside(g, out)
		}
		return out
	}
}

// generator is the state from which words are made. Everything follows from
// its seed.
type generator struct {
	*rand.Rand
	families []*family
	family   *family // whose form is being made
	prefix   string  // of all keys
	lastID   int     // stream ids made so far
}

// keysPerFamily is how many keys each family has.
const keysPerFamily = 4

// key returns a key of the family or, now and then, of another.
func (g *generator) key() string {
	f := g.family
	if !f.apart && g.IntN(14) == 0 {
		return g.anyKey()
	}
	return g.keyOf(f, g.IntN(keysPerFamily))
}

// anyKey returns a key of any family that is not apart.
func (g *generator) anyKey() string {
	f := g.families[g.IntN(len(g.families))]
	for f.apart {
		f = g.families[g.IntN(len(g.families))]
	}
	return g.keyOf(f, g.IntN(keysPerFamily))
}

func (g *generator) keyOf(f *family, n int) string {
	return fmt.Sprintf("%s%s%d", g.prefix, f.name, n)
}

// member returns a member of a small universe, in which each encoding of short
// values has its examples.
func (g *generator) member() string {
	switch n := g.IntN(20); {
	case n < 9:
		return fmt.Sprint(g.IntN(16))
	case n < 17:
		return fmt.Sprintf("m%d", g.IntN(14))
	case n == 17:
		return []string{"-1", "-129", "128", "40000", "-70000", "5000000000", "9223372036854775807",
			"-9223372036854775808", "9223372036854775808", "007", "-0", "+5"}[g.IntN(12)]
	case n == 18:
		return strings.Repeat(string(rune('a'+g.IntN(3))), 60+g.IntN(12))
	default:
		return []string{"", "\x00\xff\r\n", "1.5", " 3", "3e2", "inf", strings.Repeat("xyz", 90)}[g.IntN(7)]
	}
}
