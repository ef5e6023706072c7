package resp

import (
	"fmt"
	"slices"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Protocol is a reply dialect.
type Protocol uint8

// The dialects, numbered as HELLO names them.
const (
	RESP2 Protocol = 2
	RESP3 Protocol = 3
)

// Writer lays out one connection's replies, in order. It is at the same time
// the connection's output queue: what has been appended stays until Consume is
// told that it was sent. The zero value speaks RESP2 and has no buffer.
//
// The bytes of a reply are in buf, except for large values added with BulkRef,
// which stay where they are: refs notes at which place of buf each belongs.
//
//	buf   $5\r\nhello\r\n $1048576\r\n              \r\n +OK\r\n
//	      ^sent                        ^refs[0].at
//
// A Writer belongs to one goroutine.
type Writer struct {
	buf      []byte
	sent     int // bytes of buf that are sent already
	protocol Protocol
	refs     []reference // ascending by at; nil for most connections
	refBytes int         // sum of the unsent bytes of refs
}

// reference is a value outside buf.
type reference struct {
	at      int    // it comes before buf[at]
	data    []byte // what is still to be sent
	release func()
}

// NewWriter returns a writer that speaks the given dialect and appends to buf,
// which may be nil.
func NewWriter(protocol Protocol, buf []byte) *Writer {
	return &Writer{protocol: protocol, buf: buf}
}

// Protocol returns the dialect in use.
func (w *Writer) Protocol() Protocol {
	if w.protocol == RESP3 {
		return RESP3
	}
	return RESP2
}

// IsRESP3 reports whether the dialect is RESP3.
func (w *Writer) IsRESP3() bool { return w.protocol == RESP3 }

// SetProtocol changes the dialect of what is appended from now on.
func (w *Writer) SetProtocol(p Protocol) { w.protocol = p }

// OK appends the status OK.
func (w *Writer) OK() { w.buf = append(w.buf, "+OK\r\n"...) }

// SimpleString appends a status, which must be a single line.
func (w *Writer) SimpleString(text string) {
	b := append(w.buf, '+')
	b = append(b, text...)
	w.buf = append(b, "\r\n"...)
}

// Error appends an error. text begins with its code ("ERR syntax error",
// "WRONGTYPE …"). Line ends within text become spaces, at its end they are
// dropped.
func (w *Writer) Error(text string) {
	b := append(w.buf, '-')
	start := len(b)
	b = append(b, text...)
	for len(b) > start && isLineEnd(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	for i := start; i < len(b); i++ {
		if isLineEnd(b[i]) {
			b[i] = ' '
		}
	}
	w.buf = append(b, "\r\n"...)
}

func isLineEnd(c byte) bool { return c == '\r' || c == '\n' }

// Errorf appends an error made as by fmt.Sprintf; see Error.
func (w *Writer) Errorf(format string, args ...any) {
	w.Error(fmt.Sprintf(format, args...))
}

// Int appends an integer.
func (w *Writer) Int(v int64) {
	if uint64(v) < 10 {
		w.buf = append(w.buf, ':', byte('0'+v), '\r', '\n')
		return
	}
	b := append(w.buf, ':')
	b = number.AppendInt(b, v)
	w.buf = append(b, '\r', '\n')
}

// Bool appends a boolean: 1 or 0 in RESP2.
func (w *Writer) Bool(v bool) {
	switch {
	case !w.IsRESP3() && v:
		w.buf = append(w.buf, ":1\r\n"...)
	case !w.IsRESP3():
		w.buf = append(w.buf, ":0\r\n"...)
	case v:
		w.buf = append(w.buf, "#t\r\n"...)
	default:
		w.buf = append(w.buf, "#f\r\n"...)
	}
}

// Bulk appends a copy of a binary-safe string.
func (w *Writer) Bulk(value []byte) { w.buf = AppendBulk(w.buf, value) }

// BulkString is Bulk for a string.
func (w *Writer) BulkString(value string) {
	b := w.appendBulkHeader(len(value))
	b = append(b, value...)
	w.buf = append(b, '\r', '\n')
}

// BulkInt appends an integer's text as a bulk string.
func (w *Writer) BulkInt(v int64) { w.buf = AppendBulkInt(w.buf, v) }

// BulkRef appends a large binary-safe string without copying it. value must
// not change until release is called, which happens once, when the bytes are
// sent or dropped, on the goroutine that owns the Writer. release may be nil.
func (w *Writer) BulkRef(value []byte, release func()) {
	b := append(w.buf, '$') // no room is made for the value
	b = number.AppendUint(b, uint64(len(value)))
	w.buf = append(b, '\r', '\n')
	w.appendRef(value, release)
	w.buf = append(w.buf, '\r', '\n')
}

// bulkOverheadBytes is the most that a bulk string needs besides its bytes.
const bulkOverheadBytes = len("$9223372036854775807\r\n\r\n")

// appendBulkHeader returns buf with the header of a bulk string of size bytes
// and room for the rest of it.
func (w *Writer) appendBulkHeader(size int) []byte {
	b := w.buf
	if cap(b)-len(b) < size+bulkOverheadBytes {
		b = slices.Grow(b, size+bulkOverheadBytes)
	}
	if size < 10 {
		return append(b, '$', byte('0'+size), '\r', '\n')
	}
	b = append(b, '$')
	b = number.AppendUint(b, uint64(size))
	return append(b, '\r', '\n')
}

// Null appends the absent value, in RESP2 as a bulk string.
func (w *Writer) Null() {
	if w.IsRESP3() {
		w.buf = append(w.buf, "_\r\n"...)
		return
	}
	w.buf = append(w.buf, "$-1\r\n"...)
}

// NullArray appends the absent value, in RESP2 as an array.
func (w *Writer) NullArray() {
	if w.IsRESP3() {
		w.buf = append(w.buf, "_\r\n"...)
		return
	}
	w.buf = append(w.buf, "*-1\r\n"...)
}

// EmptyArray appends an array without elements.
func (w *Writer) EmptyArray() { w.buf = append(w.buf, "*0\r\n"...) }

// ArrayHeader begins an array of count elements, which follow.
func (w *Writer) ArrayHeader(count int) { w.header('*', count) }

// MapHeader begins a map of count pairs, which follow: key, value, key …; in
// RESP2 it is an array of twice as many.
func (w *Writer) MapHeader(count int) {
	if w.IsRESP3() {
		w.header('%', count)
		return
	}
	w.header('*', 2*count)
}

// SetHeader begins a set of count elements, which follow; in RESP2 an array.
func (w *Writer) SetHeader(count int) { w.header(w.setPrefix(), count) }

// PushHeader begins an out-of-band message of count elements, which follow; in
// RESP2 an array.
func (w *Writer) PushHeader(count int) { w.header(w.pushPrefix(), count) }

// AttributeHeader begins count pairs of attributes; the reply they belong to
// follows them. Only RESP3 has attributes.
func (w *Writer) AttributeHeader(count int) {
	if !w.IsRESP3() {
		panic("resp: RESP2 has no attributes")
	}
	w.header('|', count)
}

func (w *Writer) setPrefix() byte {
	if w.IsRESP3() {
		return '~'
	}
	return '*'
}

func (w *Writer) pushPrefix() byte {
	if w.IsRESP3() {
		return '>'
	}
	return '*'
}

func (w *Writer) header(prefix byte, count int) { w.buf = appendHeader(w.buf, prefix, count) }

func appendHeader(b []byte, prefix byte, count int) []byte {
	if uint(count) < 10 {
		return append(b, prefix, byte('0'+count), '\r', '\n')
	}
	b = append(b, prefix)
	b = number.AppendInt(b, int64(count))
	return append(b, '\r', '\n')
}

// Double appends a double, in RESP2 as a bulk string.
func (w *Writer) Double(v float64) {
	if w.IsRESP3() {
		b := append(w.buf, ',')
		b = number.AppendDouble(b, v)
		w.buf = append(b, '\r', '\n')
		return
	}
	var text [doubleTextMax]byte
	w.Bulk(number.AppendDouble(text[:0], v))
}

// doubleTextMax is room for every text of number.AppendDouble.
const doubleTextMax = 32

// HumanDouble is Double in number.AppendHumanDouble's notation.
func (w *Writer) HumanDouble(v float64) { w.humanText(number.AppendHumanDouble(nil, v)) }

// HumanLongDouble is HumanDouble for a long double.
func (w *Writer) HumanLongDouble(v number.LongDouble) { w.humanText(v.AppendHuman(nil)) }

func (w *Writer) humanText(text []byte) {
	if !w.IsRESP3() {
		w.Bulk(text)
		return
	}
	b := append(w.buf, ',')
	b = append(b, text...)
	w.buf = append(b, '\r', '\n')
}

// BigNumber appends an integer of any size given as decimal text, in RESP2 as
// a bulk string.
func (w *Writer) BigNumber(digits string) {
	if !w.IsRESP3() {
		w.BulkString(digits)
		return
	}
	b := append(w.buf, '(')
	b = append(b, digits...)
	w.buf = append(b, '\r', '\n')
}

// Verbatim appends text that is meant to be shown as it is, in RESP2 as a bulk
// string. format is its three-letter kind, "txt" or "mkd"; shorter ones are
// padded with spaces.
func (w *Writer) Verbatim(format string, text []byte) {
	if !w.IsRESP3() {
		w.Bulk(text)
		return
	}
	const formatBytes = 3
	b := append(w.buf, '=')
	b = number.AppendInt(b, int64(len(text)+formatBytes+1))
	b = append(b, '\r', '\n')
	for i := range formatBytes {
		if i < len(format) {
			b = append(b, format[i])
		} else {
			b = append(b, ' ')
		}
	}
	b = append(b, ':')
	b = append(b, text...)
	w.buf = append(b, '\r', '\n')
}

// Raw appends bytes that are protocol already.
func (w *Writer) Raw(protocol []byte) { w.buf = append(w.buf, protocol...) }

// RawString is Raw for a string.
func (w *Writer) RawString(protocol string) { w.buf = append(w.buf, protocol...) }
