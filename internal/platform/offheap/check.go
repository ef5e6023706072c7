package offheap

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

// Check walks the whole pool and compares everything that is kept in two
// places. No heap may be used meanwhile. It takes time in proportion to the
// committed memory and is meant for tests and for DEBUG commands.
func (p *Pool) Check() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := checker{h: &p.pages}
	c.runs()
	c.freeRuns()
	for class := 1; class < numClasses; class++ {
		c.class(&p.central[class])
	}
	c.counters(p)
	return errors.Join(c.problems...)
}

type checker struct {
	h        *pageHeap
	problems []error
	live     int64              // bytes of live blocks and of blocks in magazines
	spans    [numClasses]uint32 // spans, by class
	partial  [numClasses]int    // spans with free blocks, by class
	free     int                // free runs
	dirty    int                // free runs with dirty pages
}

func (c *checker) expect(ok bool, format string, args ...any) {
	if !ok && len(c.problems) < 20 {
		c.problems = append(c.problems, fmt.Errorf(format, args...))
	}
}

// runs walks the committed pages from the first to the last, run by run.
func (c *checker) runs() {
	h := c.h
	var active, dirty uint32
	wasFree := false
	for page := uint32(0); page < h.pages; {
		id := h.owner[page]
		s := &h.span[id]
		if id == 0 || s.page != page || s.pages == 0 || page+s.pages > h.pages {
			c.expect(false, "page %d belongs to run %d, which is pages %d+%d", page, id, s.page, s.pages)
			return
		}
		c.expect(s.pages%h.granule == 0, "run %d has %d pages, no multiple of %d", id, s.pages, h.granule)
		c.expect(h.owner[page+s.pages-1] == id, "the last page of run %d belongs to %d", id, h.owner[page+s.pages-1])
		table := h.table[page : page+s.pages]
		switch s.use {
		case useFree:
			c.expect(!wasFree, "free run %d was not merged with the one before", id)
			n := h.countDirty(page, s.pages)
			c.expect(n == s.dirty, "free run %d counts %d dirty pages, has %d", id, s.dirty, n)
			for i, state := range table {
				c.expect(state == pageDirty || state == pageClean, "page %d of free run %d has state %d", i, id, state)
			}
			dirty += n
			c.free++
			if n > 0 {
				c.dirty++
			}
		case useSpan:
			c.span(id)
			active += s.pages
		case useLarge:
			c.expect(table[0] == pageLarge, "large run %d starts with page state %d", id, table[0])
			for i, state := range table[1:] {
				c.expect(state == pageInner, "page %d of large run %d has state %d", i+1, id, state)
			}
			c.live += int64(s.pages) << pageShift
			active += s.pages
		default:
			c.expect(false, "run %d has use %d", id, s.use)
		}
		wasFree = s.use == useFree
		page += s.pages
	}
	c.expect(active == h.active, "%d pages are active, counted %d", active, h.active)
	c.expect(dirty == h.dirty, "%d free pages are dirty, counted %d", dirty, h.dirty)
}

func (c *checker) span(id spanID) {
	h := c.h
	s := &h.span[id]
	geo := spanGeometry(int(s.class), h.granule)
	for i := s.page; i < s.page+s.pages; i++ {
		c.expect(h.table[i] == s.class && h.owner[i] == id, "page %d of span %d has class %d and owner %d", i, id, h.table[i], h.owner[i])
	}
	free := 0
	for w, word := range h.words[s.bitmap : s.bitmap+geo.words] {
		free += bits.OnesCount64(word)
		c.expect(word == 0 || w >= int(s.hint), "span %d has a free block in word %d, before the hint %d", id, w, s.hint)
	}
	c.expect(free+int(s.live) == int(geo.blocks), "span %d of %d blocks has %d free and %d live", id, geo.blocks, free, s.live)
	c.expect(s.live > 0, "span %d is empty", id)
	c.spans[s.class]++
	if free > 0 {
		c.partial[s.class]++
	}
	c.live += int64(s.live) * int64(geo.size)
}

func (c *checker) freeRuns() {
	h := c.h
	n := c.tree(&h.free, h.free.root, 0, ^uint64(0), func(s *span) bool { return s.use == useFree })
	c.expect(n == c.free, "%d free runs, %d in the tree", c.free, n)
	n = 0
	for id, before := h.dirtyHead, spanID(0); id != 0 && n <= c.dirty; id = h.span[id].next {
		c.expect(h.span[id].prev == before, "dirty run %d does not link back to %d", id, before)
		c.expect(h.span[id].dirty > 0, "run %d is clean, but in the list of dirty ones", id)
		before = id
		n++
	}
	c.expect(n == c.dirty, "%d dirty runs, %d in the list", c.dirty, n)
}

func (c *checker) class(central *central) {
	n := c.tree(&central.partial, central.partial.root, 0, ^uint64(0), func(s *span) bool {
		return s.use == useSpan && s.class == central.class
	})
	c.expect(c.spans[central.class] == central.spans, "class %d: %d spans, counted %d", central.class, c.spans[central.class], central.spans)
	c.expect(n == c.partial[central.class], "class %d: %d spans with free blocks, %d in the tree", central.class, c.partial[central.class], n)
}

// tree checks the order of a subtree and returns its size.
func (c *checker) tree(t *tree, id spanID, from, to uint64, belongs func(*span) bool) int {
	if id == 0 {
		return 0
	}
	s := &c.h.span[id]
	key := t.key(s)
	if key < from || key > to {
		c.expect(false, "run %d has key %#x, outside %#x to %#x", id, key, from, to)
		return 0
	}
	c.expect(belongs(s), "run %d, use %d, class %d, is in the wrong tree", id, s.use, s.class)
	for _, below := range []spanID{s.left, s.right} {
		c.expect(below == 0 || priority(below) <= priority(id), "run %d is below %d against their priorities", below, id)
	}
	return 1 + c.tree(t, s.left, from, key, belongs) + c.tree(t, s.right, key, to, belongs)
}

// counters compares the blocks found with what the heaps account for.
func (c *checker) counters(p *Pool) {
	used, kept := p.Used(), int64(0)
	for _, heap := range p.heaps {
		for _, d := range heap.delta {
			used += d
		}
		for i := range heap.magazines {
			m := &heap.magazines[i]
			kept += int64(len(m.refs)) * int64(m.size)
			for _, r := range m.refs {
				c.expect(p.Contains(r) && p.pages.table[(uintptr(r)-p.pages.data.base)>>pageShift] == uint8(i),
					"the magazine of class %d holds %#x", i, uintptr(r))
			}
		}
	}
	c.expect(c.live == used+kept, "blocks of %d bytes are out of the spans, %d used and %d in magazines", c.live, used, kept)
	if invariant.Enabled {
		var shadow int64
		p.eachLive(func(r Ref, _ Purpose) { shadow += int64(p.SizeOf(r)) })
		c.expect(shadow == used, "the shadow table has %d live bytes, counted %d", shadow, used)
	}
}

// Leak sums up live blocks of one purpose and size.
type Leak struct {
	Purpose Purpose
	Size    int // usable bytes of each block
	Blocks  int
	Example Ref
}

// Leaks lists what is allocated, which a test that has freed everything expects
// to be nothing. Only the invariant build knows; otherwise the list is empty. No
// heap may be used meanwhile.
func (p *Pool) Leaks() []Leak {
	if !invariant.Enabled {
		return nil
	}
	type kind struct {
		why  Purpose
		size int
	}
	at := map[kind]int{}
	var leaks []Leak
	p.eachLive(func(r Ref, why Purpose) {
		k := kind{why, p.SizeOf(r)}
		i, seen := at[k]
		if !seen {
			i = len(leaks)
			at[k] = i
			leaks = append(leaks, Leak{Purpose: why, Size: k.size, Example: r})
		}
		leaks[i].Blocks++
	})
	return leaks
}

// eachLive calls visit for every live block in the shadow table, by address.
func (p *Pool) eachLive(visit func(Ref, Purpose)) {
	h := &p.pages
	marks := unsafe.Slice((*uint8)(Ref(h.shadow.base).Ptr()), h.shadowBytes(uintptr(h.pages)))
	for i, mark := range marks {
		if mark != shadowNone && mark != shadowFreed {
			visit(Ref(h.data.base+uintptr(i)*8), Purpose(mark-shadowLive))
		}
	}
}
