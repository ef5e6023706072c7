package tracking

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzTable runs steps on a table and on a plain map of sets.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x01\x01\x02\x02\x01\x03\x02\x03\x03\x00\x05\x05"))
	f.Add([]byte("\x00\x01\x01\x00\x01\x02\x00\x01\x03\x01\x01\x00\x04\x00\x00"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		var table table
		model := map[string]map[uint64]bool{}
		shardOf := func(key string) int { return int(key[0]) % 3 }
		forget := func(key string, ids []uint64) {
			want := slices.Sorted(maps.Keys(model[key]))
			if !slices.Equal(ids, want) {
				t.Fatalf("holders of %q: %v, want %v", key, ids, want)
			}
			delete(model, key)
		}
		for ; len(steps) >= 3; steps = steps[3:] {
			key, id := string([]byte{steps[1] % 16}), uint64(steps[2]%8)
			switch steps[0] % 5 {
			case 0:
				isNew := table.add(shardOf(key), []byte(key), id)
				if isNew != (model[key] == nil) {
					t.Fatalf("key %q is new: %v", key, isNew)
				}
				if isNew {
					model[key] = map[uint64]bool{}
				}
				model[key][id] = true
			case 1:
				forget(key, table.take(shardOf(key), []byte(key)))
			case 2:
				victim, ids, ok := table.takeAny(shardOf(key), key)
				if ok {
					if victim == key || shardOf(victim) != shardOf(key) {
						t.Fatalf("%q was driven out for %q", victim, key)
					}
					forget(victim, ids)
				}
			case 3:
				if len(model) > 0 {
					forget(table.takeNext())
				}
			case 4:
				if id == 0 {
					table.clear()
					clear(model)
				}
			}
			if err := table.check(); err != nil {
				t.Fatal(err)
			}
			if got := table.keys.Load(); got != int64(len(model)) {
				t.Fatalf("%d keys, want %d", got, len(model))
			}
		}
	})
}

func TestRememberingAgainAllocatesNothing(t *testing.T) {
	var table table
	key := []byte("a key of some length, longer than a small string")
	table.add(7, key, 3)
	if n := testing.AllocsPerRun(100, func() { table.add(7, key, 3) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestOverlap(t *testing.T) {
	have := &tracker{prefixes: map[string]*prefix{"user:": nil, "order": nil}}
	for _, c := range []struct {
		tracker  *tracker
		prefixes string
		want     string
	}{
		{nil, "a b c", ""},
		{nil, "ab x abc", "ERR Prefix 'ab' overlaps with another provided prefix 'abc'. Prefixes for a single client must not overlap."},
		{nil, "a a", "ERR Prefix 'a' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap."},
		{have, "users item", ""},
		{have, "item user:1", "ERR Prefix 'user:1' overlaps with an existing prefix 'user:'. Prefixes for a single client must not overlap."},
		{have, "o", "ERR Prefix 'o' overlaps with an existing prefix 'order'. Prefixes for a single client must not overlap."},
	} {
		if got := overlap(c.tracker, strings.Fields(c.prefixes)); got != c.want {
			t.Errorf("%s: %q, want %q", c.prefixes, got, c.want)
		}
	}
}
