package checkaof

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	manifestLineMax   = 1024
	annotationLineMax = 1023
	headerLineMax     = 127
)

// scanner reads the commands of a file as far as they are whole. It believes
// nothing: a length is followed only as far as there are bytes.
type scanner struct {
	in    input
	path  string
	until int64 // Unix seconds, 0: no limit

	sound   int64 // up to here are whole commands and whole transactions
	lines   int64
	multi   bool
	format  bool   // neither a command nor an annotation
	problem string // what is wrong, with its offset
	cut     int64  // offset of the first annotation after until; negative: none
	badTime bool
	readErr error
}

// run reads to the end of the file or of what is sound.
func (s *scanner) run() {
	s.cut = -1
	for {
		if !s.multi {
			s.sound = s.in.offset
		}
		next, err := s.in.peek()
		switch {
		case err == io.EOF:
			if s.multi {
				s.fail("Reached EOF before reading EXEC for MULTI")
			}
			return
		case err != nil:
			s.readErr = err
			return
		case next == '#':
			if !s.annotation() {
				return
			}
		case next == '*':
			if !s.command() {
				s.unfinished()
				return
			}
		default:
			s.format = true
			return
		}
	}
}

// unfinished explains the end of the file within a transaction.
func (s *scanner) unfinished() {
	if _, err := s.in.peek(); err == io.EOF && s.multi && s.problem == "" {
		s.fail("Reached EOF before reading EXEC for MULTI")
	}
}

// fail notes what is wrong with what began at start.
func (s *scanner) fail(format string, args ...any) bool {
	s.problem = fmt.Sprintf("0x%16x: %s", s.in.start, fmt.Sprintf(format, args...))
	return false
}

// annotation reads a line that begins with #. It reports whether to go on.
func (s *scanner) annotation() bool {
	s.in.start = s.in.offset
	line, err := s.in.line(annotationLineMax)
	if err != nil {
		s.readErr = err
		return false
	}
	stamp, ok := bytes.CutPrefix(line, []byte("#TS:"))
	if s.until == 0 || !ok {
		return true
	}
	seconds, rest, ok := leadingNumber(stamp)
	if !ok || len(rest) == 0 || rest[0] != '\r' {
		s.badTime = true
		return false
	}
	if seconds > s.until {
		s.cut = s.in.start
		return false
	}
	return true
}

// command reads a command.
func (s *scanner) command() bool {
	count, ok := s.header('*')
	if !ok {
		return false
	}
	for i := int64(0); i < count; i++ {
		word, ok := s.argument()
		if !ok {
			return false
		}
		if i > 0 {
			continue
		}
		switch strings.ToLower(string(word)) {
		case "multi":
			if s.multi {
				return s.fail("Unexpected MULTI in AOF %s", s.path)
			}
			s.multi = true
		case "exec":
			if !s.multi {
				return s.fail("Unexpected EXEC in AOF %s", s.path)
			}
			s.multi = false
		}
	}
	return true
}

// header reads a line of a letter and a number.
func (s *scanner) header(letter byte) (int64, bool) {
	s.in.start = s.in.offset
	line, err := s.in.line(headerLineMax)
	if err != nil {
		return 0, false
	}
	if line[0] != letter {
		return 0, s.fail("Expected prefix '%c', got: '%c'", letter, line[0])
	}
	n, rest, _ := leadingNumber(line[1:])
	return n, s.lineEnd(rest)
}

func (s *scanner) lineEnd(b []byte) bool {
	var end [2]byte
	copy(end[:], b)
	if end != [2]byte{'\r', '\n'} {
		return s.fail(`Expected \r\n, got: %02x%02x`, uint32(int8(end[0])), uint32(int8(end[1])))
	}
	s.lines++
	return true
}

// wordMax is as much of an argument as anybody looks at.
const wordMax = 16

// argument reads an argument and returns it if it is short.
func (s *scanner) argument() ([]byte, bool) {
	size, ok := s.header('$')
	if !ok {
		return nil, false
	}
	if size < 0 || size > math.MaxInt64-2 {
		return nil, s.fail("Expected to read string of %d bytes, which is not in the suitable range", size)
	}
	s.in.start = s.in.offset
	head, tail, n := s.in.ends(size+2, wordMax)
	if n < size+2 {
		return nil, s.fail("Expected to read %d bytes, got %d bytes", size+2, n)
	}
	if !s.lineEnd(tail) {
		return nil, false
	}
	return head[:min(size, int64(len(head)))], true
}

// input counts what is read.
type input struct {
	r      *bufio.Reader
	offset int64
	start  int64 // where the part begins that is being read
}

func (in *input) peek() (byte, error) {
	b, err := in.r.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// line reads a line, or its first bytesMax bytes, valid until the next read. At
// the end of the file the line may have no end; io.EOF is returned if it has
// nothing at all.
func (in *input) line(bytesMax int) ([]byte, error) {
	b, err := in.r.Peek(bytesMax)
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b, err = b[:i+1], nil
	}
	if len(b) == 0 {
		return nil, err
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	in.r.Discard(len(b))
	in.offset += int64(len(b))
	return b, nil
}

// ends reads size bytes, of which it returns the first, headMax of them at most,
// and the last two. n is how many there were.
func (in *input) ends(size int64, headMax int) (head, tail []byte, n int64) {
	first, _ := in.r.Peek(int(min(size, int64(headMax))))
	head = bytes.Clone(first)
	for n < size-2 {
		step, err := in.r.Discard(int(min(size-2-n, 1<<20)))
		n += int64(step)
		if err != nil {
			in.offset += n
			return head, nil, n
		}
	}
	var end [2]byte
	m, _ := io.ReadFull(in.r, end[:])
	n += int64(m)
	in.offset += n
	return head, end[:], n
}

// leadingNumber reads the number that b begins with, as C's strtol does: blanks
// before it and a sign are allowed, and what is too large is the largest. ok is
// false in that case.
func leadingNumber(b []byte) (n int64, rest []byte, ok bool) {
	digits := bytes.TrimLeft(b, " \t\n\v\f\r")
	end := 0
	if end < len(digits) && (digits[end] == '-' || digits[end] == '+') {
		end++
	}
	signed := end
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	if end == signed {
		return 0, b, true
	}
	n, err := strconv.ParseInt(string(digits[:end]), 10, 64)
	return n, digits[end:], err == nil
}
