package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Limits bounds what one reply may cost before any of it has been seen. A
// header announces sizes; memory is committed only as the bytes arrive, so a
// lying header costs nothing, but a limit ends the read early.
type Limits struct {
	// Depth is the greatest nesting of aggregates.
	Depth int
	// LineBytes bounds a simple string, error, number or header.
	LineBytes int
	// BulkBytes bounds one bulk or verbatim string.
	BulkBytes int64
	// Elements bounds the announced members of one aggregate (a map counts its
	// keys and its values).
	Elements int64
}

// DefaultLimits accepts everything a server with default settings can send.
var DefaultLimits = Limits{
	Depth:     128,
	LineBytes: 1 << 20,
	BulkBytes: 4 << 30,
	Elements:  1 << 31,
}

const (
	readBufferBytes = 64 << 10
	// A bulk is read in steps of this size until it proves to be there.
	bulkStepBytes = 1 << 20
	// Members allocated on the word of a header alone.
	elementsAhead = 1024
)

// ProtocolError says that the peer does not speak RESP. The connection is of no
// further use: the reader cannot find the start of the next reply.
type ProtocolError struct {
	What string
}

func (e *ProtocolError) Error() string { return "Protocol error, " + e.What }

func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{What: fmt.Sprintf(format, args...)}
}

// Reader decodes replies from a stream. It is for one goroutine.
type Reader struct {
	buf    *bufio.Reader
	limits Limits
	line   []byte // holds a line longer than the buffer
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader, limits Limits) *Reader {
	return &Reader{buf: bufio.NewReaderSize(r, readBufferBytes), limits: limits}
}

// Buffered returns how many bytes were received and not yet decoded.
func (r *Reader) Buffered() int { return r.buf.Buffered() }

// Read decodes the next reply. io.EOF means that the stream ended between two
// replies, io.ErrUnexpectedEOF within one.
func (r *Reader) Read() (Value, error) {
	return r.read(0)
}

func (r *Reader) read(depth int) (Value, error) {
	var attrs []Value
	for started := depth > 0; ; started = true {
		kind, err := r.buf.ReadByte()
		if err != nil {
			return Value{}, endOfStream(err, started)
		}
		if kind == '|' {
			// An attribute annotates the reply behind it. Several in a row add up.
			pairs, err := r.readPairs(depth)
			if err != nil {
				return Value{}, endOfStream(err, true)
			}
			if int64(len(attrs)+len(pairs)) > r.limits.Elements {
				return Value{}, protocolErrorf("too many attributes")
			}
			attrs = append(attrs, pairs...)
			continue
		}
		v, err := r.readBody(kind, depth)
		if err != nil {
			return Value{}, endOfStream(err, true)
		}
		v.Attrs = attrs
		return v, nil
	}
}

// endOfStream makes an EOF inside a reply an unexpected one.
func endOfStream(err error, started bool) error {
	if started && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) readBody(kind byte, depth int) (Value, error) {
	switch kind {
	case '+':
		return r.readText(SimpleString)
	case '-':
		return r.readText(Error)
	case ':':
		n, err := r.readInteger()
		return Value{Kind: Integer, Int: n}, err
	case '$':
		return r.readBulk(Bulk)
	case '!':
		return r.readBulk(Error)
	case '=':
		return r.readVerbatim()
	case '*':
		return r.readMembers(Array, depth)
	case '~':
		return r.readMembers(Set, depth)
	case '>':
		if depth > 0 {
			return Value{}, protocolErrorf("push message inside a reply")
		}
		return r.readMembers(Push, depth)
	case '%':
		pairs, err := r.readPairs(depth)
		return Value{Kind: Map, Elems: pairs}, err
	case '_':
		line, err := r.readLine()
		if err == nil && len(line) != 0 {
			err = protocolErrorf("bad null %q", line)
		}
		return Value{}, err
	case '#':
		return r.readBool()
	case ',':
		return r.readDouble()
	case '(':
		return r.readBigNumber()
	}
	return Value{}, protocolErrorf("got %q as reply type byte", kind)
}

func (r *Reader) readText(kind Kind) (Value, error) {
	line, err := r.readLine()
	return Value{Kind: kind, Str: string(line)}, err
}

func (r *Reader) readInteger() (int64, error) {
	line, err := r.readLine()
	if err != nil {
		return 0, err
	}
	n, ok := parseInteger(line)
	if !ok {
		return 0, protocolErrorf("bad integer %q", line)
	}
	return n, nil
}

// parseInteger reads a decimal without allocating: headers are on the hot path.
func parseInteger(b []byte) (int64, bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64 // 19 digits fit
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

func (r *Reader) readBulk(kind Kind) (Value, error) {
	n, err := r.readInteger()
	if err != nil {
		return Value{}, err
	}
	if n == -1 {
		return Value{}, nil
	}
	if n < 0 || n > r.limits.BulkBytes {
		return Value{}, protocolErrorf("bulk string of %d bytes", n)
	}
	data, err := r.readBytes(n)
	if err != nil {
		return Value{}, err
	}
	// Copied before the next read, which may move what the buffer holds.
	v := Value{Kind: kind, Str: string(data)}
	return v, r.readLineEnd()
}

// readBytes reads exactly n bytes, which are valid until the next read. Most
// strings sit whole in the buffer and are copied once, by the caller's string
// conversion.
func (r *Reader) readBytes(n int64) ([]byte, error) {
	if n <= int64(r.buf.Buffered()) {
		data, err := r.buf.Peek(int(n))
		if err != nil {
			return nil, err
		}
		_, err = r.buf.Discard(int(n))
		return data, err
	}
	data := make([]byte, 0, min(n, bulkStepBytes))
	for int64(len(data)) < n {
		step := int(min(n-int64(len(data)), bulkStepBytes))
		if cap(data)-len(data) < step {
			grown := make([]byte, len(data), min(n, 2*int64(cap(data))))
			copy(grown, data)
			data = grown
			step = int(min(int64(step), int64(cap(data)-len(data))))
		}
		read, err := io.ReadFull(r.buf, data[len(data):len(data)+step])
		data = data[:len(data)+read]
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (r *Reader) readLineEnd() error {
	for _, want := range [...]byte{'\r', '\n'} {
		c, err := r.buf.ReadByte()
		if err != nil {
			return err
		}
		if c != want {
			return protocolErrorf("bulk string is longer than its header says")
		}
	}
	return nil
}

func (r *Reader) readVerbatim() (Value, error) {
	v, err := r.readBulk(Verbatim)
	if err != nil || v.Kind == Null {
		return v, err
	}
	if len(v.Str) < 4 || v.Str[3] != ':' {
		return Value{}, protocolErrorf("verbatim string without a format")
	}
	copy(v.Format[:], v.Str)
	v.Str = v.Str[4:]
	return v, nil
}

func (r *Reader) readBool() (Value, error) {
	line, err := r.readLine()
	if err != nil {
		return Value{}, err
	}
	switch string(line) {
	case "t":
		return Value{Kind: Bool, Int: 1}, nil
	case "f":
		return Value{Kind: Bool}, nil
	}
	return Value{}, protocolErrorf("bad boolean %q", line)
}

func (r *Reader) readDouble() (Value, error) {
	line, err := r.readLine()
	if err != nil {
		return Value{}, err
	}
	f, err := strconv.ParseFloat(string(line), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return Value{}, protocolErrorf("bad double %q", line)
	}
	return Value{Kind: Double, Str: string(line), Float: f}, nil
}

func (r *Reader) readBigNumber() (Value, error) {
	line, err := r.readLine()
	if err != nil {
		return Value{}, err
	}
	digits := line
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return Value{}, protocolErrorf("bad big number %q", line)
		}
	}
	if len(digits) == 0 {
		return Value{}, protocolErrorf("empty big number")
	}
	return Value{Kind: BigNumber, Str: string(line)}, nil
}

func (r *Reader) readMembers(kind Kind, depth int) (Value, error) {
	n, err := r.readInteger()
	if err != nil {
		return Value{}, err
	}
	if n == -1 {
		return Value{}, nil
	}
	elems, err := r.readElements(n, depth)
	return Value{Kind: kind, Elems: elems}, err
}

func (r *Reader) readPairs(depth int) ([]Value, error) {
	n, err := r.readInteger()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > r.limits.Elements/2 {
		return nil, protocolErrorf("map of %d entries", n)
	}
	return r.readElements(2*n, depth)
}

func (r *Reader) readElements(n int64, depth int) ([]Value, error) {
	if n < 0 || n > r.limits.Elements {
		return nil, protocolErrorf("aggregate of %d elements", n)
	}
	if depth >= r.limits.Depth {
		return nil, protocolErrorf("reply nested deeper than %d", r.limits.Depth)
	}
	elems := make([]Value, 0, min(n, elementsAhead))
	for range n {
		v, err := r.read(depth + 1)
		if err != nil {
			return nil, err
		}
		elems = append(elems, v)
	}
	return elems, nil
}

// readLine returns the bytes up to CR LF. They are valid until the next read.
func (r *Reader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		part, err := r.buf.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(r.line)+len(part) > r.limits.LineBytes {
				return nil, protocolErrorf("line longer than %d bytes", r.limits.LineBytes)
			}
			r.line = append(r.line, part...)
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(r.line) > 0 {
			r.line = append(r.line, part...)
			part = r.line
		}
		if len(part) > r.limits.LineBytes+2 {
			return nil, protocolErrorf("line longer than %d bytes", r.limits.LineBytes)
		}
		if len(part) < 2 || part[len(part)-2] != '\r' {
			return nil, protocolErrorf("line does not end with CR LF")
		}
		return part[:len(part)-2], nil
	}
}
