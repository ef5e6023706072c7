package hash

import (
	"fmt"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

// Check returns an error if a promise of the hash or of its encoding is broken.
// It is for tests.
func Check(v *value.Value) error {
	switch {
	case v.Type != value.Hash:
		return fmt.Errorf("type %v", v.Type)
	case v.Root == 0:
		return nil
	case Len(v) == 0:
		return fmt.Errorf("an empty hash has root %x", v.Root)
	case v.Enc == value.ListPack:
		return checkSmall(v)
	case v.Enc == value.HashTable:
		return largeOf(v).check()
	}
	return fmt.Errorf("encoding %d", v.Enc)
}

func checkSmall(v *value.Value) error {
	lp := listpack.At(v.Root)
	if lp.Len()%2 != 0 || !listpack.Validate(lp, true, nil) {
		return fmt.Errorf("invalid listpack")
	}
	seen := map[string]bool{}
	for entry := range All(v, IgnoreExpiry) {
		if seen[string(entry.Field)] {
			return fmt.Errorf("field %q twice", entry.Field)
		}
		seen[string(entry.Field)] = true
	}
	return nil
}

func (z *large) check() error {
	if err := z.table.Check(); err != nil {
		return err
	}
	if err := z.expiries.Check(); err != nil {
		return err
	}
	volatile := 0
	for e := range z.table.All() {
		if e.Numbered() {
			volatile++
		}
	}
	if volatile != z.expiries.Len() {
		return fmt.Errorf("%d fields expire, %d are in the tree", volatile, z.expiries.Len())
	}
	var err error
	z.expiries.Each(func(e hashtable.Element) {
		if _, found := z.find(e.Key()); found != e || !e.Numbered() {
			err = fmt.Errorf("%q is not the same in table and tree", e.Key())
		}
	})
	return err
}
