package cli

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// editor reads lines from a terminal: Emacs keys, history, completion by Tab
// and a hint in grey behind the line. A line longer than the screen wraps.
type editor struct {
	app    *app
	fd     int
	assist assistant
	width  func() int

	prompt string
	line   []rune
	cursor int // index into line
	// row is the row of the last drawing on which the cursor stands.
	row int

	recall *history
	// place is the history line shown; len(recall.lines) is the new line, kept
	// in draft meanwhile.
	place int
	draft []rune
}

// assistant knows what may be typed.
type assistant interface {
	hint(line string) string
	complete(line string) []string
}

const defaultColumns = 80

func newEditor(a *app, fd int, assist assistant) *editor {
	return &editor{app: a, fd: fd, assist: assist, width: func() int {
		columns, _, err := term.GetSize(fd)
		if err != nil || columns <= 0 {
			return defaultColumns
		}
		return columns
	}}
}

// makeRaw hands key presses to the program one by one.
func (e *editor) makeRaw() (restore func(), err error) {
	state, err := term.MakeRaw(e.fd)
	if err != nil {
		return nil, err
	}
	e.app.console.raw = true
	return func() {
		e.app.console.raw = false
		// Failing leaves the terminal raw, and nothing more can be done.
		_ = term.Restore(e.fd, state)
	}, nil
}

// errLeft is Ctrl-D on an empty line.
var errLeft = errors.New("left by the user")

// readLine lets the user edit a line. It returns errLeft for Ctrl-D on an empty
// line, errInterrupted for Ctrl-C, and io.EOF when the terminal is gone.
func (e *editor) readLine(prompt string, h *history) (string, error) {
	restore, err := e.makeRaw()
	if err != nil {
		return "", err
	}
	defer restore()
	return e.edit(prompt, h)
}

// edit is readLine on a terminal that is raw already.
func (e *editor) edit(prompt string, h *history) (string, error) {
	*e = editor{app: e.app, fd: e.fd, assist: e.assist, width: e.width,
		prompt: prompt, recall: h, place: len(h.lines)}
	e.draw(true)
	for {
		k, err := e.app.readKey()
		if err != nil {
			return "", err
		}
		if k == keyTab {
			if k, err = e.cycleCompletions(); err != nil {
				return "", err
			}
		}
		if k == keyCtrlR {
			if k, err = e.searchHistory(); err != nil {
				return "", err
			}
		}
		switch {
		case k == keyEnter || k == keyLineFeed:
			e.finish()
			return string(e.line), nil
		case k == keyCtrlC:
			e.finish()
			return "", errInterrupted
		case k == keyCtrlD && len(e.line) == 0:
			e.finish()
			return "", errLeft
		}
		e.press(k)
		if len(e.app.input.pending) == 0 { // what is pasted is drawn once
			e.draw(true)
		}
	}
}

// finish leaves the line on the screen, without its hint.
func (e *editor) finish() {
	e.cursor = len(e.line)
	e.draw(false)
	e.app.printf("\n")
}

// press carries out a key that edits.
func (e *editor) press(k key) {
	switch k {
	case 0: // no key
	case keyCtrlA, keyHome:
		e.cursor = 0
	case keyCtrlE, keyEnd:
		e.cursor = len(e.line)
	case keyCtrlB, keyLeft:
		e.cursor = max(e.cursor-1, 0)
	case keyCtrlF, keyRight:
		e.cursor = min(e.cursor+1, len(e.line))
	case keyWordLeft:
		e.cursor = e.wordStart()
	case keyWordRight:
		e.cursor = e.wordEnd()
	case keyCtrlH, keyBackspace:
		e.remove(e.cursor-1, e.cursor)
	case keyCtrlD, keyDelete:
		e.remove(e.cursor, e.cursor+1)
	case keyCtrlK:
		e.remove(e.cursor, len(e.line))
	case keyCtrlU:
		e.remove(0, len(e.line))
	case keyCtrlW:
		e.remove(e.wordStart(), e.cursor)
	case keyCtrlT:
		e.transpose()
	case keyCtrlP, keyUp:
		e.recallLine(e.place - 1)
	case keyCtrlN, keyDown:
		e.recallLine(e.place + 1)
	case keyCtrlL:
		e.app.console.Write([]byte("\x1b[H\x1b[2J"))
		e.row = 0
	default:
		if k >= ' ' && k <= unicode.MaxRune {
			e.insert(rune(k))
		}
	}
}

func (e *editor) set(line string) {
	e.line = []rune(line)
	e.cursor = len(e.line)
}

func (e *editor) insert(r rune) {
	e.line = append(e.line, 0)
	copy(e.line[e.cursor+1:], e.line[e.cursor:])
	e.line[e.cursor] = r
	e.cursor++
}

// remove cuts the characters in [from, to), as far as there are any.
func (e *editor) remove(from, to int) {
	from, to = max(from, 0), min(to, len(e.line))
	if from >= to {
		return
	}
	e.line = append(e.line[:from], e.line[to:]...)
	if e.cursor > from {
		e.cursor = max(from, e.cursor-(to-from))
	}
}

func (e *editor) wordStart() int {
	i := e.cursor
	for i > 0 && e.line[i-1] == ' ' {
		i--
	}
	for i > 0 && e.line[i-1] != ' ' {
		i--
	}
	return i
}

func (e *editor) wordEnd() int {
	i := e.cursor
	for i < len(e.line) && e.line[i] == ' ' {
		i++
	}
	for i < len(e.line) && e.line[i] != ' ' {
		i++
	}
	return i
}

func (e *editor) transpose() {
	i := min(e.cursor, len(e.line)-1)
	if i < 1 {
		return
	}
	e.line[i-1], e.line[i] = e.line[i], e.line[i-1]
	e.cursor = i + 1
}

// recallLine shows another line of the history; the new line is behind the last.
func (e *editor) recallLine(place int) {
	if place < 0 || place > len(e.recall.lines) {
		return
	}
	if e.place == len(e.recall.lines) {
		e.draft = append([]rune(nil), e.line...)
	}
	e.place = place
	if place == len(e.recall.lines) {
		e.set(string(e.draft))
		return
	}
	e.set(e.recall.lines[place])
}

// cycleCompletions shows one completion after the other with each Tab, and the
// line itself after the last. Escape goes back to it; any other key keeps what
// is shown and is returned.
func (e *editor) cycleCompletions() (key, error) {
	original := string(e.line)
	candidates := e.assist.complete(original)
	if len(candidates) == 0 {
		e.beep()
		return 0, nil
	}
	for i := 0; ; i = (i + 1) % (len(candidates) + 1) {
		if i < len(candidates) {
			e.set(candidates[i])
		} else {
			e.set(original)
			e.beep()
		}
		e.draw(true)
		k, err := e.app.readKey()
		switch {
		case err != nil:
			return 0, err
		case k == keyEscape:
			e.set(original)
			return 0, nil
		case k != keyTab:
			return k, nil
		}
	}
}

// searchHistory finds the newest line that holds what is typed; Ctrl-R again
// finds an older one. Ctrl-G gives the line back as it was, any other key takes
// the found one and is returned.
func (e *editor) searchHistory() (key, error) {
	original, prompt := string(e.line), e.prompt
	defer func() { e.prompt = prompt }()
	var sought []rune
	from := len(e.recall.lines) - 1
	for {
		found := e.findBack(string(sought), from)
		state := "reverse-i-search"
		if found < 0 {
			state = "failed " + state
		} else if len(sought) > 0 {
			from = found
			e.set(e.recall.lines[found])
		}
		e.prompt = fmt.Sprintf("(%s)`%s': ", state, string(sought))
		e.draw(false)
		k, err := e.app.readKey()
		switch {
		case err != nil:
			return 0, err
		case k == keyCtrlG:
			e.set(original)
			return 0, nil
		case k == keyCtrlR:
			if found > 0 {
				from = found - 1
			}
		case k == keyCtrlH || k == keyBackspace:
			sought = sought[:max(len(sought)-1, 0)]
			from = len(e.recall.lines) - 1
		case k >= ' ' && k <= unicode.MaxRune:
			sought = append(sought, rune(k))
		default:
			return k, nil
		}
	}
}

// findBack returns the index of a history line that holds the text, at or ahead
// of from, or -1.
func (e *editor) findBack(text string, from int) int {
	for i := from; i >= 0; i-- {
		if strings.Contains(e.recall.lines[i], text) {
			return i
		}
	}
	return -1
}

func (e *editor) beep() { fmt.Fprint(e.app.errOut, "\a") }

// draw shows prompt, line and, if wanted, the hint, over what was drawn before.
func (e *editor) draw(withHint bool) {
	columns := e.width()
	var b strings.Builder
	// To the first row of the old drawing, and clear to the end of the screen.
	if e.row > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", e.row)
	}
	b.WriteString("\r\x1b[J")
	b.WriteString(e.prompt)
	b.WriteString(string(e.line))

	cells := displayWidth(e.prompt) + displayWidth(string(e.line))
	if withHint {
		// The hint ends with the row: it shall not make the screen scroll.
		room := columns - 1 - cells%columns
		if hint := cutToWidth(e.assist.hint(string(e.line)), room); hint != "" && e.cursor == len(e.line) {
			b.WriteString("\x1b[90m" + hint + "\x1b[0m")
		}
	}
	if cells%columns == 0 {
		b.WriteString("\r\n") // terminals wrap only with the next character
	}
	lastRow := cells / columns
	at := displayWidth(e.prompt) + displayWidth(string(e.line[:e.cursor]))
	e.row = at / columns
	if up := lastRow - e.row; up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if column := at % columns; column > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", column)
	}
	e.app.print([]byte(b.String()))
}

// displayWidth is how many cells of the screen a text takes.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0xFF01 && r <= 0xFF60, r >= 0x1F300 && r <= 0x1FAFF:
		return 2
	}
	return 1
}

func cutToWidth(s string, cells int) string {
	for i, r := range s {
		if cells -= runeWidth(r); cells < 0 {
			return s[:i]
		}
	}
	return s
}
