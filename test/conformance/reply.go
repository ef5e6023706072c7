package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// replyBytesMax bounds the length that a header may announce.
const replyBytesMax = 64 << 20

var errProtocol = errors.New("not a RESP reply")

// reply is one reply as text; one with members also has theirs.
type reply struct {
	open, close string // around members
	members     []string
	text        string // of a reply without members
}

func (r reply) String() string {
	if r.open == "" {
		return r.text
	}
	return r.open + strings.Join(r.members, ", ") + r.close
}

// sorted returns the reply with its members, or the pairs of a map, in order.
func (r reply) sorted() reply {
	r.members = slices.Sorted(slices.Values(r.members))
	return r
}

// readReply reads one reply from a connection that speaks protocol 2 or 3.
func readReply(in *bufio.Reader, protocol int) (reply, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	if !strings.HasSuffix(line, "\r\n") || len(line) < 3 {
		return reply{}, fmt.Errorf("%w: %q", errProtocol, line)
	}
	line = line[:len(line)-2]
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', '-', ':', ',', '#', '(':
		return reply{text: printable(line)}, nil
	case '_':
		if protocol == 3 && rest == "" {
			return reply{text: "nil"}, nil
		}
		return reply{text: line}, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n > replyBytesMax {
		return reply{}, fmt.Errorf("%w: %q", errProtocol, line)
	}
	if n < 0 {
		return reply{text: null(line, protocol)}, nil
	}
	switch kind {
	case '$':
		text, err := readBulk(in, n)
		return reply{text: strconv.Quote(text)}, err
	case '!':
		text, err := readBulk(in, n)
		return reply{text: "!" + strconv.Quote(text)}, err
	case '=':
		text, err := readBulk(in, n)
		format, text, _ := strings.Cut(text, ":")
		return reply{text: "=" + format + ":" + strconv.Quote(text)}, err
	case '*':
		return readMembers(in, protocol, n, "[", "]")
	case '~':
		return readMembers(in, protocol, n, "~[", "]")
	case '>':
		return readMembers(in, protocol, n, ">[", "]")
	case '%':
		return readPairs(in, protocol, n)
	case '|':
		attributes, err := readPairs(in, protocol, n)
		if err != nil {
			return reply{}, err
		}
		r, err := readReply(in, protocol)
		return reply{text: "|" + attributes.String() + " " + r.String()}, err
	}
	return reply{}, fmt.Errorf("%w: %q", errProtocol, line)
}

// null names the nulls of RESP2. In RESP3 they are foreign.
func null(line string, protocol int) string {
	switch {
	case protocol == 2 && line == "$-1":
		return "nil"
	case protocol == 2 && line == "*-1":
		return "nil-array"
	}
	return line
}

// printable returns a line as it is, or, where that could not be read, quoted.
func printable(line string) string {
	for _, r := range line {
		if !strconv.IsPrint(r) {
			return line[:1] + strconv.Quote(line[1:])
		}
	}
	return line
}

func readBulk(in *bufio.Reader, n int) (string, error) {
	body := make([]byte, n+2)
	if _, err := io.ReadFull(in, body); err != nil {
		return "", err
	}
	if string(body[n:]) != "\r\n" {
		return "", fmt.Errorf("%w: a string of %d bytes without an end", errProtocol, n)
	}
	return string(body[:n]), nil
}

func readMembers(in *bufio.Reader, protocol, n int, open, end string) (reply, error) {
	r := reply{open: open, close: end}
	for range n {
		member, err := readReply(in, protocol)
		if err != nil {
			return reply{}, err
		}
		r.members = append(r.members, member.String())
	}
	return r, nil
}

func readPairs(in *bufio.Reader, protocol, n int) (reply, error) {
	r := reply{open: "{", close: "}"}
	for range n {
		key, err := readReply(in, protocol)
		if err != nil {
			return reply{}, err
		}
		value, err := readReply(in, protocol)
		if err != nil {
			return reply{}, err
		}
		r.members = append(r.members, key.String()+": "+value.String())
	}
	return r, nil
}
