package keyspace

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// embeddedMax is the size up to which Valkey keeps a string in one block with
// its key, which OBJECT ENCODING calls "embstr"; longer strings are "raw".
const embeddedMax = 128

// embeddedSize returns the size of Valkey's block for a key with a short value:
// the object, the expiry, and the two strings with their headers.
func embeddedSize(keyLen, valueLen int, expiry bool) int {
	const object, terminator = 8, 1
	header := 1
	switch {
	case keyLen >= 1<<16:
		header = 9
	case keyLen >= 1<<8:
		header = 5
	case keyLen >= 1<<5:
		header = 3
	}
	n := object + 1 + header + keyLen + terminator
	if expiry {
		n += 8
	}
	return n + 3 + valueLen + terminator
}

// NumberText is room for the text of an integer.
type NumberText [20]byte

// String returns a view of a found key's string value. An integer is written
// into text, which the view then refers to.
func (e *Entry) String(text *NumberText) []byte {
	r := e.ref()
	h := entHeader(r)
	switch h.encoding() {
	case value.Inline:
		return entInline(r, h)
	case value.Int:
		return number.AppendInt(text[:0], int64(entRoot(r, h)))
	}
	return str.Bytes(offheap.Ref(entRoot(r, h)))
}

// BigString returns the block of a found key's string when it is a long one,
// so that a reply can hold a reference to it; 0 otherwise.
func (e *Entry) BigString() offheap.Ref {
	r := e.ref()
	h := entHeader(r)
	if h.encoding() != value.Big {
		return 0
	}
	return offheap.Ref(entRoot(r, h))
}

// Int returns a found key's value when it is stored as an integer.
func (e *Entry) Int() (n int64, ok bool) {
	r := e.ref()
	h := entHeader(r)
	if h&entKindMask != kind(value.String, value.Int) {
		return 0, false
	}
	return int64(entRoot(r, h)), true
}

// StringLen returns the length of a found key's string value.
func (e *Entry) StringLen() int {
	r := e.ref()
	h := entHeader(r)
	switch h.encoding() {
	case value.Inline:
		return h.inlineLen()
	case value.Int:
		var text NumberText
		return len(number.AppendInt(text[:0], int64(entRoot(r, h))))
	}
	return str.Len(offheap.Ref(entRoot(r, h)))
}

// stringEncodingName returns what OBJECT ENCODING calls a found key's string.
func (e *Entry) stringEncodingName() string {
	r := e.ref()
	h := entHeader(r)
	switch h.encoding() {
	case value.Int:
		return "int"
	case value.Inline:
		_, keyLen := keyAt(r, h)
		if h&entGrown == 0 && embeddedSize(keyLen, h.inlineLen(), h&entHasExpiry != 0) <= embeddedMax {
			return "embstr"
		}
	}
	return "raw"
}

// SetString makes key hold the string val with the given expiry (-1: none).
// e is the result of looking key up; neither key nor val may be views of
// entries. Integers in canonical form are stored as such.
func (tx *Tx) SetString(e *Entry, key, val []byte, expiry int64) {
	tx.setString(e, key, val, expiry)
	tx.modified(key, 1)
}

func (tx *Tx) setString(e *Entry, key, val []byte, expiry int64) {
	if len(val) <= number.IntTextMax {
		if n, ok := number.ParseInt(val); ok {
			tx.assignInt(e, key, n, expiry)
			return
		}
	}
	tx.assignText(e, key, val, expiry)
}

// SetText is SetString for a value that is not stored as an integer even if it
// is one (INCRBYFLOAT).
func (tx *Tx) SetText(e *Entry, key, val []byte, expiry int64) {
	tx.assignText(e, key, val, expiry)
	tx.modified(key, 1)
}

func (tx *Tx) assignText(e *Entry, key, val []byte, expiry int64) {
	if len(val) > InlineMax {
		r := str.NewBig(tx.w.heap, len(val), 0)
		copy(str.Bytes(r), val)
		tx.assignRoot(e, key, kind(value.String, value.Big), uint64(r), expiry)
		return
	}
	copy(tx.assign(e, key, kind(value.String, value.Inline), len(val), expiry), val)
}

func (tx *Tx) assignInt(e *Entry, key []byte, n, expiry int64) {
	tx.assignRoot(e, key, kind(value.String, value.Int), uint64(n), expiry)
}

func (tx *Tx) assignRoot(e *Entry, key []byte, k header, root uint64, expiry int64) {
	p := tx.assign(e, key, k, 8, expiry)
	*(*[8]byte)(p) = *(*[8]byte)(unsafe.Pointer(&root))
}

// SetInt makes key hold the integer n, keeping its expiry.
func (tx *Tx) SetInt(e *Entry, key []byte, n int64) {
	if e.slot != nil {
		r := e.ref()
		if h := entHeader(r); h&entKindMask == kind(value.String, value.Int) {
			tx.beforeChange(e)
			setEntRoot(r, entHeader(r), uint64(n))
			tx.modified(key, 1)
			return
		}
		tx.assignInt(e, key, n, e.Expiry())
	} else {
		tx.assignInt(e, key, n, -1)
	}
	tx.modified(key, 1)
}

// SetBig makes key hold a long string whose only reference the caller gives up.
func (tx *Tx) SetBig(e *Entry, key []byte, r offheap.Ref, expiry int64) {
	tx.assignRoot(e, key, kind(value.String, value.Big), uint64(r), expiry)
	tx.modified(key, 1)
}

// EditString returns a writable view of key's string, made n bytes long: bytes
// beyond the old length are zero, an absent key is created without expiry. The
// expiry stays. greedy leaves room for further growth (APPEND). n must not be
// less than the present length. The caller writes before its next call to tx;
// key must not be a view of an entry.
func (tx *Tx) EditString(e *Entry, key []byte, n int, greedy bool) []byte {
	defer tx.modified(key, 1)
	if e.slot == nil {
		return tx.newString(e, key, n, -1)
	}
	tx.beforeChange(e)
	r := e.ref()
	h := entHeader(r)
	heap := tx.w.heap
	if h.encoding() == value.Big {
		old := offheap.Ref(entRoot(r, h))
		grown := str.Grow(heap, old, n, greedy)
		setEntRoot(r, h, uint64(grown))
		return str.Bytes(grown)
	}
	expiry := entExpiry(r, h)
	if h.encoding() == value.Int || n > InlineMax {
		var text NumberText
		old := append(make([]byte, 0, n), e.String(&text)...)
		p := tx.newString(e, key, n, expiry)
		clear(p[copy(p, old):])
		return p
	}
	old := h.inlineLen()
	prefix := entPayload(r, h)
	if prefix+n > heap.Pool().SizeOf(r) {
		room := prefix + n
		if greedy {
			room += n
		}
		r = heap.Resize(r, room, offheap.PurposeEntry)
		setRef(tx.origin, e.slot, r)
	}
	h = h&^(0xffff<<entValueShift) | header(n)<<entValueShift | entGrown
	setEntHeader(r, h)
	p := entInline(r, h)
	if n > old {
		clear(p[old:])
	}
	return p
}

// newString makes key hold a string of n zero bytes and returns them.
func (tx *Tx) newString(e *Entry, key []byte, n int, expiry int64) []byte {
	if n > InlineMax {
		r := str.NewBig(tx.w.heap, n, 0)
		clear(str.Bytes(r))
		tx.assignRoot(e, key, kind(value.String, value.Big), uint64(r), expiry)
		return str.Bytes(r)
	}
	p := tx.assign(e, key, kind(value.String, value.Inline)|entGrown, n, expiry)
	clear(p)
	return p
}
