package commandtest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

var errReply = errors.New("not a complete RESP3 reply")

func readMap(reply []byte) (map[string]any, error) {
	v, err := readWhole(reply)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a %T instead of a map", v)
	}
	return m, nil
}

func readArray(reply []byte) ([]any, error) {
	v, err := readWhole(reply)
	if err != nil {
		return nil, err
	}
	a, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("a %T instead of an array", v)
	}
	return a, nil
}

func readWhole(reply []byte) (any, error) {
	v, rest, err := read(reply)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes after the reply", len(rest))
	}
	return v, err
}

// read reads one reply as the values of encoding/json. Sets are arrays here,
// with their order.
func read(reply []byte) (value any, rest []byte, err error) {
	line, rest, ok := bytes.Cut(reply, []byte("\r\n"))
	if !ok || len(line) == 0 {
		return nil, nil, errReply
	}
	kind, text := line[0], string(line[1:])
	if kind == '+' || kind == '_' {
		return text, rest, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, nil, fmt.Errorf("reply type %q: %w", kind, err)
	}
	switch kind {
	case ':':
		return n, rest, nil
	case '$':
		if n < 0 || len(rest) < n+2 {
			return nil, nil, errReply
		}
		return string(rest[:n]), rest[n+2:], nil
	case '*', '~':
		list := make([]any, n)
		for i := range list {
			if list[i], rest, err = read(rest); err != nil {
				return nil, nil, err
			}
		}
		return list, rest, nil
	case '%':
		pairs := make(map[string]any, n)
		for range n {
			var key, value any
			if key, rest, err = read(rest); err != nil {
				return nil, nil, err
			}
			if value, rest, err = read(rest); err != nil {
				return nil, nil, err
			}
			name, ok := key.(string)
			if _, twice := pairs[name]; !ok || twice {
				return nil, nil, fmt.Errorf("bad or second key %v", key)
			}
			pairs[name] = value
		}
		return pairs, rest, nil
	}
	return nil, nil, fmt.Errorf("reply type %q", kind)
}
