package zset

import (
	"bytes"
	"fmt"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

// Check returns an error if a promise of the set or of its encoding is broken.
// It is for tests.
func Check(v *value.Value) error {
	switch {
	case v.Type != value.ZSet:
		return fmt.Errorf("type %v", v.Type)
	case v.Root == 0:
		return nil
	case Len(v) == 0:
		return fmt.Errorf("an empty set has root %x", v.Root)
	case v.Enc == value.ListPack:
		return checkSmall(v)
	case v.Enc == value.SkipList:
		return largeOf(v).check()
	}
	return fmt.Errorf("encoding %d", v.Enc)
}

func checkSmall(v *value.Value) error {
	lp := listpack.At(v.Root)
	if lp.Len()%2 != 0 || !listpack.Validate(lp, true, nil) {
		return fmt.Errorf("invalid listpack")
	}
	var before []byte
	last, seen := math.Inf(-1), map[string]bool{}
	var err error
	Range(v, 0, Len(v), false, func(member []byte, score float64) bool {
		switch {
		case seen[string(member)]:
			err = fmt.Errorf("member %q twice", member)
		case math.IsNaN(score):
			err = fmt.Errorf("member %q has no score", member)
		case len(seen) > 0 && (last > score || last == score && bytes.Compare(before, member) >= 0):
			err = fmt.Errorf("%q (%v) before %q (%v)", before, last, member, score)
		}
		seen[string(member)] = true
		before, last = append(before[:0], member...), score
		return err == nil
	})
	return err
}

func (z *large) check() error {
	if err := z.table.Check(); err != nil {
		return err
	}
	if err := z.tree.Check(); err != nil {
		return err
	}
	if z.table.Len() != z.tree.Len() {
		return fmt.Errorf("%d members in the table, %d in the tree", z.table.Len(), z.tree.Len())
	}
	var err error
	z.tree.Each(func(e hashtable.Element) {
		if _, found := z.find(e.Key()); found != e || !e.Numbered() || math.IsNaN(scoreOf(e)) {
			err = fmt.Errorf("%q is not the same in table and tree, or has no score", e.Key())
		}
	})
	return err
}
