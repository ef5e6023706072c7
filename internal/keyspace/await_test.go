package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

// slicing is a sink that notes the order of keys, takes large values in three
// slices, and calls between before each.
type slicing struct {
	got     []string
	between func()
	crowded bool
}

type slicedValue struct {
	s    *slicing
	key  string
	left int
}

func (s *slicing) SaveEntry(_ int, e Entry)    { s.got = append(s.got, string(e.Key())) }
func (s *slicing) SaveEarly(_, _ int, e Entry) { s.got = append(s.got, "early "+string(e.Key())) }
func (s *slicing) SaveLarge(_ int, e Entry) LargeValue {
	return &slicedValue{s, string(e.Key()), 3}
}
func (s *slicing) Full() bool    { return false }
func (s *slicing) Crowded() bool { return s.crowded }
func (s *slicing) Rest()         { s.between() }

func (v *slicedValue) Slice() bool {
	if v.left--; v.left > 0 {
		return false
	}
	v.s.got = append(v.s.got, "large "+v.key)
	return true
}
func (v *slicedValue) Finish()  { v.s.got = append(v.s.got, "rest of "+v.key) }
func (v *slicedValue) Abandon() {}

// setHash makes a hash with so many fields.
func (f *fixture) setHash(key string, fields int, expiry int64) {
	tx := f.tx(0)
	v := value.Value{Type: value.Hash, Enc: value.HashTable}
	for i := range fields {
		hash.Set(tx.Heap(), value.DefaultLimits(), &v, strconv.AppendInt(nil, int64(i), 10), []byte("v"), hash.NoExpiry, false, f.now)
	}
	tx.Put([]byte(key), v, expiry, fields)
}

// snapshot walks to the end and returns what the sink got. during is called
// between slices and steps, with f's reader lock.
func (f *fixture) snapshot(t *testing.T, s *slicing, settled func(), during func()) {
	t.Helper()
	s.between = func() {
		f.w.Enter()
		during()
		f.w.Leave()
	}
	var sn *Snapshot
	f.w.Exclusive(func() {
		var err error
		if sn, err = f.space.BeginSnapshot(s); err != nil {
			t.Fatal(err)
		}
		sn.Settled = settled
	})
	f.w.Leave()
	walker := f.space.NewWorker(nil)
	for !sn.Step(walker, f.now, 8) {
	}
	walker.Close()
	f.w.Enter()
	f.w.Exclusive(func() { sn.End(f.w) })
	if err := f.w.Check(); err != nil {
		t.Fatal(err)
	}
}

// TestAwaitedIsSavedNext asks for large values before the walk has come to them.
func TestAwaitedIsSavedNext(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 2000 {
		f.set(0, fmt.Sprint("key", i), "v", -1)
	}
	f.setHash("medium", largeElements, -1)
	for i := range 3 {
		f.setHash(fmt.Sprint("big", i), awaitedElements, -1)
	}
	s, calls, settled := &slicing{}, 0, 0
	asked := []string{"big1", "big2", "big0", "big1"}
	f.snapshot(t, s, func() { settled++ }, func() {
		if calls++; calls > 1 {
			return
		}
		for _, key := range asked {
			if !f.w.AwaitSnapshot(0, []byte(key), f.now) {
				t.Errorf("%s need not be waited for", key)
			}
		}
		for _, key := range []string{"key1", "medium", "none"} {
			if f.w.AwaitSnapshot(0, []byte(key), f.now) {
				t.Errorf("%s has to be waited for", key)
			}
		}
		if f.w.AwaitSnapshot(1, []byte("big1"), f.now) {
			t.Error("another database has the key")
		}
	})
	at := slices.Index(s.got, "large big1")
	if at < 0 || at > 100 || !slices.Equal(s.got[at:at+3], []string{"large big1", "large big2", "large big0"}) {
		t.Errorf("saved as number %d: %.60q", at, s.got[max(at, 0):])
	}
	if settled != 3 || len(s.got) != 2004 {
		t.Errorf("told %d times, %d keys", settled, len(s.got))
	}
	if f.w.AwaitSnapshot(0, []byte("big1"), f.now) {
		t.Error("no snapshot runs")
	}
}

// TestAwaitWhenCrowded: while a large value is under way and memory gets scarce,
// every key that is not saved has to be waited for.
func TestAwaitWhenCrowded(t *testing.T) {
	f := newFixture(t, nil)
	f.setHash("big", awaitedElements, -1)
	for i := range 50 {
		f.set(0, fmt.Sprint("key", i), "v", -1)
	}
	s, asked, settled := &slicing{crowded: true}, "", 0
	f.snapshot(t, s, func() { settled++ }, func() {
		if f.space.snapshot.large.Load() == nil || asked != "" {
			return
		}
		for i := range 50 {
			if key := fmt.Sprint("key", i); !slices.Contains(s.got, key) {
				asked = key
				if !f.w.AwaitSnapshot(0, []byte(key), f.now) {
					t.Error("a key need not be waited for")
				}
				return
			}
		}
	})
	if at := slices.Index(s.got, "large big"); asked == "" || at+1 >= len(s.got) || s.got[at+1] != asked || settled != 1 {
		t.Errorf("%q was not saved behind the large value, told %d times", asked, settled)
	}
}

// TestExpiredIsHeldBack: a large value whose time comes while it is not saved is
// hidden, whoever looks, and removed later.
func TestExpiredIsHeldBack(t *testing.T) {
	f := newFixture(t, nil)
	f.setHash("big", awaitedElements, f.now+10)
	f.set(0, "small", "v", f.now+10)
	calls := 0
	s := &slicing{}
	f.snapshot(t, s, nil, func() {
		if calls++; calls > 1 {
			return
		}
		f.now += 20
		e := f.tx(0).Find([]byte("big"))
		if e.Found() {
			t.Error("an expired value is found")
		}
		if _, ok := f.get(0, "small"); ok || f.tx(0).HasKey([]byte("small")) {
			t.Error("an expired string is still there")
		}
		f.w.Leave()
		f.w.ExpireDue(f.now, 1000, 10)
		f.w.Enter()
		if !f.tx(0).HasKey([]byte("big")) {
			t.Error("an expired value was removed before it was saved")
		}
	})
	if !slices.Equal(s.got, []string{"early small", "large big"}) {
		t.Errorf("the snapshot has %q", s.got)
	}
	f.now += 2 * expiryAgainMillis
	f.w.Leave()
	f.w.ExpireDue(f.now, 1000, 10)
	f.w.Enter()
	if f.tx(0).HasKey([]byte("big")) {
		t.Error("the expirer has not come again")
	}
}

// TestHeldBackIsReplaced: who writes a hidden value all the same replaces it.
func TestHeldBackIsReplaced(t *testing.T) {
	f := newFixture(t, nil)
	f.setHash("big", awaitedElements, f.now+10)
	done := false
	s := &slicing{}
	f.snapshot(t, s, nil, func() {
		if !done {
			done = true
			f.now += 20
			f.set(0, "big", "new", -1)
		}
	})
	if val, _ := f.get(0, "big"); val != "new" || f.space.Len(0) != 1 {
		t.Errorf("%q, %d keys", val, f.space.Len(0))
	}
	if len(s.got) != 1 {
		t.Errorf("the snapshot has %q", s.got)
	}
}
