package command

import (
	"bytes"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// ParseCursor reads the cursor of a scan. Valkey takes what C's strtoull takes:
// blanks and a sign before the digits, a zero byte after them, and a negative
// number, counted back from 2^64, unless it is written in the usual way.
func ParseCursor(text []byte) (cursor uint64, ok bool) {
	if n, ok := number.ParseInt(text); ok {
		return uint64(n), n >= 0
	}
	text = bytes.TrimLeft(UpToZero(text), " \t\n\v\f\r")
	negative := false
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		negative = text[0] == '-'
		text = text[1:]
	}
	for _, b := range text {
		digit := uint64(b - '0')
		if digit > 9 || cursor > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		cursor = cursor*10 + digit
	}
	if negative {
		cursor = -cursor
	}
	return cursor, len(text) > 0
}
