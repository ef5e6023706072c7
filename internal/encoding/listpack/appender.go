package listpack

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// IntSizeMax is how many bytes an integer takes as an entry at most.
const IntSizeMax = 10

// Appender adds several elements at the end of a listpack, which must not be used
// otherwise from BeginAppend to End.
type Appender struct {
	h     *offheap.Heap
	why   offheap.Purpose
	lp    offheap.Ref
	block []byte // the listpack and its room
	at    int    // of the next entry
	count int    // added
}

// BeginAppend returns an appender to a listpack that is being filled up to most
// bytes or so. The elements to come must not take more than room bytes; see
// StringSizeMax and IntSizeMax.
func BeginAppend(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, room, most int) Appender {
	size := At(lp).Size()
	checkSize(size + room)
	lp = h.ExtendToward(lp, size+room, most, why)
	return Appender{h: h, why: why, lp: lp, block: lp.Bytes(size + room), at: size - 1}
}

// StringSizeMax returns how many bytes a string of that length takes as an entry:
// this many, or less if it is an integer.
func StringSizeMax(length int) int {
	head := 5
	switch {
	case length <= maxShortString:
		head = 1
	case length <= maxMediumString:
		head = 2
	}
	return head + length + backLenSize(head+length)
}

// String adds a string.
func (a *Appender) String(s []byte) {
	if n, ok := number.ParseInt(s); ok {
		a.Int(n)
		return
	}
	if len(s) > maxShortString {
		f := formOf(s)
		f.write(a.block[a.at:])
		a.advance(f.entrySize())
		return
	}
	b := a.block[a.at : a.at+len(s)+2]
	b[0] = headShortString | byte(len(s))
	copy(b[1:], s)
	b[len(b)-1] = byte(len(s) + 1)
	a.advance(len(b))
}

// Int adds an integer.
func (a *Appender) Int(n int64) { a.advance(putInt(a.block[a.at:], n)) }

func (a *Appender) advance(size int) {
	a.at += size
	a.count++
}

// End completes the listpack and returns it.
func (a *Appender) End() offheap.Ref {
	size := a.at + 1
	a.block[a.at] = end
	binary.LittleEndian.PutUint32(a.block, uint32(size))
	if count := View(a.block).count(); count != countUnknown {
		binary.LittleEndian.PutUint16(a.block[4:], uint16(min(count+a.count, countUnknown)))
	}
	lp := a.h.Reduce(a.lp, size, a.why)
	check(lp)
	return lp
}
