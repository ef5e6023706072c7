package cli

import "unicode/utf8"

// key is one key press: a character, or one of the codes below.
type key rune

// Control keys by their characters, others above all characters.
const (
	keyCtrlA     = 1
	keyCtrlB     = 2
	keyCtrlC     = 3
	keyCtrlD     = 4
	keyCtrlE     = 5
	keyCtrlF     = 6
	keyCtrlG     = 7
	keyCtrlH     = 8
	keyTab       = 9
	keyLineFeed  = 10
	keyCtrlK     = 11
	keyCtrlL     = 12
	keyEnter     = 13
	keyCtrlN     = 14
	keyCtrlP     = 16
	keyCtrlR     = 18
	keyCtrlT     = 20
	keyCtrlU     = 21
	keyCtrlW     = 23
	keyEscape    = 27
	keyBackspace = 127

	keyUp key = utf8.MaxRune + 1 + iota
	keyDown
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyDelete
	keyWordLeft
	keyWordRight
	keyUnknown
)

// sequences maps what terminals send behind Escape to keys.
var sequences = map[string]key{
	"[A": keyUp, "[B": keyDown, "[C": keyRight, "[D": keyLeft, "[H": keyHome, "[F": keyEnd,
	"OA": keyUp, "OB": keyDown, "OC": keyRight, "OD": keyLeft, "OH": keyHome, "OF": keyEnd,
	"[1~": keyHome, "[7~": keyHome, "[4~": keyEnd, "[8~": keyEnd, "[3~": keyDelete,
	"[1;5C": keyWordRight, "[1;5D": keyWordLeft, "[1;3C": keyWordRight, "[1;3D": keyWordLeft,
	"b": keyWordLeft, "f": keyWordRight,
}

// readKey returns the next key press.
func (a *app) readKey() (key, error) {
	c, err := a.readByte()
	if err != nil {
		return 0, err
	}
	switch {
	case c == keyEscape:
		return a.readSequence(), nil
	case c < utf8.RuneSelf:
		return key(c), nil
	}
	encoded := []byte{c}
	for !utf8.FullRune(encoded) {
		c, ok := a.readByteSoon()
		if !ok {
			break
		}
		encoded = append(encoded, c)
	}
	r, size := utf8.DecodeRune(encoded)
	// Bytes that were no part of the character are the next keys.
	a.input.pending = append(append([]byte(nil), encoded[size:]...), a.input.pending...)
	return key(r), nil
}

// readSequence reads what follows Escape. Escape alone is a key too.
func (a *app) readSequence() key {
	var sequence []byte
	for len(sequence) < 8 {
		c, ok := a.readByteSoon()
		if !ok {
			break
		}
		sequence = append(sequence, c)
		if k, known := sequences[string(sequence)]; known {
			return k
		}
		final := c >= '@' && c <= '~' && !(len(sequence) == 1 && (c == '[' || c == 'O'))
		if final {
			return keyUnknown
		}
	}
	if len(sequence) == 0 {
		return keyEscape
	}
	return keyUnknown
}
