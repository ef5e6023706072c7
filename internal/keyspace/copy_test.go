package keyspace

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func TestCopyOfStrings(t *testing.T) {
	f := newFixture(t, nil)
	values := map[string]string{"int": "12345", "inline": "text", "empty": "", "big": strings.Repeat("b", InlineMax+1)}
	for key, val := range values {
		for _, expiry := range []int64{-1, f.now + 5000} {
			for _, replaced := range []string{"", "7", strings.Repeat("r", InlineMax+1)} {
				f.set(0, key, val, expiry)
				if replaced != "" {
					f.set(1, "copy", replaced, f.now+1)
				}
				tx := f.tx(0)
				e := tx.Peek([]byte(key))
				e.Copy(tx.Other(1), []byte("copy"))
				for db, name := range []string{key, "copy"} {
					if got, ok := f.get(db, name); !ok || got != val {
						t.Errorf("%s over %.5q: %.10q %v in database %d", key, replaced, got, ok, db)
					}
					e := f.tx(db).Peek([]byte(name))
					if e.Expiry() != expiry {
						t.Errorf("%s over %.5q: expiry %d in database %d, not %d", key, replaced, e.Expiry(), db, expiry)
					}
				}
				e = f.tx(1).Peek([]byte("copy"))
				e.Remove([]byte("copy"), false)
			}
		}
	}
	if err := f.w.Check(); err != nil {
		t.Error(err)
	}
	for key := range values {
		e := f.tx(0).Peek([]byte(key))
		e.Remove([]byte(key), false)
	}
	f.w.heap.Sync()
	if n := f.pool.UsedBy(offheap.PurposeString) + f.pool.UsedBy(offheap.PurposeEntry); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

func TestCopyOfALongStringIsShared(t *testing.T) {
	f := newFixture(t, nil)
	f.set(0, "a", strings.Repeat("x", 1<<20), -1)
	tx := f.tx(0)
	e := tx.Peek([]byte("a"))
	e.Copy(tx, []byte("b"))
	e = tx.Peek([]byte("b"))
	if r := e.BigString(); !str.Shared(r) {
		t.Error("the copy has a block of its own")
	}
	tx.EditString(&e, []byte("b"), 1<<20, false)[0] = 'y'
	if a, _ := f.get(0, "a"); a[0] != 'x' {
		t.Error("a change of the copy changed the original")
	}
}

func TestFindUntouchedLeavesTheAccessClock(t *testing.T) {
	f := newFixture(t, nil)
	f.set(0, "k", "v", -1)
	f.now += 9000
	tx := f.tx(0)
	e := tx.FindUntouched([]byte("k"))
	if idle := e.IdleMillis(); idle != 9000 {
		t.Errorf("idle for %d ms", idle)
	}
	if e := tx.FindUntouched([]byte("none")); e.Found() || f.w.Stats.Hits != 1 || f.w.Stats.Misses != 1 {
		t.Errorf("found %v, %d hits, %d misses", e.Found(), f.w.Stats.Hits, f.w.Stats.Misses)
	}
}

func TestExpiresAtOnce(t *testing.T) {
	f := newFixture(t, nil)
	for policy, want := range map[ExpirePolicy]bool{ExpireDelete: true, ExpireHide: false, ExpireIgnore: false} {
		f.space.SetExpirePolicy(policy)
		tx := f.tx(0)
		if got := tx.ExpiresAtOnce(f.now); got != want {
			t.Errorf("policy %d: %v", policy, got)
		}
		if tx.ExpiresAtOnce(f.now + 1) {
			t.Errorf("policy %d: a time to come is past", policy)
		}
	}
}

func TestRemoveExpiredCounts(t *testing.T) {
	f := newFixture(t, nil)
	f.set(0, "k", "v", -1)
	before := f.w.Stats
	e := f.tx(0).Peek([]byte("k"))
	e.RemoveExpired([]byte("k"))
	if d := f.w.Stats.Dirty - before.Dirty; d != 1 || f.w.Stats.Expired != before.Expired+1 {
		t.Errorf("%d changes, %d expired", d, f.w.Stats.Expired-before.Expired)
	}
	if _, ok := f.get(0, "k"); ok {
		t.Error("the key is still there")
	}
}

func TestSetTextKeepsIntegersAsText(t *testing.T) {
	f := newFixture(t, nil)
	tx := f.tx(0)
	e := tx.Write([]byte("k"))
	tx.SetText(&e, []byte("k"), []byte("12"), -1)
	e = tx.Peek([]byte("k"))
	if _, isInt := e.Int(); isInt || e.EncodingName() != "embstr" {
		t.Errorf("encoding %s", e.EncodingName())
	}
}
