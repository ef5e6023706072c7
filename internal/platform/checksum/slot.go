package checksum

import "bytes"

// Slots is the number of hash slots of a cluster.
const Slots = 16384

// KeySlot returns the cluster slot of a key: the CRC-16 of its hash tag, modulo
// Slots.
func KeySlot(key []byte) uint16 { return CRC16(HashTag(key)) % Slots }

// HashTag returns the part of the key that decides its slot: what stands between
// the first '{' and the next '}', if that is not empty, otherwise the whole key.
func HashTag(key []byte) []byte {
	open := bytes.IndexByte(key, '{')
	if open < 0 {
		return key
	}
	if n := bytes.IndexByte(key[open+1:], '}'); n > 0 {
		return key[open+1 : open+1+n]
	}
	return key
}

// PatternSlot returns the one slot in which all keys that match a glob pattern
// must lie, if the pattern shows it: when no special byte stands before the end
// of its hash tag, or anywhere in a pattern without one. An escaped byte counts
// as special.
func PatternSlot(pattern []byte) (slot uint16, ok bool) {
	special := bytes.IndexAny(pattern, `*?[\`)
	if special < 0 {
		return KeySlot(pattern), true
	}
	literal := pattern[:special]
	tag := HashTag(literal)
	if len(tag) == len(literal) {
		return 0, false
	}
	return CRC16(tag) % Slots, true
}
