package offheap

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

// central is the shared store of one class: its spans with free blocks, by
// address. Magazines are filled from it and emptied into it in batches.
// Lock order: a central's lock, then the page heap's.
type central struct {
	pages *pageHeap
	class uint8
	geo   geometry

	mu      sync.Mutex
	spans   uint32   // there are
	partial tree     // spans with at least one free block
	bitmaps []uint32 // bitmaps of former spans, for new ones
	_       [64]byte // keeps neighbours' locks off this cache line
}

// refill appends n free blocks to dst, lowest address last, so that a stack
// gives them out in address order.
func (c *central) refill(dst []Ref, n int) []Ref {
	from := len(dst)
	c.mu.Lock()
	for n > 0 {
		id := c.partial.atLeast(c.pages.span, 0)
		if id == 0 {
			id = c.newSpanLocked()
		}
		before := len(dst)
		dst = c.takeLocked(id, dst, n)
		n -= len(dst) - before
	}
	c.mu.Unlock()
	slices.Reverse(dst[from:])
	return dst
}

// takeLocked moves up to n free blocks of the span into dst.
func (c *central) takeLocked(id spanID, dst []Ref, n int) []Ref {
	s := &c.pages.span[id]
	base := Ref(c.pages.data.base + uintptr(s.page)<<pageShift)
	words := c.pages.words[s.bitmap : s.bitmap+c.geo.words]
	w := uint32(s.hint)
	for ; n > 0 && w < c.geo.words; w++ {
		word := words[w]
		for ; word != 0 && n > 0; n-- {
			index := w*64 + uint32(bits.TrailingZeros64(word))
			word &= word - 1
			dst = append(dst, base+Ref(index*c.geo.size))
			s.live++
		}
		words[w] = word
		if word != 0 {
			break
		}
	}
	s.hint = uint8(w)
	if uint32(s.live) == c.geo.blocks {
		c.partial.remove(c.pages.span, id)
	}
	return dst
}

func (c *central) newSpanLocked() spanID {
	id, _ := c.pages.alloc(c.geo.pages, useSpan, c.class, c.spans >= populateSpans)
	c.spans++
	s := &c.pages.span[id]
	if n := len(c.bitmaps); n > 0 {
		s.bitmap = c.bitmaps[n-1]
		c.bitmaps = c.bitmaps[:n-1]
	} else {
		s.bitmap = c.pages.newBitmap(c.geo.words)
	}
	s.live, s.hint = 0, 0
	words := c.pages.words[s.bitmap : s.bitmap+c.geo.words]
	for i := range words {
		words[i] = ^uint64(0)
	}
	if tail := c.geo.blocks % 64; tail != 0 {
		words[len(words)-1] = 1<<tail - 1
	}
	c.partial.insert(c.pages.span, id)
	return id
}

// flush takes free blocks back.
func (c *central) flush(refs []Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range refs {
		c.putLocked(r)
	}
}

func (c *central) putLocked(r Ref) {
	offset := uintptr(r) - c.pages.data.base
	id := c.pages.owner[offset>>pageShift]
	s := &c.pages.span[id]
	index := uint32(uint64(offset-uintptr(s.page)<<pageShift) * c.geo.inverse >> 32)
	word := &c.pages.words[s.bitmap+index/64]
	mask := uint64(1) << (index % 64)
	if *word&mask != 0 || s.class != c.class || s.use != useSpan {
		panic(fmt.Sprintf("offheap: double free of block %#x, class %d", uintptr(r), c.class))
	}
	*word |= mask
	s.hint = min(s.hint, uint8(index/64))
	if uint32(s.live) == c.geo.blocks {
		c.partial.insert(c.pages.span, id)
	}
	s.live--
	if s.live == 0 {
		c.partial.remove(c.pages.span, id)
		c.spans--
		c.bitmaps = append(c.bitmaps, s.bitmap)
		c.pages.freeRun(id)
	}
}
