package aof

import (
	"bytes"
	"errors"
	"io"
	"math"
)

// errFormat: the file holds something else than commands.
var errFormat = errors.New("bad file format")

const (
	readBytes = 1 << 20
	// argumentBytesMax and argumentsMax are more than any server propagates.
	argumentBytesMax = 1 << 32
	argumentsMax     = 1 << 31
	// lineBytesMax is more than any header or annotation has.
	lineBytesMax = 64 << 10
)

// reader reads the commands of a file. Commands are views of its buffer, which
// grows with a command only as far as bytes have come, whatever lengths say.
type reader struct {
	in     io.Reader
	buf    []byte
	start  int // of what is not parsed
	end    int // of what was read
	offset int64
	args   [][]byte // of the commands since the last fill
	err    error    // what reading ended with
}

// newReader reads from offset on, at which in stands.
func newReader(in io.Reader, offset int64) *reader {
	return &reader{in: in, buf: make([]byte, readBytes), offset: offset}
}

// next returns the next command of the buffer. It is valid until fill is called.
// ok is false if there is no whole one.
func (r *reader) next() (args [][]byte, ok bool, err error) {
	b := r.buf[r.start:r.end]
	first := len(r.args)
	n, status := r.parse(b)
	switch status {
	case parsedAll:
		r.start += n
		r.offset += int64(n)
		return r.args[first:len(r.args):len(r.args)], true, nil
	case parsedBad:
		return nil, false, errFormat
	}
	r.args = r.args[:first]
	return nil, false, nil
}

// fill reads more, after next has found no whole command. It returns io.EOF at
// the end of the file, which may have annotations behind the last command, and
// io.ErrUnexpectedEOF if that is within a command or an annotation.
func (r *reader) fill() error {
	r.args = r.args[:0]
	rest := r.end - r.start
	switch {
	case rest == len(r.buf):
		grown := make([]byte, 2*len(r.buf))
		copy(grown, r.buf)
		r.buf = grown
	case rest < readBytes/2 && len(r.buf) > 16*readBytes:
		small := make([]byte, readBytes)
		copy(small, r.buf[r.start:r.end])
		r.buf = small
	default:
		copy(r.buf, r.buf[r.start:r.end])
	}
	r.start, r.end = 0, rest
	for r.err == nil {
		var n int
		n, r.err = r.in.Read(r.buf[rest:])
		if r.end += n; n > 0 {
			return nil
		}
	}
	if r.err == io.EOF {
		at, whole := annotations(r.buf[:rest])
		if at < rest || !whole {
			return io.ErrUnexpectedEOF
		}
		r.start = rest
		r.offset += int64(rest)
	}
	return r.err
}

// annotations returns where the annotations end that b begins with, and whether
// the last is whole.
func annotations(b []byte) (at int, whole bool) {
	for at < len(b) && b[at] == '#' {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return at, false
		}
		at += i + 1
	}
	return at, true
}

// parseStatus says what parse has found.
type parseStatus uint8

const (
	parsedAll  parseStatus = iota
	parsedPart             // the end of the bytes is within the command
	parsedBad
)

// parse parses the command that b begins with, and annotations before it, and
// appends its arguments to r.args.
func (r *reader) parse(b []byte) (n int, status parseStatus) {
	at, whole := annotations(b)
	if !whole {
		return 0, unended(len(b) - at)
	}
	count, at, status := header(b, at, '*')
	if status != parsedAll {
		return 0, status
	}
	if count < 1 || count > argumentsMax {
		return 0, parsedBad
	}
	for ; count > 0; count-- {
		var size int64
		if size, at, status = header(b, at, '$'); status != parsedAll {
			return 0, status
		}
		if size > argumentBytesMax {
			return 0, parsedBad
		}
		end := at + int(size)
		if end+2 > len(b) {
			return 0, parsedPart
		}
		if b[end] != '\r' || b[end+1] != '\n' {
			return 0, parsedBad
		}
		r.args = append(r.args, b[at:end:end])
		at = end + 2
	}
	return at, parsedAll
}

// header reads a line of kind and a number, which begins at at.
func header(b []byte, at int, kind byte) (number int64, next int, status parseStatus) {
	if at >= len(b) {
		return 0, at, parsedPart
	}
	if b[at] != kind {
		return 0, at, parsedBad
	}
	first := at + 1
	for at = first; at < len(b); at++ {
		c := b[at]
		if c >= '0' && c <= '9' && number < math.MaxInt64/16 {
			number = number*10 + int64(c-'0')
			continue
		}
		if at == first {
			return 0, at, parsedBad
		}
		if c == '\n' {
			return number, at + 1, parsedAll
		}
		if c != '\r' {
			return 0, at, parsedBad
		}
		if at+1 == len(b) {
			return 0, at, parsedPart
		}
		if b[at+1] != '\n' {
			return 0, at, parsedBad
		}
		return number, at + 2, parsedAll
	}
	return 0, at, parsedPart
}

// unended judges a line whose end has not come after n bytes.
func unended(n int) parseStatus {
	if n > lineBytesMax {
		return parsedBad
	}
	return parsedPart
}
