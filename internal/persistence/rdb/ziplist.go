package rdb

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// The packed forms of older servers are only read.
//
// A ziplist:
//
//	+-------------+-------------+-------+-------+-----+-------+------+
//	| total bytes | last entry  | count | entry | ... | entry | 0xFF |
//	| uint32      | uint32      | uint16|       |     |       |      |
//	+-------------+-------------+-------+-------+-----+-------+------+
//	0             4             8       10
//
//	entry = length of the entry before, encoding, body
//
// That length is one byte, or 0xFE and four. The encodings:
//
//	00llllll                   string of up to 63 bytes
//	01llllll llllllll          string, length big-endian
//	10000000 4 bytes           string, length big-endian
//	11000000 / 1101 / 1110     integer of 2, 4 or 8 bytes
//	11110000 / 11111110        integer of 3 bytes or 1
//	1111vvvv                   integer v-1, from 0 to 12
//
// All other numbers are little-endian. A count of 65535 means "count them".
const (
	zipHeader  = 10
	zipEnd     = 0xff
	zipLong    = 0xfe // four bytes of length follow
	zipCountIt = 0xffff
)

// eachInZiplist hands every element to visit and reports whether the block is
// a ziplist in every byte and visit has always returned true. Elements are
// valid during the call.
func eachInZiplist(block []byte, visit func(s []byte) bool) bool {
	if len(block) < zipHeader+1 || block[len(block)-1] != zipEnd {
		return false
	}
	if binary.LittleEndian.Uint32(block) != uint32(len(block)) {
		return false
	}
	last := int(binary.LittleEndian.Uint32(block[4:]))
	announced := int(binary.LittleEndian.Uint16(block[8:]))
	body := block[:len(block)-1]
	p, before, previous, count := zipHeader, 0, zipHeader, 0
	var text [number.IntTextMax]byte
	for p < len(body) {
		head, n, ok := uint32Or(body[p:])
		if !ok || n != before {
			return false
		}
		s, size, ok := zipElement(body[p+head:], text[:0])
		if !ok || !visit(s) {
			return false
		}
		before, previous = head+size, p
		p += before
		count++
	}
	return last == previous && (announced == count || announced == zipCountIt && count >= zipCountIt)
}

// uint32Or reads a length of one byte, or of four after 0xFE.
func uint32Or(b []byte) (size, n int, ok bool) {
	if len(b) == 0 || b[0] == zipEnd {
		return 0, 0, false
	}
	if b[0] < zipLong {
		return 1, int(b[0]), true
	}
	if len(b) < 5 {
		return 0, 0, false
	}
	return 5, int(binary.LittleEndian.Uint32(b[1:])), true
}

// zipElement reads an element; an integer is written to text. size is that of
// encoding and body.
func zipElement(b, text []byte) (s []byte, size int, ok bool) {
	if len(b) == 0 {
		return nil, 0, false
	}
	head, n := 1, 0
	switch e := b[0]; {
	case e>>6 == 0:
		n = int(e & 0x3f)
	case e>>6 == 1:
		if head = 2; len(b) < head {
			return nil, 0, false
		}
		n = int(e&0x3f)<<8 | int(b[1])
	case e == 0x80:
		if head = 5; len(b) < head {
			return nil, 0, false
		}
		n = int(binary.BigEndian.Uint32(b[1:]))
	default:
		return zipInteger(b, text)
	}
	if n > len(b)-head {
		return nil, 0, false
	}
	return b[head : head+n], head + n, true
}

func zipInteger(b, text []byte) (s []byte, size int, ok bool) {
	var width int
	switch e := b[0]; {
	case e == 0xc0:
		width = 2
	case e == 0xd0:
		width = 4
	case e == 0xe0:
		width = 8
	case e == 0xf0:
		width = 3
	case e == 0xfe:
		width = 1
	case e > 0xf0 && e <= 0xfd:
		return number.AppendInt(text, int64(e&0xf)-1), 1, true
	default:
		return nil, 0, false
	}
	if len(b) < 1+width {
		return nil, 0, false
	}
	var word [8]byte
	copy(word[8-width:], b[1:1+width])
	n := int64(binary.LittleEndian.Uint64(word[:])) >> (64 - 8*width)
	return number.AppendInt(text, n), 1 + width, true
}

// eachInZipmap is eachInZiplist for a zipmap, whose elements are fields and
// values in turn:
//
//	count, then for each pair: length, field, length, unused bytes, value, unused; 0xFF
//
// A length is one byte, or, from 254 on, 0xFE and four; a count of 254 or more is
// not kept.
func eachInZipmap(block []byte, visit func(s []byte) bool) bool {
	if len(block) < 2 || block[len(block)-1] != zipEnd {
		return false
	}
	body := block[:len(block)-1]
	p, count := 1, 0
	for p < len(body) {
		for part := range 2 {
			size, n, ok := uint32Or(body[p:])
			if !ok || size > 1 && n < zipLong {
				return false
			}
			p += size
			unused := 0
			if part == 1 {
				if p == len(body) {
					return false
				}
				unused = int(body[p])
				p++
			}
			if n+unused > len(body)-p || !visit(body[p:p+n]) {
				return false
			}
			p += n + unused
			if part == 0 && p >= len(body) {
				return false
			}
		}
		count++
	}
	return block[0] >= zipLong || int(block[0]) == count
}
