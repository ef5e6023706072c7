package offheap

// tree orders spans. It is a treap over the links in the span records: the
// page heap keeps its free runs in one, by size and then address; each class
// keeps its partly used spans in one, by address. Priorities are a hash of the
// span's number, so the shape does not depend on chance from outside.
type tree struct {
	root   spanID
	bySize bool
}

func (t *tree) key(s *span) uint64 {
	if t.bySize {
		return uint64(s.pages)<<32 | uint64(s.page)
	}
	return uint64(s.page)
}

func priority(id spanID) uint32 {
	x := uint32(id) * 0x9E3779B1
	x ^= x >> 15
	return x * 0x85EBCA77
}

func (t *tree) insert(spans []span, id spanID) {
	s := &spans[id]
	key, prio := t.key(s), priority(id)
	link := &t.root
	for *link != 0 && priority(*link) >= prio {
		link = t.step(spans, *link, key)
	}
	// Split the subtree that id displaces into what is below and above its key.
	rest := *link
	*link = id
	below, above := &s.left, &s.right
	for rest != 0 {
		n := &spans[rest]
		if t.key(n) < key {
			*below = rest
			below = &n.right
			rest = n.right
		} else {
			*above = rest
			above = &n.left
			rest = n.left
		}
	}
	*below, *above = 0, 0
}

func (t *tree) remove(spans []span, id spanID) {
	s := &spans[id]
	key := t.key(s)
	link := &t.root
	for *link != id {
		link = t.step(spans, *link, key)
	}
	left, right := s.left, s.right
	for left != 0 && right != 0 {
		if priority(left) >= priority(right) {
			*link = left
			link = &spans[left].right
			left = *link
		} else {
			*link = right
			link = &spans[right].left
			right = *link
		}
	}
	*link = left | right
	s.left, s.right = 0, 0
}

// step returns the link that leads from node towards key.
func (t *tree) step(spans []span, node spanID, key uint64) *spanID {
	n := &spans[node]
	if key < t.key(n) {
		return &n.left
	}
	return &n.right
}

// atLeast returns the first span whose key is key or more, or 0.
func (t *tree) atLeast(spans []span, key uint64) spanID {
	var found spanID
	for id := t.root; id != 0; {
		n := &spans[id]
		if t.key(n) >= key {
			found = id
			id = n.left
		} else {
			id = n.right
		}
	}
	return found
}
