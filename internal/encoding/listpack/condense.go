package listpack

import (
	"encoding/binary"
	"math"
)

// Condensed is a listpack written in fewer bytes, which can only be expanded again:
// for what is kept in memory, read now and then, and seldom changed. It has no back
// lengths, and each element is written by its difference to its reference, the
// element stride places before it, which is likely to be similar.
//
// It consists of pieces that are expanded independently of each other, so that
// reading one place does not cost the whole: references do not reach out of a
// piece.
//
//	condensed = count : 2, pieces : 2, ( size : 2, length : 2 ) for each piece, operation ...
//
// The size is how many bytes of the listpack a piece is, the length how many its
// operations are.
//
//	00pppppp  suffix         string as long as the reference, of which it shares p bytes
//	01nnnnnn                 n+1 elements equal to their references
//	10dddddd                 integer: the reference + d - 16
//	11000nnn  n+1 bytes LE   integer: the reference + a difference, zigzag
//	11010000  varint p, varint n, n bytes
//	                         string: p bytes of the reference, then these n
//
// A reference that is absent or of the other kind counts as an empty string or 0.
type Condensed []byte

const (
	opSuffix = 0x00
	opSame   = 0x40
	opStep   = 0x80
	opInt    = 0xC0
	opString = 0xD0

	operandMask = 0x3F
	stepBias    = 16

	condensedHeader = 4 // before the pieces' descriptors
	pieceBytes      = 4 // of a descriptor
	pieceSizeMax    = 1<<16 - 1
)

// Condense writes a listpack in condensed form to dst and returns how many bytes
// that took. Pieces begin with the first element and at cuts, positions of other
// elements, ascending. It returns 0 if dst or what describes a piece has no room,
// or if the listpack is not one that Expand would restore to the byte: one of
// another server may have integers or lengths in a longer form than they need.
func Condense(dst []byte, v View, stride int, cuts []int) int {
	pieces := len(cuts) + 1
	c := condenser{v: v, dst: dst, at: condensedHeader + pieceBytes*pieces}
	if len(dst) < c.at || pieces > pieceSizeMax {
		return 0
	}
	binary.LittleEndian.PutUint16(dst, uint16(v.count()))
	binary.LittleEndian.PutUint16(dst[2:], uint16(pieces))
	from := HeaderSize
	for k := range pieces {
		to := v.End()
		if k < len(cuts) {
			to = cuts[k]
		}
		operations := c.at
		if !c.piece(from, to, stride) || to-from > pieceSizeMax || c.at-operations > pieceSizeMax {
			return 0
		}
		descriptor := dst[condensedHeader+pieceBytes*k:]
		binary.LittleEndian.PutUint16(descriptor, uint16(to-from))
		binary.LittleEndian.PutUint16(descriptor[2:], uint16(c.at-operations))
		from = to
	}
	return c.at
}

// piece writes the elements between two positions, and reports whether it could.
func (c *condenser) piece(from, to, stride int) bool {
	v := c.v
	c.same = 0
	ref := reference{begin: from, ahead: stride}
	for p := from; p < to; {
		next, refNext := v.after(p), 0
		if ref.at != 0 {
			refNext = v.after(ref.at)
		}
		var ok bool
		switch head := v[p]; {
		case head == v[ref.at] && string(v[p:next]) == string(v[ref.at:refNext]):
			ok = c.equal()
		case head < headShortString:
			ok = c.int(uint64(head) - uint64(ref.int(v)))
		case head&^0x1F == headInt13:
			n := v.int(p)
			ok = (n < 0 || n > 127) && c.int(uint64(n)-uint64(ref.int(v)))
		default:
			ok = c.element(p, next, ref.at, refNext)
		}
		if !ok {
			return false
		}
		ref.advance(refNext)
		p = next
	}
	return true
}

// reference follows the element that is stride places before the current one.
type reference struct {
	begin int // of the piece
	at    int // 0 if there is none
	ahead int // elements to go until there is one
}

// advance moves on when the next element becomes the current one; the reference
// ends at next, if there is one.
func (r *reference) advance(next int) {
	if r.at != 0 {
		r.at = next
	} else if r.ahead--; r.ahead == 0 {
		r.at = r.begin
	}
}

// int returns the reference as an integer.
func (r *reference) int(v View) int64 {
	if r.at == 0 {
		return 0
	}
	if b := v[r.at]; b < headShortString {
		return int64(b)
	}
	return v.Get(r.at).Int
}

type condenser struct {
	v    View
	dst  []byte
	at   int // of the next operation
	same int // where the run of equal elements that dst ends with began, 0 if it does not
}

// element writes the entry from p to next, which is not the equal of its reference,
// from ref to refNext, and reports whether it could.
func (c *condenser) element(p, next, ref, refNext int) bool {
	v := c.v
	switch head := v[p]; {
	case head < headInt13 && v[ref]&headInt13 == headShortString && ref != 0:
		return c.string(v[p+1:next-1], v[ref+1:refNext-1])
	case head < headInt13:
		return c.string(v[p+1:next-1], nil)
	}
	e, r := v.Get(p), Elem{}
	if ref != 0 {
		r = v.Get(ref)
	}
	if e.IsInt {
		return next-p == EntrySizeOfInt(e.Int) && c.int(uint64(e.Int)-uint64(r.Int))
	}
	return next-p == StringSizeMax(len(e.Str)) && c.string(e.Str, r.Str)
}

func (c *condenser) equal() bool {
	if c.same != 0 && c.dst[c.same] < opSame|operandMask {
		c.dst[c.same]++
		return true
	}
	if c.at == len(c.dst) {
		return false
	}
	c.same = c.at
	c.dst[c.at] = opSame
	c.at++
	return true
}

func (c *condenser) int(difference uint64) bool {
	c.same = 0
	const bytesMax = 9
	if len(c.dst)-c.at < bytesMax {
		return false
	}
	if step := difference + stepBias; step <= operandMask {
		c.dst[c.at] = opStep | byte(step)
		c.at++
		return true
	}
	zigzag := difference<<1 ^ uint64(int64(difference)>>63)
	op := c.at
	n := 0
	for ; zigzag != 0; n++ {
		c.dst[op+1+n] = byte(zigzag)
		zigzag >>= 8
	}
	c.dst[op] = opInt | byte(n-1)
	c.at += 1 + n
	return true
}

// string writes a string whose reference is r, which is empty if it is an integer.
func (c *condenser) string(s, r []byte) bool {
	c.same = 0
	shared := commonPrefix(s, r)
	const headMax = 1 + 2*binary.MaxVarintLen32
	if len(c.dst)-c.at < headMax+len(s)-shared {
		return false
	}
	if len(s) == len(r) && len(s) > 0 {
		shared = min(shared, operandMask)
		c.dst[c.at] = opSuffix | byte(shared)
		c.at++
	} else {
		c.dst[c.at] = opString
		c.at++
		c.at += binary.PutUvarint(c.dst[c.at:], uint64(shared))
		c.at += binary.PutUvarint(c.dst[c.at:], uint64(len(s)-shared))
	}
	c.at += copy(c.dst[c.at:], s[shared:])
	return true
}

func commonPrefix(a, b []byte) (n int) {
	most := min(len(a), len(b))
	for n+8 <= most && binary.LittleEndian.Uint64(a[n:]) == binary.LittleEndian.Uint64(b[n:]) {
		n += 8
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

// Expand undoes Condense with the same stride. dst has the length of the listpack.
func (c Condensed) Expand(dst []byte, stride int) {
	v := View(dst)
	binary.LittleEndian.PutUint32(v, uint32(len(v)))
	copy(v[4:HeaderSize], c)
	p := HeaderSize
	begin := c.operations()
	for k := range c.Pieces() {
		size, length := c.piece(k)
		if expand(v, p, c, begin, begin+length, stride, math.MaxInt) != p+size {
			panic("listpack: a condensed listpack is corrupt")
		}
		p += size
		begin += length
	}
	v[p] = end
}

// Pieces returns the number of pieces.
func (c Condensed) Pieces() int { return int(binary.LittleEndian.Uint16(c[2:])) }

// PieceSize returns the length of a piece, expanded.
func (c Condensed) PieceSize(k int) int {
	size, _ := c.piece(k)
	return size
}

// PieceSizeMax returns the length of the longest piece, expanded.
func (c Condensed) PieceSizeMax() (longest int) {
	for k := range c.Pieces() {
		longest = max(longest, c.PieceSize(k))
	}
	return longest
}

// ExpandPiece makes dst a listpack of what is at dst before position at, which is
// HeaderSize or the end of an element, and piece k, and returns it. The number of
// elements is not stored. dst has room for the piece and the end mark; room for
// ExpandSlack bytes more makes it faster.
func (c Condensed) ExpandPiece(dst []byte, at, k, stride int) View {
	return c.ExpandFirst(dst, at, k, stride, math.MaxInt)
}

// ExpandFirst is ExpandPiece for so many elements of the piece at most.
func (c Condensed) ExpandFirst(dst []byte, at, k, stride, elements int) View {
	begin, length := c.operations(), 0
	for i := range k + 1 {
		begin += length
		_, length = c.piece(i)
	}
	p := expand(dst, at, c, begin, begin+length, stride, elements)
	v := View(dst[:p+1])
	v[p] = end
	binary.LittleEndian.PutUint32(v, uint32(len(v)))
	binary.LittleEndian.PutUint16(v[4:], countUnknown)
	return v
}

// operations returns where the operations begin.
func (c Condensed) operations() int { return condensedHeader + pieceBytes*c.Pieces() }

// piece returns how many bytes a piece is, expanded, and how many its operations.
func (c Condensed) piece(k int) (size, length int) {
	descriptor := c[condensedHeader+pieceBytes*k:]
	return int(binary.LittleEndian.Uint16(descriptor)), int(binary.LittleEndian.Uint16(descriptor[2:]))
}

// ExpandSlack is how many bytes behind its result an expansion may overwrite if
// they are there: most elements are then copied in whole words.
const ExpandSlack = 72

// expand writes the elements that the operations of a piece, src from i to j,
// describe, as many of them at most, to v from position p on, and returns where
// they end.
func expand(v View, p int, src []byte, i, j, stride, elements int) int {
	ref := reference{begin: p, ahead: stride}
	for ; i < j && elements > 0; elements-- {
		op := src[i]
		if op < opSame && stride == 1 {
			size, n := p-ref.at, 0
			if p, i, n = suffixes(v, p, size, src, i, j, elements); n > 0 {
				ref.at = p - size
				elements -= n - 1
				continue
			}
		}
		i++
		refNext := 0
		if ref.at != 0 {
			refNext = v.after(ref.at)
		}
		switch {
		case op < opSame:
			from := ref.at
			head := v[from]
			if head >= headInt13 {
				q := p + copy(v[p:], v[from:refNext])
				i += copy(v.Get(p).Str[op:], src[i:j])
				p = q
				break
			}
			q := p + refNext - from
			shared := p + 1 + int(op)
			n := q - 1 - shared
			if q+ExpandSlack <= len(v) && i+n+8 <= len(src) {
				copyWords(v[p:], v[from:], 1+int(op))
				copyWords(v[shared:], src[i:], n)
			} else {
				copy(v[p:shared], v[from:])
				copy(v[shared:q-1], src[i:])
			}
			v[q-1] = byte(q - p - 1)
			i += n
			p = q
		case op < opStep:
			n := min(int(op&operandMask), elements-1)
			elements -= n
			for ; ; n-- {
				if refNext-ref.at == 2 {
					v[p], v[p+1] = v[ref.at], v[ref.at+1]
					p += 2
				} else {
					p += copy(v[p:], v[ref.at:refNext])
				}
				if n == 0 {
					break
				}
				ref.advance(refNext)
				refNext = v.after(ref.at)
			}
		case op < opInt:
			p += putInt(v[p:], ref.int(v)+int64(op&operandMask)-stepBias)
		case op < opString:
			var zigzag [8]byte
			i += copy(zigzag[:op&7+1], src[i:])
			n := binary.LittleEndian.Uint64(zigzag[:])
			p += putInt(v[p:], ref.int(v)+(int64(n>>1)^-int64(n&1)))
		default:
			shared, n := binary.Uvarint(src[i:])
			i += n
			length, n := binary.Uvarint(src[i:])
			i += n
			size := putStringHead(v[p:], int(shared+length))
			if shared > 0 {
				size += copy(v[p+size:], v.Get(ref.at).Str[:shared])
			}
			size += copy(v[p+size:], src[i:i+int(length)])
			i += int(length)
			putBackLen(v[p+size:], size)
			p += size + backLenSize(size)
		}
		ref.advance(refNext)
	}
	return p
}

// suffixes expands a run of opSuffix with a stride of 1, src from i up to j at most:
// elements that are all as long as the one before them, whose entry has size bytes
// and ends at p. It returns where the entries and the operations end, and how many
// there were. It ends early at what is no short string, and where there is no room
// to copy more than is asked for.
func suffixes(v View, p, size int, src []byte, i, j, elements int) (end, next, n int) {
	if size > maxShortString+2 {
		return p, i, 0
	}
	p, i, n = suffixesWide(v, p, size, src, i, j, elements)
	p, i, more := suffixWords(v, p, size, src, i, j, elements-n)
	return p, i, n + more
}

// suffixWords is the part of suffixes that every machine can do.
func suffixWords(v View, p, size int, src []byte, i, j, elements int) (end, next, n int) {
	head := headShortString | byte(size-2)
	for n < elements && i < j && src[i] < opSame && p+size+ExpandSlack <= len(v) && i+size+8 <= len(src) {
		shared := int(src[i])
		own := size - 2 - shared
		v[p] = head
		copyWords(v[p+1:], v[p+1-size:], shared)
		copyWords(v[p+1+shared:], src[i+1:], own)
		p += size
		v[p-1] = byte(size - 1)
		i += 1 + own
		n++
	}
	return p, i, n
}

// copyWords copies n bytes, and up to seven more, forwards; both have room for that.
// Calling copy for a few bytes takes longer than copying them.
func copyWords(dst, src []byte, n int) {
	for at := 0; at < n; at += 8 {
		binary.LittleEndian.PutUint64(dst[at:], binary.LittleEndian.Uint64(src[at:]))
	}
}
