package resp

import (
	"encoding/binary"
	"slices"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// This file is the inner loop of long replies: arrays of many short strings.

// BulkSize returns the size of a bulk string of n bytes.
func BulkSize(n int) int { return len("$\r\n\r\n") + number.DigitCount(uint64(n)) + n }

// GrowForBulks makes room in dst for bulk strings that have this size together,
// so that AppendBulk does not have to.
func GrowForBulks(dst []byte, size int) []byte { return slices.Grow(dst, size+bulkOverheadBytes) }

// AppendBulk appends a copy of value to dst as a bulk string.
func AppendBulk(dst, value []byte) []byte {
	n := len(value)
	dst, at := appendBulkHead(dst, n)
	dst = dst[:at+n+2]
	copy(dst[at:], value)
	dst[at+n], dst[at+n+1] = '\r', '\n'
	return dst
}

// AppendBulkInt appends an integer's text to dst as a bulk string.
func AppendBulkInt(dst []byte, v int64) []byte {
	n := 0
	u := uint64(v)
	if v < 0 {
		n, u = 1, -u
	}
	dst, at := appendBulkHead(dst, n+number.DigitCount(u))
	return append(number.AppendInt(dst[:at], v), '\r', '\n')
}

// appendBulkHead appends the header of a bulk string of n bytes and makes room
// for the rest of it. It returns where that begins.
func appendBulkHead(dst []byte, n int) (_ []byte, at int) {
	if cap(dst)-len(dst) < n+bulkOverheadBytes {
		dst = slices.Grow(dst, n+bulkOverheadBytes)
	}
	at = len(dst)
	head := dst[at : at+8] // there is room for longer ones
	switch {
	case n < 10:
		binary.LittleEndian.PutUint64(head, '$'|('0'+uint64(n))<<8|'\r'<<16|'\n'<<24)
		return dst, at + 4
	case n < 100:
		binary.LittleEndian.PutUint64(head, '$'|('0'+uint64(n)/10)<<8|('0'+uint64(n)%10)<<16|'\r'<<24|'\n'<<32)
		return dst, at + 5
	}
	dst = number.AppendUint(append(dst, '$'), uint64(n))
	dst = append(dst, '\r', '\n')
	return dst, len(dst)
}

// Extend appends what f appends to the slice it is given, which is made of
// complete elements in the writer's protocol.
func (w *Writer) Extend(f func(dst []byte) []byte) { w.buf = f(w.buf) }
