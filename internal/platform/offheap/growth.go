package offheap

// Blocks that change their length by small steps, as packed collections do, are
// resized by the functions here instead of Resize. A short one always takes the
// class that it needs: there are many of those, and moving one costs little. A
// longer one gets room when it has to move, and moves down only when no more than
// half of its block is in use. So most steps change it in place, and no sequence
// of steps moves it each time.

// exactMax is the length up to which a block takes the class that it needs.
const exactMax = 256

// Extend returns a block of at least size bytes that begins with the contents of
// r, which must not be nil. A block that moves has room for an eighth more.
func (h *Heap) Extend(r Ref, size int, why Purpose) Ref {
	if size <= h.pool.SizeOf(r) {
		return r
	}
	if size > exactMax {
		size += size / 8
	}
	return h.Resize(r, size, why)
}

// ExtendToward is Extend for a block that is being filled up to most bytes or so,
// and that the caller then resizes to what it needs. A block that moves has room
// for half as much again.
func (h *Heap) ExtendToward(r Ref, size, most int, why Purpose) Ref {
	if size <= h.pool.SizeOf(r) {
		return r
	}
	if size > exactMax {
		size = max(size, min(size+size/2, most))
	}
	return h.Resize(r, size, why)
}

// Reduce returns a block of at least size bytes that begins with the contents of
// r, which must not be nil.
func (h *Heap) Reduce(r Ref, size int, why Purpose) Ref {
	if held := h.pool.SizeOf(r); held <= exactMax || size <= held/2 {
		return h.Resize(r, size, why)
	}
	return r
}

// Fits reports whether a block that holds size bytes is one that Extend,
// ExtendToward and Reduce could have led to.
func (p *Pool) Fits(r Ref, size int) bool {
	held := p.SizeOf(r)
	return held == p.ClassSize(size) || held > exactMax && size <= held && size > held/2
}
