package config

import (
	"fmt"
	"strings"
)

// SplitArgs splits a line into arguments. They are separated by white space;
// double quotes protect it and know the escapes \n \r \t \b \a \xHH and
// backslash with any other character, single quotes know only \'. Quoted and
// plain pieces that touch make one argument. A NUL byte ends the line. ok is
// false when a quote is not closed.
func SplitArgs(line string) (args []string, ok bool) {
	if end := strings.IndexByte(line, 0); end >= 0 {
		line = line[:end]
	}
	args = []string{}
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		arg, length, ok := splitOne(line[i:])
		if !ok {
			return nil, false
		}
		args = append(args, arg)
		i += length
	}
}

// splitOne reads the argument at the start of s and returns the bytes used.
func splitOne(s string) (arg string, length int, ok bool) {
	var b strings.Builder
	var quote byte // the open quote, or 0
	i := 0
	for i < len(s) {
		c := s[i]
		switch {
		case quote == 0 && (c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			return b.String(), i + 1, true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == c && quote != 0:
			quote = 0
		case quote == '"' && c == '\\' && i+3 < len(s) && s[i+1] == 'x' && isHex(s[i+2]) && isHex(s[i+3]):
			b.WriteByte(hexValue(s[i+2])<<4 | hexValue(s[i+3]))
			i += 3
		case quote == '"' && c == '\\' && i+1 < len(s):
			b.WriteByte(unescape(s[i+1]))
			i++
		case quote == '\'' && c == '\\' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), i, quote == 0
}

// Quote writes s as one double-quoted argument that SplitArgs reads back.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\', '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\a':
			b.WriteString(`\a`)
		case '\b':
			b.WriteString(`\b`)
		default:
			if c < ' ' || c > '~' {
				fmt.Fprintf(&b, `\x%02x`, c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteWords writes the arguments of a parameter that takes several, quoting
// where needed. A single argument is split once more when it is read, and is
// then quoted twice.
func quoteWords(words []string) string {
	if len(words) == 0 {
		return `""`
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if needsQuotes(word) {
			quoted[i] = Quote(word)
		}
	}
	if len(words) == 1 && quoted[0] != words[0] {
		return Quote(quoted[0])
	}
	return strings.Join(quoted, " ")
}

func needsQuotes(word string) bool {
	return word == "" || strings.ContainsFunc(word, func(c rune) bool {
		return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\'
	})
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

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
