package set

import (
	"fmt"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/intset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

// Check returns an error if a promise of the set or of its encoding is broken.
// It is for tests.
func Check(v *value.Value) error {
	if v.Type != value.Set {
		return fmt.Errorf("type %v", v.Type)
	}
	if v.Root == 0 {
		return nil
	}
	if Len(v) == 0 {
		return fmt.Errorf("an empty set has root %x", v.Root)
	}
	switch v.Enc {
	case value.IntSet:
		if !intset.Validate(intset.At(v.Root), true) {
			return fmt.Errorf("invalid intset")
		}
	case value.ListPack:
		if !listpack.Validate(listpack.At(v.Root), true, nil) {
			return fmt.Errorf("invalid listpack")
		}
	case value.HashTable:
		return checkTable(v)
	default:
		return fmt.Errorf("encoding %d", v.Enc)
	}
	return checkDistinct(v)
}

func checkTable(v *value.Value) error {
	for e := range tableOf(v).All() {
		if e.Numbered() {
			return fmt.Errorf("member %q has a number", e.Key())
		}
	}
	return tableOf(v).Check()
}

func checkDistinct(v *value.Value) error {
	seen := map[string]bool{}
	for member := range All(v) {
		if seen[string(member)] {
			return fmt.Errorf("member %q twice", member)
		}
		seen[string(member)] = true
	}
	return nil
}
