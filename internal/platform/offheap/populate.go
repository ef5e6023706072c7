package offheap

// A page that is touched for the first time costs an exception each: a quarter of
// a microsecond on hardware, 15 on some virtual machines, where a quarter of the
// time to load a file went by that way. So spans are cut from pages that the
// system was asked to back in a row. Such pages count as free and backed, as if
// they had been used before, and can be given back.
//
// Large blocks are left alone: whoever makes one may never touch most of it, as
// SETRANGE far behind the end of a string. So are the first spans of a class. A
// collection that grows passes through all classes up to its own, takes a block or
// two of most, and would leave a megabyte of backed pages that nobody touches.

// populateSpans is how many spans a class has before its next ones are backed.
const populateSpans = 3

// populateBytes is how much is backed at once. More gains little, and is memory
// that a small server does not need.
const populateBytes = 128 << 10

// populateLocked backs the first of the next n pages of a free run that is not
// backed, and some behind it.
func (h *pageHeap) populateLocked(s *span, n uint32) {
	if !h.populates {
		return
	}
	from, end := s.page, s.page+s.pages
	for from < s.page+n && h.table[from] != pageClean {
		from++
	}
	if from == s.page+n {
		return
	}
	to := from
	for to < end && to < from+max(populateBytes>>pageShift, n) && h.table[to] == pageClean {
		to++
	}
	if err := populate(h.data.base+uintptr(from)<<pageShift, uintptr(to-from)<<pageShift); err != nil {
		h.populates = false // a system that cannot; touching the pages will do
		return
	}
	for i := from; i < to; i++ {
		h.table[i] = pageDirty
	}
	s.dirty += to - from
	h.dirty += to - from
}
