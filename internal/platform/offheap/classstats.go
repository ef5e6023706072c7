package offheap

// ClassStats are the figures of one size class, or of all large blocks, which
// are runs of their own.
type ClassStats struct {
	BlockBytes int // usable size of a block; 0 for large blocks
	Spans      int
	Blocks     int   // that fit the spans
	Taken      int   // handed out, those in magazines included
	PageBytes  int64 // of the spans
}

// Classes returns the figures of every class in use, by size, large blocks last.
// It looks at all spans; counts of blocks are of different moments.
func (p *Pool) Classes() []ClassStats {
	var all [numClasses + 1]ClassStats
	h := &p.pages
	h.mu.Lock()
	for id := spanID(1); id < spanID(min(int(h.nextSpan)+1, len(h.span))); id++ {
		s := &h.span[id]
		var c *ClassStats
		switch s.use {
		case useSpan:
			c = &all[s.class]
			c.Blocks += int(p.central[s.class].geo.blocks)
			c.Taken += int(s.live)
		case useLarge:
			c = &all[numClasses]
			c.Blocks++
			c.Taken++
		default:
			continue
		}
		c.Spans++
		c.PageBytes += int64(s.pages) << pageShift
	}
	h.mu.Unlock()
	var used []ClassStats
	for class, c := range all {
		if c.Spans > 0 {
			if class < numClasses {
				c.BlockBytes = classBytes(class)
			}
			used = append(used, c)
		}
	}
	return used
}
