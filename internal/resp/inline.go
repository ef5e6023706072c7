package resp

import "bytes"

// nextInline parses a line of words.
func (p *Parser) nextInline(buf []byte, args [][]byte, limits *Limits) (argv [][]byte, consumed int, status Status) {
	newline := p.findNewline(buf)
	if newline < 0 {
		if len(buf) > limits.MaxInlineBytes {
			return args, 0, p.fail(problemBigInline)
		}
		return args, 0, Incomplete
	}
	line := buf[:newline]
	if newline > 0 && line[newline-1] == '\r' {
		line = line[:newline-1]
	}
	args, ok := splitWords(line, args)
	if !ok {
		return args[:0], 0, p.fail(problemQuotes)
	}
	p.Reset()
	if len(args) == 0 {
		return args, newline + 1, Empty
	}
	return args, newline + 1, Complete
}

// findNewline returns the offset of the first newline, or -1. A NUL byte hides
// every newline behind it: such a line never ends, and the client is cut off
// when it has sent more than a line may hold. Binary data that has lost its
// frame is thereby not taken for commands.
func (p *Parser) findNewline(buf []byte) int {
	from := p.scanned
	newline := bytes.IndexByte(buf[from:], '\n')
	end := len(buf)
	if newline >= 0 {
		end = from + newline
	}
	if nul := bytes.IndexByte(buf[from:end], 0); nul >= 0 {
		p.scanned = from + nul
		return -1
	}
	p.scanned = end
	if newline < 0 {
		return -1
	}
	return end
}

// splitWords cuts a line into words and appends them to args. Words may be
// quoted in whole or in part: in double quotes with the escapes \n \r \t \b \a
// and \xHH, in single quotes with only \'. Unquoted words are written over the
// line, which they never outgrow. ok is false if a quote is left open.
func splitWords(line []byte, args [][]byte) (words [][]byte, ok bool) {
	at := 0
	for {
		for at < len(line) && isSpace(line[at]) {
			at++
		}
		if at == len(line) {
			return args, true
		}
		start, end := at, at
		if at, end, ok = unquoteWord(line, at); !ok {
			return args, false
		}
		args = append(args, line[start:end:end])
	}
}

// unquoteWord reads the word at line[at:], writes its value to the same place
// and returns the offset behind the word and the end of the value.
func unquoteWord(line []byte, at int) (next, end int, ok bool) {
	end = at
	var quote byte
	for at < len(line) {
		c := line[at]
		switch {
		case quote == 0:
			if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
				return at, end, true
			}
			if c == '"' || c == '\'' {
				quote = c
				at++
				continue
			}
		case c == quote:
			quote = 0
			at++
			continue
		// A backslash before the line's last byte stands for itself, whatever
		// that byte is.
		case c == '\\' && at+2 < len(line):
			if value, width := unescape(line[at+1:], quote); width != 0 {
				line[end] = value
				end++
				at += 1 + width
				continue
			}
		}
		line[end] = c
		end++
		at++
	}
	return at, end, quote == 0
}

// unescape returns the value of the escape sequence whose backslash has been
// taken off and its length, 0 if the backslash escapes nothing.
func unescape(text []byte, quote byte) (value byte, width int) {
	if quote == '\'' {
		if text[0] == '\'' {
			return '\'', 1
		}
		return 0, 0
	}
	switch text[0] {
	case 'x':
		// The closing quote must have room behind the digits.
		if len(text) > 3 {
			high, highOK := hexValue(text[1])
			low, lowOK := hexValue(text[2])
			if highOK && lowOK {
				return high<<4 | low, 3
			}
		}
		return 'x', 1
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	}
	return text[0], 1
}

func hexValue(c byte) (value byte, ok bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case (c|0x20)-'a' <= 5:
		return (c | 0x20) - 'a' + 10, true
	}
	return 0, false
}

// isSpace is C's isspace in the C locale.
func isSpace(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' }
