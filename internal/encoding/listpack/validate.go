package listpack

import "encoding/binary"

// Validate reports whether b is a well-formed listpack: exactly as long as
// its header says and with an end mark where it ends. If deep is set, every
// entry is checked too (known form, inside the listpack, correct back length,
// as many as the header says), and each is handed to check, unless that is
// nil, after it was found valid; check returns false to refuse the listpack.
//
// Without deep, only Size and End may be relied on.
func Validate(b []byte, deep bool, check func(v View, p int) bool) bool {
	if len(b) < EmptySize || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != end {
		return false
	}
	if !deep {
		return true
	}
	v := View(b)
	n := 0
	for p := HeaderSize; p != v.End(); n++ {
		next := v.validNext(p)
		if next == 0 || check != nil && !check(v, p) {
			return false
		}
		p = next
	}
	return v.count() == countUnknown || v.count() == n
}

// validNext returns where the entry at p, before End, ends, and 0 if it is
// malformed.
func (v View) validNext(p int) int {
	limit := v.End()
	if p+v.HeadSize(p) > limit {
		return 0
	}
	n := v.encodedSize(p)
	if n == 0 || n > limit-p {
		return 0
	}
	next := p + n + backLenSize(n)
	if next > limit {
		return 0
	}
	var back [5]byte
	putBackLen(back[:], n)
	if string(back[:backLenSize(n)]) != string(v[p+n:next]) {
		return 0
	}
	return next
}
