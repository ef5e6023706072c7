package keyspace

import (
	"fmt"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

func TestPrefetchElements(t *testing.T) {
	f := newFixture(t, nil)
	add := func(key string, members int) {
		tx := f.tx(0)
		e, _ := tx.Collection([]byte(key), value.Set)
		v := e.Open(value.Set, value.ListPack)
		for i := range members {
			set.Add(tx.Heap(), value.DefaultLimits(), &v, fmt.Append(nil, "member:", i))
		}
		e.Store([]byte(key), v, members)
	}
	add("small", 10)
	add("medium", 1000)
	add("large", 100_000)
	f.set(0, "string", "value", -1)
	for key, want := range map[string]bool{"large": true, "medium": false, "small": false, "string": false, "absent": false} {
		wanted := Wanted{DB: 0, At: f.space.Locate([]byte(key))}
		if got := f.space.largeTable(wanted) != nil; got != want {
			t.Errorf("a large table at %q: %v, want %v", key, got, want)
		}
		member := WantedElement{wanted, []byte("member:1")}
		f.space.PrefetchElements([]WantedElement{member, member})
	}
}
