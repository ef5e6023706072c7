package hashtable

import "github.com/kvasirdb/kvasir/internal/platform/offheap"

// bucket is the address of a bucket's block, 0 if it has no entries, and above that
// how many there are.
type bucket uint64

const (
	countShift = 48
	slotMask   = 1<<48 - 1

	blockHead     = 4 // bytes of the length
	inlineHead    = 2 // bytes of tag and size before an inline element's head
	externalBytes = 9 // of an external entry
	externalTag   = 0x80
	// A longer element has a block of its own: moving its bucket's block would cost
	// more than that saves.
	inlineMax = 128
)

func (b bucket) block() offheap.Ref { return offheap.Ref(b & slotMask) }
func (b bucket) count() int         { return int(b >> countShift) }
func (b bucket) first() place       { return place(b.block() + blockHead) }

// used returns how many bytes of the block are in use, of no block those that an
// empty one would use.
func (b bucket) used() int {
	if b == 0 {
		return blockHead
	}
	return int(*(*uint32)(b.block().Ptr()))
}

// set makes b a bucket of so many entries in a block of which so many bytes are used.
func (b *bucket) set(block offheap.Ref, used, count int) {
	*(*uint32)(block.Ptr()) = uint32(used)
	*b = bucket(block) | bucket(count)<<countShift
}

// extend makes room for one more entry of n bytes and returns where it is.
func (b *bucket) extend(h *offheap.Heap, why offheap.Purpose, n int) place {
	used := b.used()
	block := h.Resize(b.block(), used+n, why)
	b.set(block, used+n, b.count()+1)
	return place(block) + place(used)
}

// drop takes out the entry at a place.
func (b *bucket) drop(h *offheap.Heap, why offheap.Purpose, at place) {
	block, count := b.block(), b.count()-1
	if count == 0 {
		h.Free(block, why)
		*b = 0
		return
	}
	n := at.bytes()
	content := block.Bytes(b.used())
	from := int(at) - int(block)
	copy(content[from:], content[from+n:])
	used := len(content) - n
	b.set(h.Resize(block, used, why), used, count)
}

// locate finds the entry of an element.
func (b bucket) locate(e Element) place {
	if e.InBucket() {
		return place(e.head()) - inlineHead
	}
	at := b.first()
	for !at.external() || at.element() != e {
		at = at.next()
	}
	return at
}

// freeElements frees the elements that have blocks of their own, and the bucket's.
func (b bucket) freeElements(h *offheap.Heap, why offheap.Purpose) {
	at := b.first()
	for range b.count() {
		if at.external() {
			at.element().Free(h, why)
		}
		at = at.next()
	}
	h.Free(b.block(), why)
}

// place is where an entry begins.
type place offheap.Ref

func (p place) tag() byte      { return *(*byte)(offheap.Ref(p).Ptr()) }
func (p place) external() bool { return p.tag() >= externalTag }

// slot returns the slot of an external entry.
func (p place) slot() uint64 { return *(*uint64)(offheap.Ref(p).Add(1)) }

func (p place) setSlot(slot uint64) { *(*uint64)(offheap.Ref(p).Add(1)) = slot }

// putExternal writes an external entry.
func (p place) putExternal(tag byte, slot uint64) {
	*(*byte)(offheap.Ref(p).Ptr()) = tag | externalTag
	p.setSlot(slot)
}

// putInline writes an inline entry without its payload, which ends the size bytes.
func (p place) putInline(tag byte, size int, key []byte) Element {
	entry := offheap.Ref(p).Bytes(inlineHead)
	entry[0], entry[1] = tag, byte(size)
	return fill(offheap.Ref(p)+inlineHead, key) | inBucket
}

func (p place) element() Element {
	if p.external() {
		return Element(p.slot() & slotMask)
	}
	return Element(p+inlineHead) | inBucket
}

// bytes returns the length of the entry.
func (p place) bytes() int {
	if p.external() {
		return externalBytes
	}
	return inlineHead + int(*(*byte)(offheap.Ref(p).Add(1)))
}

func (p place) next() place { return p + place(p.bytes()) }

// compactor writes entries to a block, from its beginning.
type compactor struct {
	block offheap.Ref
	used  int
	count int
}

// add appends n bytes of entries. They may lie in the same block, not before its end.
func (c *compactor) add(from offheap.Ref, n, entries int) {
	copy(c.block.Bytes(c.used + n)[c.used:], from.Bytes(n))
	c.used += n
	c.count += entries
}

// finish returns the bucket of what was added, in a block that fits.
func (c *compactor) finish(h *offheap.Heap, why offheap.Purpose) (b bucket) {
	if c.count == 0 {
		h.Free(c.block, why)
		return 0
	}
	b.set(h.Resize(c.block, c.used, why), c.used, c.count)
	return b
}
