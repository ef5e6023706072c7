package stream

import (
	"bytes"
	"fmt"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Check walks the whole stream and reports the first contradiction.
func Check(h *offheap.Heap, v *value.Value) error {
	s := Open(h, v)
	if err := s.d.nodes.Check(); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if err := s.checkNodes(); err != nil {
		return err
	}
	if err := s.d.groups.check(groupName); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	for g := range s.Groups() {
		if err := g.check(); err != nil {
			return fmt.Errorf("group %q: %w", g.Name(), err)
		}
	}
	return nil
}

func (s Stream) checkNodes() error {
	live := int64(0)
	var last ID
	for id, lp := range s.Nodes() {
		n, ok := validate(id, lp)
		if !ok {
			return fmt.Errorf("node %v is malformed: %q", id, []byte(lp))
		}
		if b := s.d.nodes.Find(id); b.live() != n.live {
			return fmt.Errorf("node %v: %d live entries, counted %d", id, b.live(), n.live)
		}
		if live > 0 && !last.Less(id) {
			return fmt.Errorf("node %v after entry %v", id, last)
		}
		live += n.live
		last = n.last
	}
	first := ID{}
	if live > 0 {
		first, _ = s.edge(false, false)
	}
	switch {
	case live != int64(s.d.length):
		return fmt.Errorf("%d entries, counted %d", s.d.length, live)
	case first != s.d.first:
		return fmt.Errorf("first entry %v, found %v", s.d.first, first)
	case s.d.last.Less(last):
		return fmt.Errorf("last ID %v, found %v", s.d.last, last)
	}
	return nil
}

func (d *directory) check(nameOf func(offheap.Ref) []byte) error {
	if d.used > d.room || (d.used == 0) != (d.block == 0) {
		return fmt.Errorf("%d of %d places at %#x", d.used, d.room, d.block)
	}
	for i := 1; i < int(d.used); i++ {
		if a, b := nameOf(d.at(i-1)), nameOf(d.at(i)); bytes.Compare(a, b) >= 0 {
			return fmt.Errorf("%q before %q", a, b)
		}
	}
	return nil
}

func (g Group) check() error {
	if err := g.d.pending.Check(); err != nil {
		return fmt.Errorf("pending: %w", err)
	}
	if err := g.d.consumers.check(consumerName); err != nil {
		return fmt.Errorf("consumers: %w", err)
	}
	owned := 0
	for c := range g.Consumers() {
		if err := c.d.pending.Check(); err != nil {
			return fmt.Errorf("consumer %q: %w", c.Name(), err)
		}
		for id := range c.PendingIDs() {
			if p := g.Pending(id); p == nil || !p.Owner().Is(c) {
				return fmt.Errorf("consumer %q has %v, which is not its own", c.Name(), id)
			}
		}
		owned += c.PendingLen()
	}
	if owned != g.PendingLen() {
		return fmt.Errorf("%d entries pending, %d of them with consumers", g.PendingLen(), owned)
	}
	return nil
}
