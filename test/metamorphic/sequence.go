package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// step is one step of a sequence: requests, or time that passes.
type step struct {
	// requests is one request, or a transaction from MULTI to its end. A
	// transaction is one step so that shrinking does not tear it.
	requests [][]string
	advance  time.Duration
	marks    mark
}

// String writes a step as lines that a client's shell understands.
func (s step) String() string {
	if s.advance != 0 {
		return fmt.Sprintf("# %v pass", s.advance)
	}
	var lines []string
	for _, words := range s.requests {
		quoted := make([]string, len(words))
		for i, w := range words {
			if quoted[i] = w; w == "" || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
				quoted[i] = strconv.Quote(w)
			}
		}
		lines = append(lines, strings.Join(quoted, " "))
	}
	return strings.Join(lines, "\n")
}

// taste says which forms a sequence is made of.
type taste struct {
	seed     uint64
	steps    int
	prefix   string                 // of all keys
	coreOnly bool                   // only what the model knows
	without  mark                   // forms with one of these marks are left out
	has      func(name string) bool // the commands that the targets have; nil: all
}

// timeShare and transactionShare say one in how many steps is such.
const (
	timeShare        = 25
	transactionShare = 30
	transactionMax   = 6 // requests in a transaction
)

// sequence makes the steps of a seed.
func sequence(t taste) []step {
	g := &generator{Rand: rand.New(rand.NewPCG(t.seed, 1)), prefix: t.prefix, families: allFamilies()}
	usable := usableForms(g.families, t)
	steps := make([]step, 0, t.steps)
	for len(steps) < t.steps {
		switch {
		case t.without&timed == 0 && g.IntN(timeShare) == 0:
			steps = append(steps, step{advance: time.Duration(1+g.IntN(2000)) * time.Millisecond})
		case !t.coreOnly && g.IntN(transactionShare) == 0:
			steps = append(steps, g.transaction(usable))
		default:
			words, marks := g.request(usable)
			steps = append(steps, step{requests: [][]string{words}, marks: marks})
		}
	}
	return steps
}

// familyForms is a family with those of its forms that a taste allows.
type familyForms struct {
	*family
	forms []form
}

func usableForms(families []*family, t taste) (all []familyForms) {
	for _, f := range families {
		u := familyForms{family: f}
		for _, fm := range f.forms {
			if fm.marks&t.without == 0 && (fm.core || !t.coreOnly) && (t.has == nil || t.has(fm.pattern[0].text)) {
				u.forms = append(u.forms, fm)
			}
		}
		if len(u.forms) > 0 {
			all = append(all, u)
		}
	}
	return all
}

// request makes a request of any family.
func (g *generator) request(usable []familyForms) ([]string, mark) {
	u := usable[g.IntN(len(usable))]
	fm := u.forms[g.IntN(len(u.forms))]
	g.family = u.family
	return fm.pattern.words(g, nil), fm.marks
}

// transaction makes MULTI, some requests whose replies need no treatment, and
// EXEC or, sometimes, DISCARD.
func (g *generator) transaction(usable []familyForms) step {
	s := step{requests: [][]string{{"MULTI"}}}
	for range 1 + g.IntN(transactionMax) {
		if words, marks := g.request(usable); marks&^timed == 0 {
			s.requests = append(s.requests, words)
		}
	}
	end := "EXEC"
	if g.IntN(8) == 0 {
		end = "DISCARD"
	}
	s.requests = append(s.requests, []string{end})
	return s
}

// allKeys are the keys that a sequence can use.
func allKeys(prefix string) (keys []string) {
	g := &generator{prefix: prefix}
	for _, f := range allFamilies() {
		for n := range keysPerFamily {
			keys = append(keys, g.keyOf(f, n))
		}
	}
	return keys
}

// shrinkTries bounds how often a failing sequence is played while shrinking.
const shrinkTries = 150

// shrink returns as few steps as it finds in a bounded number of tries for
// which fails still holds.
func shrink(steps []step, deadline time.Time, fails func([]step) bool) []step {
	tries := 0
	for size := len(steps) / 2; size >= 1; size /= 2 {
		for at := 0; at < len(steps); {
			if tries++; tries > shrinkTries || time.Now().After(deadline) {
				return steps
			}
			shorter := append(append([]step(nil), steps[:at]...), steps[min(at+size, len(steps)):]...)
			if fails(shorter) {
				steps = shorter
			} else {
				at += size
			}
		}
	}
	return steps
}
