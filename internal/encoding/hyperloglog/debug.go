package hyperloglog

import (
	"fmt"
	"strings"
)

// All returns the registers of a sketch; ok is false if it is corrupt.
func All(b []byte) (s *Set, ok bool) {
	s = new(Set)
	return s, s.Merge(b)
}

// Runs returns the runs of a sparse sketch as text: z:length and Z:length for
// short and long runs of zeros, v:value,length for others.
func Runs(b []byte) string {
	var text strings.Builder
	for at := headerBytes; at < len(b); {
		o := opcodeAt(b[at:])
		switch {
		case o.value != 0:
			fmt.Fprintf(&text, "v:%d,%d ", o.value, o.length)
		case o.bytes == 2:
			fmt.Fprintf(&text, "Z:%d ", o.length)
		default:
			fmt.Fprintf(&text, "z:%d ", o.length)
		}
		at += o.bytes
	}
	return strings.TrimSuffix(text.String(), " ")
}
