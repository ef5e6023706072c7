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

// AppendShortBulk is AppendBulk for loops over many strings that are mostly shorter
// than 64 bytes. What is behind value, up to its capacity, must not be written by
// others meanwhile: it is read with it, 16 bytes at a time.
func AppendShortBulk(dst, value []byte) []byte {
	n, at := len(value), len(dst)
	if n >= shortBulkBytes || cap(value) < shortBulkBytes || cap(dst)-at < shortBulkBytes+bulkOverheadBytes {
		return AppendBulk(dst, value)
	}
	room := dst[at:cap(dst)]
	head := len("$10\r\n")
	if n < 10 {
		head = len("$1\r\n")
		binary.LittleEndian.PutUint32(room, '$'|('0'+uint32(n))<<8|'\r'<<16|'\n'<<24)
	} else {
		binary.LittleEndian.PutUint32(room, '$'|('0'+uint32(n)/10)<<8|('0'+uint32(n)%10)<<16|'\r'<<24)
		room[4] = '\n'
	}
	from, to := (*[shortBulkBytes]byte)(value[:shortBulkBytes]), (*[shortBulkBytes]byte)(room[head:])
	*(*[16]byte)(to[:]) = *(*[16]byte)(from[:])
	if n > 16 {
		*(*[16]byte)(to[16:]) = *(*[16]byte)(from[16:])
	}
	if n > 32 {
		*(*[32]byte)(to[32:]) = *(*[32]byte)(from[32:])
	}
	end := head + n
	binary.LittleEndian.PutUint16(room[end:], '\r'|'\n'<<8)
	return dst[:at+end+2]
}

// shortBulkBytes is what AppendShortBulk may read and write of a string.
const shortBulkBytes = 64

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
