package cli

import (
	"errors"
	"strconv"
	"strings"
)

var errUnbalancedQuotes = errors.New("unbalanced quotes")

// splitArgs cuts a line into words the way a server reads its configuration
// file: words are separated by white space, and any part of a word may stand in
// quotes. "Double quotes" know the escapes \n \r \t \a \b \xHH, 'single quotes'
// know only \'. The words may hold any bytes.
func splitArgs(line string) ([]string, error) {
	words := []string{}
	i := 0
	for {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return words, nil
		}
		word, next, err := splitWord(line, i)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
		i = next
	}
}

func splitWord(line string, i int) (word string, next int, err error) {
	var b strings.Builder
	for i < len(line) && !isSpace(line[i]) {
		switch c := line[i]; c {
		case '"', '\'':
			part, end, err := unquote(line, i+1, c)
			if err != nil {
				return "", 0, err
			}
			b.WriteString(part)
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), i, nil
}

// unquote reads up to the closing quote and returns the index behind it.
func unquote(line string, i int, quote byte) (text string, end int, err error) {
	var b strings.Builder
	for i < len(line) {
		c := line[i]
		switch {
		case c == quote:
			return b.String(), i + 1, nil
		case c == '\\' && quote == '\'':
			if i+1 < len(line) && line[i+1] == '\'' {
				i++
				c = '\''
			}
		case c == '\\' && i+1 < len(line):
			if i+3 < len(line) && line[i+1] == 'x' {
				if n, err := strconv.ParseUint(line[i+2:i+4], 16, 8); err == nil {
					b.WriteByte(byte(n))
					i += 4
					continue
				}
			}
			i++
			c = unescape(line[i])
		}
		b.WriteByte(c)
		i++
	}
	return "", 0, errUnbalancedQuotes
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isSpace(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r' || c == 0
}

// unquoteOne reads a text that must be exactly one word.
func unquoteOne(text string) (string, error) {
	words, err := splitArgs(text)
	if err != nil {
		return "", err
	}
	if len(words) != 1 {
		return "", errors.New("not a single word")
	}
	return words[0], nil
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s in double quotes, printable ASCII as it is and other
// bytes escaped, so that splitArgs reads it back.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c < ' ' || c > '~' {
				dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

func quoted(s string) string { return string(appendQuoted(nil, s)) }

// appendJSON appends s as a JSON string. Bytes from 0x80 up pass through: they
// are taken for UTF-8.
func appendJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

// appendQuotedJSON appends s as a JSON string whose text is s quoted for the
// command line: plain ASCII, and any byte survives. Valkey's client leaves the
// quotes within s bare, which is no JSON.
func appendQuotedJSON(dst []byte, s string) []byte {
	text := appendQuoted(nil, s)
	dst = append(dst, '"')
	for _, c := range text[1 : len(text)-1] {
		if c == '\\' || c == '"' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
