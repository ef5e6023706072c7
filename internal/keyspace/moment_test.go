package keyspace

import (
	"math"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// TestKeysExpireWhenTheirTimeIsPast: at its expiry a key is still there, a
// millisecond later it is not, whoever looks.
func TestKeysExpireWhenTheirTimeIsPast(t *testing.T) {
	looks := map[string]func(tx *Tx, key []byte) bool{
		"Find":          func(tx *Tx, key []byte) bool { e := tx.Find(key); return e.Found() },
		"FindUntouched": func(tx *Tx, key []byte) bool { e := tx.FindUntouched(key); return e.Found() },
		"Write":         func(tx *Tx, key []byte) bool { e := tx.Write(key); return e.Found() },
		"Peek":          func(tx *Tx, key []byte) bool { e := tx.Peek(key); return e.Found() },
		"KeyExpired":    func(tx *Tx, key []byte) bool { return !tx.KeyExpired(key) },
		"Scan": func(tx *Tx, _ []byte) (there bool) {
			tx.Scan(0, 1<<20, func(e Entry) { there = there || !e.Expired() })
			return there
		},
		"the expirer": func(tx *Tx, key []byte) bool {
			for i := range Shards {
				tx.advance(i, 1<<30)
			}
			return tx.HasKey(key)
		},
	}
	for name, found := range looks {
		f := newFixture(t, nil)
		expiry := f.now/expiryTick*expiryTick + 10*expiryTick - 1 // the last moment of a tick
		f.set(0, "k", "v", expiry)
		f.now = expiry
		if !found(f.tx(0), []byte("k")) {
			t.Errorf("%s: gone at its expiry", name)
		}
		f.now++
		if found(f.tx(0), []byte("k")) {
			t.Errorf("%s: still there a millisecond after its expiry", name)
		}
	}
}

func TestServeExpired(t *testing.T) {
	for _, policy := range []ExpirePolicy{ExpireDelete, ExpireHide, ExpireIgnore} {
		f := newFixture(t, nil)
		f.w.space.SetExpirePolicy(policy)
		f.set(0, "k", "v", f.now+1)
		f.now += 5
		tx := f.tx(0)
		tx.ServeExpired = true
		if e := tx.Find([]byte("k")); !e.Found() || e.Expired() || tx.KeyExpired([]byte("k")) {
			t.Errorf("policy %d: not served", policy)
		}
		if tx.Other(1).ServeExpired != true {
			t.Errorf("policy %d: the other database does not serve", policy)
		}
		if e := f.tx(0).Find([]byte("k")); e.Found() != (policy == ExpireIgnore) {
			t.Errorf("policy %d: found %v by others", policy, e.Found())
		}
	}
}

func TestAnIndexWithoutAppointmentsIsFreed(t *testing.T) {
	f := newFixture(t, nil)
	f.set(0, "a", "v", f.now+100)
	f.set(0, "b", "v", f.now+1_000_000)
	f.advanceAll(t, 200)
	if f.w.heap.Sync(); f.w.space.pool.UsedBy(offheap.PurposeExpireIndex) == 0 {
		t.Error("the index is gone with a key that expires")
	}
	f.advanceAll(t, 1_000_000)
	if f.w.heap.Sync(); f.w.space.pool.UsedBy(offheap.PurposeExpireIndex) != 0 {
		t.Error("an empty index is kept")
	}
	f.set(0, "c", "v", f.now+100)
	f.advanceAll(t, 200)
	if f.w.space.Len(0) != 0 {
		t.Error("the index made anew did not remove its key")
	}
}

// TestTheLastMoment: the latest expiry that can be named is as good as never.
func TestTheLastMoment(t *testing.T) {
	f := newFixture(t, nil)
	f.set(0, "k", "v", math.MaxInt64)
	f.advanceAll(t, 100_000)
	tx := f.tx(0)
	left := tx.advance(tx.locate([]byte("k")).Shard(), 100)
	if left != 100 {
		t.Errorf("%d visits of a key that is not due", 100-left)
	}
	if e := tx.Find([]byte("k")); !e.Found() || e.Expiry() != math.MaxInt64 {
		t.Error("the key is gone")
	}
}

func TestNotices(t *testing.T) {
	f := newFixture(t, nil)
	r := &recorder{}
	f.w.sink = r
	all := func() {
		tx := f.tx(0)
		tx.Find([]byte("absent"))
		tx.FindUntouched([]byte("absent"))
		tx.Write([]byte("absent"))
		tx.Peek([]byte("absent"))
		f.set(0, "k", "v", -1)
		f.set(0, "k", "w", -1)
		e := f.tx(0).Find([]byte("k"))
		e.Rename([]byte("k"), f.tx(0), []byte("l"))
		e = f.tx(0).Find([]byte("l"))
		e.Remove([]byte("l"), false)
	}
	changes := []string{"0:modified:k", "0:modified:k", "0:modified:k", "0:modified:l", "0:modified:l"}
	all()
	if !slices.Equal(r.log, changes) {
		t.Errorf("unasked: %q", r.log)
	}
	f.w.space.SetNotices(true, true)
	r.log = nil
	all()
	want := []string{"0 missed absent", "0 missed absent", "0 created k", "0:modified:k", "0:modified:k",
		"0 created l", "0:modified:k", "0:modified:l", "0:modified:l"}
	if !slices.Equal(r.log, want) {
		t.Errorf("asked: %q, want %q", r.log, want)
	}
}
