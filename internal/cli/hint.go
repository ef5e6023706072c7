package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// A hint is the syntax of what remains to be typed of a command. The words
// typed so far are matched against the argument specs; every spec keeps what
// has been matched of it (argState), and the hint is made of the rest.
//
// Arguments match greedily from left to right. Neighbouring optional arguments
// may come in any order. A repeated argument is never complete.

// argState is what the typed words have matched of one argSpec.
type argState struct {
	spec *argSpec
	// words counts what was matched, with the members' counts; 0 is untouched.
	words int
	token bool // the token was typed
	value bool // the value itself was typed
	// done means that nothing of the argument can follow.
	done bool
	sub  []argState
}

func newArgStates(specs []argSpec) []argState {
	states := make([]argState, len(specs))
	for i := range specs {
		states[i] = argState{spec: &specs[i], sub: newArgStates(specs[i].sub)}
	}
	return states
}

func (a *argState) reset() {
	*a = argState{spec: a.spec, sub: a.sub}
	for i := range a.sub {
		a.sub[i].reset()
	}
}

// hintFor returns the hint behind the typed words, which do not include the
// command's name. It is empty when the words do not fit the arguments.
func hintFor(specs []argSpec, typed []string) string {
	states := newArgStates(specs)
	if matchSequence(states, typed) != len(typed) {
		return ""
	}
	var b strings.Builder
	writeHints(&b, states, " ")
	return b.String()
}

// matchSequence matches arguments in order and returns how many words they
// took; 0 when a required argument does not fit.
func matchSequence(args []argState, words []string) int {
	taken := 0
	for i := 0; i < len(args) && taken < len(words); {
		if run := optionalRun(args[i:]); run > 0 {
			taken += matchOptionals(args[i:i+run], words[taken:])
			i += run
			continue
		}
		n := args[i].match(words[taken:])
		if n == 0 {
			return 0
		}
		taken += n
		i++
	}
	return taken
}

// optionalRun counts the optional arguments at the start.
func optionalRun(args []argState) int {
	n := 0
	for n < len(args) && args[n].spec.optional {
		n++
	}
	return n
}

// matchOptionals matches neighbouring optional arguments in whatever order they
// were typed.
func matchOptionals(args []argState, words []string) int {
	taken := 0
	var previous *argState
	for taken < len(words) {
		n := 0
		for i := range args {
			if args[i].words > 0 {
				continue
			}
			if n = args[i].match(words[taken:]); n > 0 {
				if previous != nil {
					previous.done = true // another option ends it
				}
				previous = &args[i]
				break
			}
		}
		if n == 0 {
			break
		}
		taken += n
	}
	return taken
}

// match matches the argument, with its repetitions, and returns the words taken.
func (a *argState) match(words []string) int {
	taken := a.matchOnce(words)
	if !a.spec.multiple {
		return taken
	}
	for a.done && taken < len(words) {
		a.reset()
		if a.spec.hasToken && !a.spec.multipleToken {
			// The token stands only before the first repetition.
			n := a.matchValue(words[taken:])
			a.token = a.words > 0
			taken += n
		} else {
			taken += a.matchOnce(words[taken:])
		}
	}
	a.done = false
	return taken
}

func (a *argState) matchOnce(words []string) int {
	if !a.spec.hasToken {
		return a.matchValue(words)
	}
	if !strings.EqualFold(a.spec.token, words[0]) {
		return 0
	}
	a.token, a.words = true, 1
	if a.spec.kind == argPureToken {
		a.done = true
		return 1
	}
	if len(words) == 1 {
		return 1
	}
	return a.matchValue(words[1:])
}

// matchValue matches what stands behind the token. The count it returns
// includes the token's word.
func (a *argState) matchValue(words []string) int {
	switch a.spec.kind {
	case argBlock:
		a.words += matchSequence(a.sub, words)
		a.done = true
		for i := range a.sub {
			a.done = a.done && a.sub[i].done
		}
	case argOneOf:
		for i := range a.sub {
			if a.sub[i].match(words) > 0 {
				a.words += a.sub[i].words
				a.done = a.sub[i].done
				break
			}
		}
	default:
		if !fitsKind(a.spec.kind, words[0]) {
			a.words, a.value = 0, false
			break
		}
		a.words++
		a.value, a.done = true, true
	}
	return a.words
}

// fitsKind checks a number's start: "12abc" is still being typed, "abc" is not
// a number.
func fitsKind(kind, word string) bool {
	switch kind {
	case argInteger, argUnixTime:
		digits := strings.TrimLeft(word, "+-")
		return len(word)-len(digits) <= 1 && digits != "" && digits[0] >= '0' && digits[0] <= '9'
	case argDouble:
		for end := len(word); end > 0; end-- {
			if _, err := strconv.ParseFloat(word[:end], 64); err == nil {
				return true
			}
		}
		return false
	}
	return true
}

// writeHints writes the hints of arguments in order, with separator between
// those that have any.
func writeHints(b *strings.Builder, args []argState, separator string) {
	mark := b.Len()
	write := func(a *argState, last bool) {
		a.writeHint(b)
		if b.Len() > mark && !last {
			b.WriteString(separator)
			mark = b.Len()
		}
	}
	for i := 0; i < len(args); {
		run := optionalRun(args[i:])
		if run == 0 {
			write(&args[i], i == len(args)-1)
			i++
			continue
		}
		// The option being typed comes first, then those that still may come.
		// None may once what follows them has been typed.
		end := i + run
		var started *argState
		for j := i; j < end; j++ {
			if args[j].words > 0 && !args[j].done {
				started = &args[j]
				write(started, i == len(args)-1)
			}
		}
		if end == len(args) || args[end].words == 0 {
			for j := i; j < end; j++ {
				if &args[j] != started {
					write(&args[j], j == len(args)-1)
				}
			}
		}
		i = end
	}
}

func (a *argState) writeHint(b *strings.Builder) {
	if a.done {
		return
	}
	// Once begun, an option is no longer optional.
	bracketed := a.spec.optional && a.words == 0
	if bracketed {
		b.WriteByte('[')
	}
	if a.spec.hasToken && !a.token {
		a.writeToken(b)
	}
	switch a.spec.kind {
	case argOneOf:
		if a.words == 0 {
			writeHints(b, a.sub, "|")
			break
		}
		for i := range a.sub {
			if a.sub[i].words > 0 {
				a.sub[i].writeHint(b)
			}
		}
	case argBlock:
		writeHints(b, a.sub, " ")
	case argPureToken:
	default:
		if !a.value {
			b.WriteString(orEmptyQuotes(a.spec.name))
		}
	}
	if a.spec.multiple {
		a.writeRepetition(b)
		bracketed = a.spec.optional
	}
	if bracketed {
		b.WriteByte(']')
	}
}

// writeRepetition writes "[TOKEN name ...]". It is the whole argument again,
// whatever was typed of it.
func (a *argState) writeRepetition(b *strings.Builder) {
	a.reset()
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteByte('[')
	if a.spec.multipleToken {
		a.writeToken(b)
	}
	switch a.spec.kind {
	case argOneOf:
		writeHints(b, a.sub, "|")
	case argBlock:
		writeHints(b, a.sub, " ")
	case argPureToken:
	default:
		b.WriteString(orEmptyQuotes(a.spec.name))
	}
	b.WriteString(" ...]")
}

func (a *argState) writeToken(b *strings.Builder) {
	b.WriteString(orEmptyQuotes(a.spec.token))
	if a.spec.kind != argPureToken {
		b.WriteByte(' ')
	}
}

func orEmptyQuotes(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// testHint prints the hint for one input, for scripts that test hints.
func (a *app) testHint(input string) error {
	hint, _ := a.help.hint(input)
	a.printf("%s\n", hint)
	return nil
}

// testHintFile checks a file of inputs and the hints they must give.
func (a *app) testHintFile(name string) error {
	lines, err := readLines(name)
	if err != nil {
		return err
	}
	passed, failed := 0, 0
	for _, line := range lines {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words, err := splitArgs(line)
		if err != nil || len(words) == 0 {
			continue
		}
		if len(words) == 1 {
			return fmt.Errorf("Missing expected hint for input '%s'", words[0])
		}
		hint, found := a.help.hint(words[0])
		if a.opts.verbose {
			a.printf("Input: '%s', Expected: '%s', Hint: '%s'\n", words[0], words[1], hint)
		}
		hint = strings.TrimRight(hint, " ")
		if !found || hint != words[1] {
			fmt.Fprintf(a.errOut, "Test case '%s' FAILED: expected '%s', got '%s'\n", words[0], words[1], hint)
			failed++
		} else {
			passed++
		}
	}
	verdict := "SUCCESS"
	if failed > 0 {
		verdict = "FAILURE"
	}
	a.printf("%s: %d/%d passed\n", verdict, passed, passed+failed)
	if failed > 0 {
		return exitError(min(failed, 255))
	}
	return nil
}
