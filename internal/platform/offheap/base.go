package offheap

// Base returns where the pool's reservation begins: every Ref of the pool is a
// multiple of 8 bytes above it, so that tables can keep short references.
func (p *Pool) Base() Ref { return Ref(p.pages.data.base) }
