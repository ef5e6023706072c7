package listpack

import "github.com/kvasirdb/kvasir/internal/platform/hashing"

// ValidateUnique is a deep Validate of a listpack that holds groups of stride
// entries, of which the first, its name, must differ from those of the other
// groups.
func ValidateUnique(b []byte, stride int, check func(v View, p int) bool) bool {
	var names names
	n := 0
	return Validate(b, true, func(v View, p int) bool {
		if n++; (n-1)%stride == 0 && !names.add(v, p) {
			return false
		}
		return check == nil || check(v, p)
	}) && n%stride == 0
}

const (
	nameSlots = 512 // a power of two
	namesMax  = nameSlots / 2
)

// names is a set of entries of one listpack. Up to namesMax, as long as nearly
// all are, it allocates nothing; whoever makes them collide makes a few
// thousand comparisons of it.
type names struct {
	slots [nameSlots]uint32 // offsets, 0: none
	n     int
	many  map[string]struct{} // instead, if there are more
}

// add adds the entry at p and reports whether it was not there.
func (s *names) add(v View, p int) bool {
	var scratch, other Scratch
	text := v.Bytes(p, &scratch)
	if s.n == namesMax && s.many == nil {
		s.many = make(map[string]struct{}, 2*namesMax)
		for _, q := range s.slots {
			if q != 0 {
				s.many[string(v.Bytes(int(q), &other))] = struct{}{}
			}
		}
	}
	if s.many != nil {
		s.many[string(text)] = struct{}{}
		s.n++
		return s.n == len(s.many)
	}
	for i := hashing.Bytes(0, text); ; i++ {
		q := &s.slots[i%nameSlots]
		if *q == 0 {
			*q = uint32(p)
			s.n++
			return true
		}
		if string(v.Bytes(int(*q), &other)) == string(text) {
			return false
		}
	}
}
