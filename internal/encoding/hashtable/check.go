package hashtable

import (
	"fmt"
	"math/bits"
)

// Check walks the whole table and returns an error that names the first broken
// promise. It is for tests and costs a hash of every key.
func (t *Table) Check() error {
	var count uint64
	for i := range t.buckets {
		level := t.levelOf(i)
		if bits.Len64(i) > level {
			return fmt.Errorf("bucket %d is at level %d", i, level)
		}
		b := *t.bucket(i)
		if (b.count() == 0) != (b == 0) {
			return fmt.Errorf("bucket %d is %#x", i, uint64(b))
		}
		at := b.first()
		for k := range b.count() {
			if err := t.checkEntry(at, i, level); err != nil {
				return fmt.Errorf("bucket %d, entry %d: %w", i, k, err)
			}
			at = at.next()
		}
		if length := int(at) - int(b.block()); length != b.used() {
			return fmt.Errorf("bucket %d has %d bytes of entries, not %d", i, length, b.used())
		}
		count += uint64(b.count())
	}
	if count != t.count {
		return fmt.Errorf("found %d elements, counted %d", count, t.count)
	}
	if count > ElementsPerBucket*t.buckets {
		return fmt.Errorf("%d elements in %d buckets", count, t.buckets)
	}
	return nil
}

func (t *Table) checkEntry(at place, i uint64, level int) error {
	e := at.element()
	hash := t.Hash(e.Key())
	switch {
	case at.tag()&^externalTag != tagOf(hash):
		return fmt.Errorf("tag %#x of hash %#x", at.tag(), hash)
	case t.index(hash) != i:
		return fmt.Errorf("key %q belongs to bucket %d", e.Key(), t.index(hash))
	case e.InBucket() && int(e.Payload()-e.head()) > at.bytes()-inlineHead:
		return fmt.Errorf("key %q in an entry of %d bytes", e.Key(), at.bytes())
	case at.external() && at.slot() != slotOf(e, hash, level):
		return fmt.Errorf("window %#x of hash %#x at level %d", at.slot()>>48, hash, level)
	case t.Find(hash, e.Key()) != e:
		return fmt.Errorf("key %q is found elsewhere", e.Key())
	}
	return nil
}
