package hashtable

import (
	"fmt"
	"math/bits"
)

// Check walks the whole table and returns an error that names the first broken
// promise. It is for tests and costs a hash of every key.
func (t *Table) Check() error {
	var count, overflow uint64
	for i := range t.buckets {
		level := t.levelOf(i)
		if bits.Len64(i) > level {
			return fmt.Errorf("bucket %d is at level %d", i, level)
		}
		further := false
		for b := t.bucket(i); ; b = b.next() {
			used := b.used()
			for slot := range used {
				if err := t.checkSlot(b, slot, i, level); err != nil {
					return fmt.Errorf("bucket %d, slot %d: %w", i, slot, err)
				}
			}
			count += uint64(used)
			if further && used < 2 {
				return fmt.Errorf("bucket %d: a further bucket holds %d elements", i, used)
			}
			if b.tags < overflowFlag {
				break
			}
			if used != slotsPerBucket-1 || b.tags>>56 != 1 {
				return fmt.Errorf("bucket %d: tags %#x before a further bucket", i, b.tags)
			}
			further = true
			overflow++
		}
	}
	if count != t.count || overflow != uint64(t.overflow) {
		return fmt.Errorf("found %d elements and %d further buckets, counted %d and %d", count, overflow, t.count, t.overflow)
	}
	if 2*count > splitLoad*t.buckets {
		return fmt.Errorf("%d elements in %d buckets", count, t.buckets)
	}
	return nil
}

func (t *Table) checkSlot(b *bucket, slot int, i uint64, level int) error {
	e := b.element(slot)
	hash := t.Hash(e.Key())
	switch {
	case b.tag(slot) != tagOf(hash):
		return fmt.Errorf("tag %#x of hash %#x", b.tag(slot), hash)
	case t.index(hash) != i:
		return fmt.Errorf("key %q belongs to bucket %d", e.Key(), t.index(hash))
	case b.slots[slot] != slotOf(e, hash, level):
		return fmt.Errorf("window %#x of hash %#x at level %d", b.slots[slot]>>48, hash, level)
	case t.Find(hash, e.Key()) != e:
		return fmt.Errorf("key %q is found elsewhere", e.Key())
	}
	return nil
}
