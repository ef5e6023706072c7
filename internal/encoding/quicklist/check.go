package quicklist

import (
	"fmt"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

// check stops if an edit left the list in a state that it should not be in.
func (l *List) check() {
	if invariant.Enabled {
		err := l.verify()
		invariant.Check(err == nil, "quicklist: %v", err)
	}
}

// verify walks the whole list and returns the first contradiction.
func (l *List) verify() error {
	head := l.header()
	if head.capacity != l.capacityOf(l.root) || head.start+head.nodes > head.capacity {
		return fmt.Errorf("directory: %+v in a block for %d", *head, l.capacityOf(l.root))
	}
	nodes := l.nodes()
	elements := 0
	r := reader{list: *l}
	for i, n := range nodes {
		elements += n.count()
		if err := l.verifyNode(i, n, &r); err != nil {
			return fmt.Errorf("node %d of %d, block %x, shape %x: %w", i, len(nodes), n.block, n.shape, err)
		}
	}
	if elements != l.Len() {
		return fmt.Errorf("%d elements in the nodes, %d in the header", elements, l.Len())
	}
	return nil
}

func (l *List) verifyNode(i int, n node, r *reader) error {
	if n.count() == 0 {
		return fmt.Errorf("no elements")
	}
	if pool := l.h.Pool(); !pool.Fits(n.ref(), n.blockSize()) {
		return fmt.Errorf("%d bytes in a block of %d", n.blockSize(), pool.SizeOf(n.ref()))
	}
	depth := l.Depth()
	inner := depth > 0 && i >= depth && i < l.Nodes()-depth
	if inner != (n.compressed() || n.tried()) || n.compressed() && n.tried() {
		return fmt.Errorf("inner %t, compressed %t, tried %t", inner, n.compressed(), n.tried())
	}
	nearEnd := i < expandDistance || i >= l.Nodes()-expandDistance
	if n.condensed() && (depth > 0 || nearEnd || n.plain() || n.compressed()) {
		return fmt.Errorf("condensed")
	}
	if n.plain() {
		if n.count() != 1 {
			return fmt.Errorf("plain with %d elements", n.count())
		}
		return nil
	}
	v := listpack.View(r.bytes(n))
	if !listpack.Validate(v, true, nil) || v.Len() != n.count() {
		return fmt.Errorf("listpack of %d elements: %x", v.Len(), []byte(v))
	}
	return nil
}
