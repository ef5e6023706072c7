package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// script is a parsed file.
type script struct {
	path    string
	options []string // of the server
	lines   []string // as they are in the file
	steps   []step
}

// step is one line with > and its replies.
type step struct {
	line   int // of the file, from 1
	client string
	send   []byte // nothing: read on
	want   []expectation
	rules
	// The lines of the replies are lines[from:to] of the script.
	from, to int
}

// expectation is a reply, and what it looks like in RESP3.
type expectation struct{ resp2, resp3 string }

func (e expectation) in(protocol int) string {
	if protocol == 3 {
		return e.resp3
	}
	return e.resp2
}

// rules are the directives in force.
type rules struct {
	since      string
	valkey     bool
	kvasir     bool
	protocol   int // 0 is both
	unordered  bool
	eventually bool
}

// Lines that stand for what is no reply.
const (
	pending = "..."
	closed  = "closed"
	unknown = "?"
)

// parse reads a script.
func parse(path, text string) (*script, error) {
	s := &script{path: path, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
	var global, local rules
	var current *step
	var once *rules // of the next command
	for i, line := range s.lines {
		var err error
		switch client, rest, kind := prompt(line); {
		case strings.TrimSpace(line) == "":
			if len(s.steps) == 0 {
				global = local
			}
			local, current = global, nil
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@next "):
			if once == nil {
				once = new(local)
			}
			err = s.directive("@"+line[len("@next "):], once)
		case strings.HasPrefix(line, "@"):
			err = s.directive(line, &local)
		case kind != 0:
			s.steps = append(s.steps, step{line: i + 1, client: client, rules: local, from: i + 1, to: i + 1})
			current = &s.steps[len(s.steps)-1]
			if once != nil {
				current.rules, once = *once, nil
			}
			current.send, err = request(rest, kind)
		case current == nil:
			err = fmt.Errorf("a reply to nothing")
		default:
			current.to = i + 1
			err = current.expect(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return s, nil
}

// prompt splits a line that sends: its client, what it sends, and '>' for a
// command or '=' for bytes; 0 for other lines.
func prompt(line string) (client, rest string, kind byte) {
	end := strings.IndexByte(line, '>')
	if end < 0 {
		return "", "", 0
	}
	name := line[:end]
	kind = '>'
	if strings.HasSuffix(name, "=") {
		name, kind = name[:end-1], '='
	}
	for _, c := range name {
		if c < 'a' || c > 'z' {
			return "", "", 0
		}
	}
	// ">[" starts a push.
	if name == "" && strings.HasPrefix(line[end:], ">[") {
		return "", "", 0
	}
	return name, strings.TrimSpace(line[end+1:]), kind
}

func (st *step) expect(line string) error {
	if resp3, ok := strings.CutPrefix(line, "3| "); ok {
		if len(st.want) == 0 {
			return fmt.Errorf("a reply for RESP3 without the one for RESP2")
		}
		st.want[len(st.want)-1].resp3 = resp3
		return nil
	}
	st.want = append(st.want, expectation{line, line})
	return nil
}

// directive reads a line that starts with @.
func (s *script) directive(line string, r *rules) (err error) {
	words := strings.Fields(line)
	want := 1
	switch words[0] {
	case "@since", "@resp":
		want = 2
	case "@options":
		want = 3
	}
	if len(words) != want {
		return fmt.Errorf("%s takes %d words", words[0], want-1)
	}
	switch words[0] {
	case "@since":
		r.since = words[1]
	case "@resp":
		r.protocol, err = strconv.Atoi(words[1])
	case "@valkey":
		r.valkey = true
	case "@kvasir":
		r.kvasir = true
	case "@unordered":
		r.unordered = true
	case "@eventually":
		r.eventually = true
	case "@options":
		s.options = append(s.options, "--"+words[1], words[2])
	default:
		err = fmt.Errorf("unknown directive %s", words[0])
	}
	return err
}

// request returns the bytes that a line sends.
func request(text string, kind byte) ([]byte, error) {
	words, err := splitWords(text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	if kind == '=' {
		return []byte(strings.Join(words, "")), nil
	}
	out := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(w), w)
	}
	return out, nil
}

// repeatMax bounds the length of a repeated word.
const repeatMax = 16 << 20

// splitWords splits a line into its words.
func splitWords(text string) (words []string, err error) {
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" {
			return words, nil
		}
		if text[0] != '"' {
			end := strings.IndexAny(text, " \t")
			if end < 0 {
				end = len(text)
			}
			words, text = append(words, text[:end]), text[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, fmt.Errorf("bad quotes in %s", text)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		text = text[len(quoted):]
		if count, ok := strings.CutPrefix(text, "*"); ok {
			end := strings.IndexAny(count+" ", " \t")
			n, err := strconv.Atoi(count[:end])
			if err != nil || n < 0 || n*len(word) > repeatMax {
				return nil, fmt.Errorf("bad repetition in %s", text)
			}
			word, text = strings.Repeat(word, n), count[end:]
		}
		words = append(words, word)
	}
}

// rewritten returns the script's text with other replies, one list per step.
func (s *script) rewritten(replies [][]expectation) string {
	lines := slices.Clone(s.lines)
	for i, st := range slices.Backward(s.steps) {
		if replies[i] == nil {
			continue
		}
		var text []string
		for _, line := range s.lines[st.from:st.to] {
			if strings.HasPrefix(line, "#") {
				text = append(text, line)
			}
		}
		for _, e := range replies[i] {
			text = append(text, e.resp2)
			if e.resp3 != e.resp2 {
				text = append(text, "3| "+e.resp3)
			}
		}
		lines = slices.Replace(lines, st.from, st.to, text...)
	}
	return strings.Join(lines, "\n") + "\n"
}
