package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const (
	esc   = "\x1b"
	up    = esc + "[A"
	down  = esc + "[B"
	right = esc + "[C"
	left  = esc + "[D"
)

// testAssistant completes from a list and hints after "get ".
type testAssistant struct{ words []string }

func (a testAssistant) complete(line string) (found []string) {
	for _, word := range a.words {
		if strings.HasPrefix(word, line) {
			found = append(found, word)
		}
	}
	return found
}

func (a testAssistant) hint(line string) string {
	if line == "get " {
		return "key and a hint that is longer than the row"
	}
	return ""
}

// edit types keys into an editor on a screen of the given width.
func edit(t *testing.T, keys string, columns int, past ...string) (line string, screen *testScreen, err error) {
	t.Helper()
	var output bytes.Buffer
	a := &app{
		console: &console{w: bufio.NewWriter(&output), raw: true},
		errOut:  io.Discard,
		// Byte by byte, so that every key is drawn.
		input: newInput(iotest.OneByteReader(strings.NewReader(keys))),
	}
	e := newEditor(a, -1, testAssistant{words: []string{"GET", "GETEX", "SET"}})
	e.width = func() int { return columns }
	h := loadHistory("")
	h.lines = past
	line, err = e.edit("> ", h)
	for range a.input.chunks { // let the reader see the end
	}
	return line, drawScreen(t, output.String(), columns), err
}

func TestEditing(t *testing.T) {
	for keys, want := range map[string]string{
		"abc\r":                            "abc",
		"abc\n":                            "abc",
		"héé\x7f\r":                        "hé",
		"ac" + left + "b\r":                "abc",
		"bc\x01a\x05d\r":                   "abcd",
		"abc\x02\x02\x04\r":                "ac",
		"abc" + esc + "[H" + esc + "[3~\r": "bc",
		"abc" + left + "\x0b\r":            "ab",
		"abc\x15x\r":                       "x",
		"one two  \x17three\r":             "one three",
		"ab\x14\r":                         "ba",
		"one two" + esc + "b" + "X\r":      "one Xtwo",
		"one two\x01" + esc + "[1;5CX\r":   "oneX two",
		"a" + esc + "[99~b\r":              "ab",
		"a" + right + right + "b\r":        "ab",
		"\x7f\x7fa\r":                      "a",
		"ab\x01" + left + "\x04\r":         "b",
		"\xff\r":                           "\uFFFD",
		"a\x0cb\r":                         "ab",
		esc + "OFa" + esc + "OHb\r":        "ba",
	} {
		line, _, err := edit(t, keys, 80)
		if err != nil || line != want {
			t.Errorf("%q: %q, %v, want %q", keys, line, err, want)
		}
	}
}

func TestEditorLeaves(t *testing.T) {
	for keys, want := range map[string]error{
		"\x04":    errLeft,
		"abc\x03": errInterrupted,
		"abc":     io.EOF, // the terminal is gone
	} {
		if line, _, err := edit(t, keys, 80); !errors.Is(err, want) {
			t.Errorf("%q: %q, %v, want %v", keys, line, err, want)
		}
	}
}

func TestEditorHistory(t *testing.T) {
	past := []string{"get a", "set b", "get c"}
	for keys, want := range map[string]string{
		up + "\r":                    "get c",
		up + up + up + up + "\r":     "get a",
		up + up + down + "\r":        "get c",
		"new" + up + down + "er\r":   "newer",
		"\x10\x10!\r":                "set b!",
		"\x12set\r":                  "set b",
		"\x12get\x12\r":              "get a",
		"\x12gex\x7ft a\r":           "get a",
		"mine\x12get\x07\r":          "mine",
		"\x12nothing\r":              "",
		"\x12b" + esc + "[D" + "X\r": "set Xb",
	} {
		line, _, err := edit(t, keys, 80, past...)
		if err != nil || line != want {
			t.Errorf("%q: %q, %v, want %q", keys, line, err, want)
		}
	}
}

func TestEditorCompletion(t *testing.T) {
	for keys, want := range map[string]string{
		"G\t\r":           "GET",
		"G\t\t\r":         "GETEX",
		"G\t\t\t\r":       "G",
		"G\t\t\t\t\r":     "GET",
		"G\t k\r":         "GET k",
		"x\ty\r":          "xy",
		"G\t" + up + "\r": "past",
	} {
		line, _, err := edit(t, keys, 80, "past")
		if err != nil || line != want {
			t.Errorf("%q: %q, %v, want %q", keys, line, err, want)
		}
	}
}

func TestEditorScreen(t *testing.T) {
	for _, test := range []struct {
		keys    string
		columns int
		want    []string
	}{
		{"hello\r", 20, []string{"> hello", ""}},
		{"0123456789abcdef\r", 10, []string{"> 01234567", "89abcdef", ""}},
		{"0123456789abcdef\x01X\r", 10, []string{"> X0123456", "789abcdef", ""}},
		{"0123456789abcdef\x01\x0b\r", 10, []string{"> ", ""}},
		{"漢字漢字\r", 20, []string{"> 漢字漢字", ""}},
		{"get \r", 20, []string{"> get ", ""}}, // the hint is gone
		{"get ", 20, []string{"> get key and a hin"}},
	} {
		_, screen, _ := edit(t, test.keys, test.columns)
		if diff := cmp.Diff(test.want, screen.lines()); diff != "" {
			t.Errorf("%q in %d columns: %s", test.keys, test.columns, diff)
		}
	}
	_, screen, _ := edit(t, "0123456789abcdef"+left+left, 10)
	if screen.row != 1 || screen.column != 6 {
		t.Errorf("cursor at row %d, column %d", screen.row, screen.column)
	}
}

// testScreen understands what the editor writes.
type testScreen struct {
	columns     int
	cells       [][]rune
	row, column int
}

func drawScreen(t *testing.T, output string, columns int) *testScreen {
	t.Helper()
	s := &testScreen{columns: columns, cells: [][]rune{{}}}
	for output != "" {
		if sequence, rest, ok := strings.Cut(output, esc+"["); ok && sequence == "" {
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' })
			s.control(t, rest[:end], rest[end])
			output = rest[end+1:]
			continue
		}
		r := []rune(output)[0]
		output = output[len(string(r)):]
		s.put(r)
	}
	return s
}

func (s *testScreen) put(r rune) {
	switch r {
	case '\r':
		s.column = 0
		return
	case '\n':
		s.down()
		return
	}
	if s.column >= s.columns {
		s.column = 0
		s.down()
	}
	for range runeWidth(r) {
		for len(s.cells[s.row]) <= s.column {
			s.cells[s.row] = append(s.cells[s.row], ' ')
		}
		s.cells[s.row][s.column] = r
		r = 0 // the second half of a wide character
		s.column++
	}
}

func (s *testScreen) down() {
	if s.row++; s.row == len(s.cells) {
		s.cells = append(s.cells, nil)
	}
}

func (s *testScreen) control(t *testing.T, parameter string, final byte) {
	t.Helper()
	n := max(leadingInt(parameter), 1)
	switch final {
	case 'A':
		s.row -= n
	case 'C':
		s.column += n
	case 'J':
		if parameter == "2" {
			s.cells = [][]rune{{}}
			return
		}
		s.cells = s.cells[:s.row+1]
		s.cells[s.row] = s.cells[s.row][:min(s.column, len(s.cells[s.row]))]
	case 'H':
		s.row, s.column = 0, 0
	case 'm': // colors
	default:
		t.Fatalf("unknown sequence %q%c", parameter, final)
	}
	if s.row < 0 {
		t.Fatalf("cursor above the screen")
	}
}

func (s *testScreen) lines() []string {
	var lines []string
	for _, row := range s.cells {
		lines = append(lines, strings.ReplaceAll(string(row), "\x00", ""))
	}
	return lines
}
