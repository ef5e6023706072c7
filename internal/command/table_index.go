package command

import (
	"encoding/binary"
	"math/bits"
)

// nameIndex finds commands by name in any case. Every request passes here, so
// a name of up to 16 bytes is two words, folded to lower case eight bytes at a
// time, hashed by one multiplication, and compared as words:
//
//	length      first word          second word
//	0           0                   0
//	1 … 3       first, middle, last 0
//	4 … 7       bytes, zero padded  0
//	8 … 16      first 8 bytes       last 8 bytes (they may overlap)
//
// Together with the length the two words determine the name. Longer names,
// which are rare, live in a map.
type nameIndex struct {
	slots []nameSlot // a power of two, at most a quarter full
	shift uint8      // 64 - log2(len(slots))
	long  map[string]*Cmd
}

type nameSlot struct {
	first, second uint64
	length        int
	cmd           *Cmd // nil: empty
}

const (
	shortNameMax = 16
	// longNameMax bounds what is copied to fold a long name; no command has a
	// longer one unless renamed to it.
	longNameMax = 64
)

// named is a command under a name that is not necessarily its own.
type named struct {
	name string
	cmd  *Cmd
}

func ownNames(cmds []*Cmd) []named {
	names := make([]named, len(cmds))
	for i, c := range cmds {
		names[i] = named{c.Spec.Name, c}
	}
	return names
}

func newNameIndex(entries []named) nameIndex {
	size := 1 << bits.Len(uint(4*len(entries)))
	x := nameIndex{
		slots: make([]nameSlot, size),
		shift: uint8(64 - bits.TrailingZeros(uint(size))),
	}
	for _, e := range entries {
		name := []byte(e.name)
		if len(name) > shortNameMax {
			if x.long == nil {
				x.long = make(map[string]*Cmd)
			}
			x.long[string(appendLower(nil, name))] = e.cmd
			continue
		}
		first, second := words(name)
		i := x.slot(first, second)
		for x.slots[i].cmd != nil {
			i = (i + 1) & (size - 1)
		}
		x.slots[i] = nameSlot{first, second, len(name), e.cmd}
	}
	return x
}

// find returns the command called name in any case, or nil.
func (x *nameIndex) find(name []byte) *Cmd {
	if len(name) > shortNameMax {
		return x.findLong(name)
	}
	if len(x.slots) == 0 {
		return nil
	}
	first, second := words(name)
	for i := x.slot(first, second); ; i++ {
		s := &x.slots[i&(len(x.slots)-1)]
		if s.first == first && s.second == second && s.length == len(name) || s.cmd == nil {
			return s.cmd
		}
	}
}

func (x *nameIndex) findLong(name []byte) *Cmd {
	if len(name) > longNameMax {
		return x.long[string(appendLower(nil, name))]
	}
	var buf [longNameMax]byte
	return x.long[string(appendLower(buf[:0], name))]
}

// slot returns where the search for a name begins.
func (x *nameIndex) slot(first, second uint64) int {
	return int((first ^ bits.RotateLeft64(second, 29)) * 0x9e3779b97f4a7c15 >> x.shift)
}

// words reads a name of at most 16 bytes in lower case.
func words(name []byte) (first, second uint64) {
	switch n := len(name); {
	case n >= 8:
		return foldWord(binary.LittleEndian.Uint64(name)), foldWord(binary.LittleEndian.Uint64(name[n-8:]))
	case n >= 4:
		// Two overlapping halves; shifting the second to its place makes the
		// bytes that both have fall together.
		low, high := uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
		return foldWord(low | high<<(8*(n-4))), 0
	case n > 0:
		// First, middle and last byte, which are all there are.
		return foldWord(uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16), 0
	}
	return 0, 0
}

// foldWord turns the upper-case ASCII letters among eight bytes to lower case.
// Adding the distance from 'A', or from beyond 'Z', to 0x80 to the low seven
// bits of a byte carries into its high bit exactly for letters from there on.
func foldWord(w uint64) uint64 {
	const ones = 0x0101010101010101
	low := w & (0x7f * ones)
	fromA := low + (0x80-'A')*ones
	pastZ := low + (0x80-'Z'-1)*ones
	letters := fromA &^ pastZ &^ w & (0x80 * ones)
	return w | letters>>2
}

func appendLower(dst, name []byte) []byte {
	for _, c := range name {
		dst = append(dst, lower(c))
	}
	return dst
}
