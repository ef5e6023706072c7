package save

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// libraries are the function libraries of the files that were loaded. Nothing
// executes them; they are kept so that what was loaded is there when it is saved
// again. FLUSHALL does not concern them. Exclusive mode.
type libraries struct {
	names []string // in the order of the file
	codes [][]byte
}

// all returns the code of the libraries, in the order in which they came.
func (l *libraries) all() [][]byte { return l.codes }

// clear removes all libraries.
func (l *libraries) clear() { *l = libraries{} }

// add keeps a library. replace allows that there is one of this name.
func (l *libraries) add(code []byte, replace bool) error {
	name, err := libraryName(code)
	if err != nil {
		return err
	}
	i := slices.Index(l.names, name)
	switch {
	case i < 0:
		l.names, l.codes = append(l.names, name), append(l.codes, bytes.Clone(code))
	case !replace:
		return fmt.Errorf("Library '%s' already exists", name)
	default:
		l.codes[i] = bytes.Clone(code)
	}
	return nil
}

// libraryName reads the first line of a library: "#!lua name=mylib".
func libraryName(code []byte) (name string, err error) {
	if !bytes.HasPrefix(code, []byte("#!")) {
		return "", errors.New("Missing library metadata")
	}
	line, _, found := bytes.Cut(code[2:], []byte("\n"))
	words := strings.Fields(string(line))
	if !found || len(words) == 0 {
		return "", errors.New("Invalid library metadata")
	}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case !strings.EqualFold(key, "name"):
			return "", fmt.Errorf("Invalid metadata value given: %s", word)
		case name != "":
			return "", errors.New("Invalid metadata value, name argument was given multiple times")
		}
		name = value
	}
	if name == "" {
		return "", errors.New("Library name was not given")
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return "", errors.New("Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")
		}
	}
	if !strings.EqualFold(words[0], "lua") {
		return "", fmt.Errorf("Engine '%s' not found", words[0])
	}
	return name, nil
}
