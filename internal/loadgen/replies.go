package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

// replyScanner finds the ends of replies in a byte stream without building
// them. It keeps no input: whatever a read ends in the middle of is held as a
// few integers, so a connection needs no receive buffer of its own.
//
// Nesting needs no stack. The scanner only counts the elements still owed: a
// reply starts owing one, every element pays one back, and an aggregate adds
// its members. When nothing is owed the reply has ended.
type replyScanner struct {
	state scanState
	kind  byte // type byte of the element being read
	// owed is how many elements the current reply still lacks; 0 between
	// replies.
	owed int64
	// number is the count or length being read, negative once negative is set.
	number   int64
	digits   int
	negative bool
	// payload is how many bytes of a bulk are still to come.
	payload int64
	// outOfBand says that the current reply is a push, which answers nothing.
	outOfBand bool
	// failed says that the current reply is an error; text holds its start.
	failed bool
	text   []byte
}

type scanState uint8

const (
	atType    scanState = iota // before a type byte
	inLine                     // in a line of text that is not interpreted
	inNumber                   // in a length or count
	atNewline                  // after the \r of a length or count
	inPayload                  // in the bytes of a bulk
	atPayloadReturn
	atPayloadNewline
)

const (
	errorTextBytesMax = 1024
	// A reply that announces more is a lie or a corrupt stream.
	owedMax = math.MaxInt64 >> 2
	// Digits of the longest length or count accepted.
	digitsMax = 15
)

// errorReply is an error the server answered with, without its type byte.
type errorReply string

func (e errorReply) Error() string { return string(e) }

var errProtocol = errors.New("protocol error")

// scan consumes data and counts the replies that end in it. It stops early
// after an error reply, which counts as a reply and is returned as an
// errorReply; the caller may go on with the rest. Any other error means that
// the stream is not RESP.
func (s *replyScanner) scan(data []byte) (consumed, replies int, err error) {
	i := 0
	for i < len(data) {
		switch s.state {
		case atType:
			if err := s.begin(data[i]); err != nil {
				return i, replies, err
			}
			i++

		case inLine:
			end := bytes.IndexByte(data[i:], '\n')
			line := data[i:]
			if end >= 0 {
				line = data[i : i+end]
			}
			if s.failed && s.kind == '-' {
				s.keep(line)
			}
			if end < 0 {
				return len(data), replies, nil
			}
			i += end + 1
			if s.end() {
				replies++
				if s.failed {
					return i, replies, s.takeError()
				}
			}

		case inNumber:
			i = s.readNumber(data, i)
			if i < len(data) {
				if data[i] != '\r' || s.digits == 0 || s.digits > digitsMax {
					return i, replies, fmt.Errorf("%w: bad length after %q", errProtocol, s.kind)
				}
				s.state = atNewline
				i++
			}

		case atNewline:
			if data[i] != '\n' {
				return i, replies, fmt.Errorf("%w: bad line end", errProtocol)
			}
			i++
			done, err := s.header()
			if err != nil {
				return i, replies, err
			}
			if done {
				replies++
			}

		case inPayload:
			// The usual case, a bulk that lies whole in the buffer, is one step.
			rest := int64(len(data) - i)
			if rest <= s.payload {
				if s.failed && s.kind == '!' {
					s.keep(data[i:])
				}
				s.payload -= rest
				if s.payload == 0 {
					s.state = atPayloadReturn
				}
				return len(data), replies, nil
			}
			if s.failed && s.kind == '!' {
				s.keep(data[i : i+int(s.payload)])
			}
			i += int(s.payload)
			s.payload = 0
			s.state = atPayloadReturn

		case atPayloadReturn:
			if data[i] != '\r' {
				return i, replies, fmt.Errorf("%w: bulk is longer than announced", errProtocol)
			}
			i++
			s.state = atPayloadNewline

		case atPayloadNewline:
			if data[i] != '\n' {
				return i, replies, fmt.Errorf("%w: bulk is longer than announced", errProtocol)
			}
			i++
			if s.end() {
				replies++
				if s.failed {
					return i, replies, s.takeError()
				}
			}
		}
	}
	return i, replies, nil
}

// begin takes a type byte.
func (s *replyScanner) begin(kind byte) error {
	s.kind = kind
	top := s.owed == 0
	if top {
		s.owed = 1
	}
	switch kind {
	case '+', ':', ',', '#', '_', '(':
		s.state = inLine
		return nil
	case '-':
		s.state = inLine
		// An error inside an array, as EXEC answers, is data.
		s.failed = top
		return nil
	case '!':
		s.failed = top
	case '>':
		if !top {
			return fmt.Errorf("%w: push inside a reply", errProtocol)
		}
		s.outOfBand = true
	case '$', '*', '%', '~', '=', '|':
	default:
		return fmt.Errorf("%w: got %q as reply type byte", errProtocol, kind)
	}
	s.state = inNumber
	s.number, s.digits, s.negative = 0, 0, false
	return nil
}

func (s *replyScanner) readNumber(data []byte, i int) int {
	if s.digits == 0 && !s.negative && data[i] == '-' {
		s.negative = true
		i++
	}
	for i < len(data) && data[i]-'0' <= 9 && s.digits <= digitsMax {
		s.number = s.number*10 + int64(data[i]-'0')
		s.digits++
		i++
	}
	return i
}

// header takes a finished length or count and tells whether it ended a reply.
func (s *replyScanner) header() (done bool, err error) {
	n := s.number
	if s.negative {
		// -1 stands for null; nothing else is negative.
		if n != 1 || s.kind == '|' || s.kind == '>' {
			return false, fmt.Errorf("%w: negative length after %q", errProtocol, s.kind)
		}
		s.failed = false // A null is no error, even one announced as such.
		return s.end(), nil
	}
	switch s.kind {
	case '$', '=', '!':
		s.payload = n
		s.state = inPayload
		if n == 0 {
			s.state = atPayloadReturn
		}
		return false, nil
	case '%':
		n *= 2
	case '|':
		// An attribute precedes the element it describes instead of being one.
		n = 2*n + 1
	}
	if s.owed > owedMax-n {
		return false, fmt.Errorf("%w: reply has too many elements", errProtocol)
	}
	s.owed += n
	return s.end(), nil
}

// end pays one element and tells whether that ended a reply that answers a
// request.
func (s *replyScanner) end() bool {
	s.state = atType
	s.owed--
	if s.owed > 0 {
		return false
	}
	if s.outOfBand {
		s.outOfBand = false
		return false
	}
	return true
}

func (s *replyScanner) keep(text []byte) {
	room := errorTextBytesMax - len(s.text)
	s.text = append(s.text, text[:min(room, len(text))]...)
}

func (s *replyScanner) takeError() error {
	text := bytes.TrimRight(s.text, "\r")
	s.failed, s.text = false, nil
	return errorReply(text)
}
