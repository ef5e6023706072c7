package tracking

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// table says which clients may hold copies of which keys. A key is in the map of
// its shard, whose lock guards it.
type table struct {
	shards [keyspace.Shards]map[string]*holders
	keys   atomic.Int64
	items  atomic.Int64 // holders of all keys
	next   int          // shard that takeNext looks at; exclusive mode
}

// holders are the numbers of clients, ascending. Nearly always it is one.
type holders struct {
	ids []uint64
	one [1]uint64
}

// add notes that a client may hold a key, and reports whether the key is new to
// the table. It allocates nothing when the client is noted already.
func (t *table) add(shard int, key []byte, id uint64) (isNew bool) {
	m := t.shards[shard]
	if h := m[string(key)]; h != nil {
		if at, found := slices.BinarySearch(h.ids, id); !found {
			h.ids = slices.Insert(h.ids, at, id)
			t.items.Add(1)
		}
		return false
	}
	if m == nil {
		m = map[string]*holders{}
		t.shards[shard] = m
	}
	h := &holders{one: [1]uint64{id}}
	h.ids = h.one[:]
	m[string(key)] = h
	t.keys.Add(1)
	t.items.Add(1)
	return true
}

// take removes a key and returns who may hold it, nil if the table does not have
// the key.
func (t *table) take(shard int, key []byte) []uint64 {
	h := t.shards[shard][string(key)]
	if h == nil {
		return nil
	}
	delete(t.shards[shard], string(key))
	t.keys.Add(-1)
	t.items.Add(-int64(len(h.ids)))
	return h.ids
}

// takeAny removes some key of a shard other than the given one.
func (t *table) takeAny(shard int, but string) (key string, ids []uint64, ok bool) {
	for key = range t.shards[shard] {
		if key != but {
			return key, t.take(shard, []byte(key)), true
		}
	}
	return "", nil, false
}

// takeNext removes some key, from one shard after the other. The table must not
// be empty. Exclusive mode.
func (t *table) takeNext() (key string, ids []uint64) {
	for {
		shard := t.next
		t.next = (t.next + 1) % len(t.shards)
		for key = range t.shards[shard] {
			return key, t.take(shard, []byte(key))
		}
	}
}

// clear forgets everything. Exclusive mode.
func (t *table) clear() {
	clear(t.shards[:])
	t.keys.Store(0)
	t.items.Store(0)
}

// check verifies the counts, and the order of holders. Exclusive mode.
func (t *table) check() error {
	var keys, items int64
	for i, m := range t.shards {
		for key, h := range m {
			keys++
			items += int64(len(h.ids))
			if len(h.ids) == 0 || !slices.IsSorted(h.ids) || len(slices.Compact(slices.Clone(h.ids))) != len(h.ids) {
				return fmt.Errorf("shard %d, key %q: holders %v", i, key, h.ids)
			}
		}
	}
	if keys != t.keys.Load() || items != t.items.Load() {
		return fmt.Errorf("found %d keys with %d holders; counted %d, %d", keys, items, t.keys.Load(), t.items.Load())
	}
	return nil
}
