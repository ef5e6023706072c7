package evict

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const start = 1_700_000_000_000

// fixture is a keyspace with an evictor.
type fixture struct {
	keyspace.Sink // what eviction never reports

	t       testing.TB
	pool    *offheap.Pool
	space   *keyspace.Space
	w       *keyspace.Worker
	evictor *Evictor
	clock   *clock.Manual
	now     int64

	suspended, forbidden bool
	later                int
	removed              []string
}

func (f *fixture) Modified(*keyspace.Tx, []byte) {}

func (f *fixture) Removed(tx *keyspace.Tx, key []byte, why keyspace.Reason) {
	if why != keyspace.ReasonEvicted {
		f.t.Errorf("key %q removed for reason %d", key, why)
	}
	f.removed = append(f.removed, fmt.Sprintf("%d:%s", tx.DB(), key))
}

func newFixture(t testing.TB, slot func([]byte) uint16) *fixture {
	t.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, pool: pool, now: start, clock: clock.NewManual(time.UnixMilli(start))}
	f.clock.Advance(time.Hour)
	f.space = keyspace.New(keyspace.Options{Pool: pool, Databases: 4, Slot: slot, Seed: 42})
	f.w = f.space.NewWorker(f)
	f.w.Enter()
	f.evictor = New(4, Options{
		Clock:          f.clock,
		OtherBytes:     func() int64 { return 0 },
		UncountedBytes: func() int64 { return 0 },
		Suspended:      func() bool { return f.suspended },
		Forbidden:      func() bool { return f.forbidden },
		Later:          func() { f.later++ },
		Pending:        func() int64 { return 0 },
	})
	t.Cleanup(func() {
		for db := range 4 {
			f.w.Exclusive(func() {
				if err := f.w.Check(); err != nil {
					t.Error(err)
				}
				f.w.Flush(db, false)
			})
		}
		if used := f.w.Heap().Used(); used != 0 {
			t.Errorf("%d bytes are left of an empty keyspace", used)
		}
		f.w.Leave()
		f.w.Close()
		pool.Close()
	})
	return f
}

func (f *fixture) set(db int, key string, expiry int64) {
	tx := f.w.Begin(db, f.now)
	e := tx.Write([]byte(key))
	tx.SetText(&e, []byte(key), []byte("some value of middling length"), expiry)
}

// limit sets the limit to a share of what is used now.
func (f *fixture) limit(p Policy, share float64) int64 {
	limit := int64(float64(f.w.Heap().Used()) * share)
	f.space.SetAccessClock(p.Order == LeastFrequent, 10, 1)
	f.evictor.Configure(Settings{LimitBytes: limit, Policy: p, Samples: 5, Tenacity: 100})
	return limit
}

func (f *fixture) makeRoom() Result { return f.evictor.MakeRoom(f.w, f.now) }

func TestMemoryEndsWithinTheLimit(t *testing.T) {
	for _, p := range []Policy{
		{Order: LeastRecent}, {Order: LeastFrequent}, {Order: Random},
		{Order: LeastRecent, Volatile: true}, {Order: LeastFrequent, Volatile: true},
		{Order: Random, Volatile: true}, {Order: Soonest, Volatile: true},
	} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			f := newFixture(t, nil)
			for i := range 20000 {
				f.set(i%3, fmt.Sprint("k:", i), start+1000*int64(i+1))
			}
			limit := f.limit(p, 0.5)
			if r := f.makeRoom(); r != Within {
				t.Fatalf("result %d", r)
			}
			if used := f.w.Heap().Used(); used > limit || used < limit*9/10 {
				t.Errorf("used %d, limit %d", used, limit)
			}
			if n := f.evictor.Evicted(); n != int64(len(f.removed)) || n < 5000 {
				t.Errorf("%d keys evicted, %d reported", n, len(f.removed))
			}
			slices.Sort(f.removed)
			if len(slices.Compact(slices.Clone(f.removed))) != len(f.removed) {
				t.Error("a key was removed twice")
			}
		})
	}
}

func TestVolatilePoliciesSpareTheRest(t *testing.T) {
	for _, order := range []Order{LeastRecent, LeastFrequent, Random, Soonest} {
		f := newFixture(t, nil)
		// One key in a hundred may go; they are found although they are few.
		for i := range 20000 {
			expiry := int64(-1)
			if i%100 == 0 {
				expiry = start + 1000*int64(i+1)
			}
			f.set(0, fmt.Sprint("k:", i), expiry)
		}
		f.limit(Policy{Order: order, Volatile: true}, 0.01)
		if r := f.makeRoom(); r != Failed {
			t.Errorf("order %d: result %d", order, r)
		}
		if n := f.space.Len(0); n != 20000-200 {
			t.Errorf("order %d: %d keys are left", order, n)
		}
		if expires, _ := f.space.Expires(0); expires != 0 {
			t.Errorf("order %d: %d keys with an expiry are left", order, expires)
		}
	}
}

// quality says how good a choice was: of the keys that were removed, the share
// that an exact policy would have removed. Keys are numbered, those first that
// should go first.
func quality(removed []int) float64 {
	right := 0
	for _, i := range removed {
		if i < len(removed) {
			right++
		}
	}
	return float64(right) / float64(len(removed))
}

// sampledQuality is the quality of Valkey's approximation: for each removal,
// five random keys are offered to a pool of sixteen, and the best of the pool
// goes.
func sampledQuality(n, removals int) float64 {
	const samples, poolSize = 5, 16
	rng := rand.New(rand.NewPCG(1, 2))
	alive := make([]int, n)
	for i := range alive {
		alive[i] = i
	}
	var pool, removed []int // numbers, the best first
	for range removals {
		for range samples {
			k := alive[rng.IntN(len(alive))]
			if at, dup := slices.BinarySearch(pool, k); !dup {
				pool = slices.Insert(pool, at, k)
			}
		}
		pool = pool[:min(len(pool), poolSize)]
		best := pool[0]
		pool = pool[1:]
		removed = append(removed, best)
		at, _ := slices.BinarySearch(alive, best)
		alive = slices.Delete(alive, at, at+1)
	}
	return quality(removed)
}

func (f *fixture) removedNumbers() (numbers []int) {
	for _, key := range f.removed {
		var n int
		fmt.Sscanf(key, "0:k:%d", &n)
		numbers = append(numbers, n)
	}
	return numbers
}

func (f *fixture) wantQuality(n int) {
	f.t.Helper()
	got, want := quality(f.removedNumbers()), sampledQuality(n, len(f.removed))
	f.t.Logf("%d of %d keys removed: quality %.3f, Valkey's %.3f", len(f.removed), n, got, want)
	if got < want-0.02 {
		f.t.Errorf("quality %.3f is worse than Valkey's %.3f", got, want)
	}
}

func TestLeastRecentIsAsGoodAsValkeys(t *testing.T) {
	f := newFixture(t, nil)
	const n = 20000
	for i := range n {
		f.now = start + int64(i)*1000
		f.set(0, fmt.Sprint("k:", i), -1)
	}
	f.limit(Policy{Order: LeastRecent}, 0.7)
	f.makeRoom()
	f.wantQuality(n)
}

func TestVolatileLeastRecentIsAsGoodAsValkeys(t *testing.T) {
	f := newFixture(t, nil)
	const n = 10000
	for i := range n {
		f.now = start + int64(i)*1000
		f.set(0, fmt.Sprint("k:", i), start+(1<<20)*int64(1000+i*37%n))
		for j := range 20 { // few keys expire
			f.set(0, fmt.Sprint("other:", i, j), -1)
		}
	}
	f.limit(Policy{Order: LeastRecent, Volatile: true}, 0.98)
	f.makeRoom()
	f.wantQuality(n)
}

func TestLeastFrequentSparesWhatIsUsed(t *testing.T) {
	f := newFixture(t, nil)
	f.space.SetAccessClock(true, 10, 1)
	const n = 10000
	for i := range n {
		f.set(0, fmt.Sprint("k:", i), -1)
	}
	for range 50 { // the second half is used often
		for i := n / 2; i < n; i++ {
			f.w.Begin(0, f.now).Find([]byte(fmt.Sprint("k:", i)))
		}
	}
	f.limit(Policy{Order: LeastFrequent}, 0.8)
	f.makeRoom()
	often := slices.DeleteFunc(f.removedNumbers(), func(i int) bool { return i < n/2 })
	if len(f.removed) < n/10 || len(often) > len(f.removed)/50 {
		t.Errorf("%d often used keys are among the %d removed", len(often), len(f.removed))
	}
}

func TestSoonestRemovesWhatExpiresFirst(t *testing.T) {
	f := newFixture(t, nil)
	const n = 20000
	for i := range n {
		f.set(0, fmt.Sprint("k:", i), start+int64(i+1)*1000)
	}
	f.limit(Policy{Order: Soonest, Volatile: true}, 0.8)
	f.makeRoom()
	f.wantQuality(n)
}

// A candidate that has been used since it was met stays.
func TestUsedCandidateStays(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 10 {
		f.set(0, fmt.Sprint("k:", i), -1)
	}
	f.now += 100_000
	s := f.evictor.settings.Load()
	for i := 0; f.evictor.pool.n < 10 && i < 1000; i++ {
		f.evictor.offer(f.w, &Settings{Policy: s.Policy, Samples: 100}, f.now)
	}
	for i := range 9 {
		f.w.Begin(0, f.now).Find([]byte(fmt.Sprint("k:", i)))
	}
	f.evictor.Configure(Settings{LimitBytes: f.w.Heap().Used() - 1, Policy: s.Policy, Samples: 1, Tenacity: 100})
	f.makeRoom()
	if !slices.Equal(f.removed, []string{"0:k:9"}) {
		t.Errorf("removed %q", f.removed)
	}
}

func TestRefusals(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 100 {
		f.set(0, fmt.Sprint("k:", i), -1)
	}
	f.limit(Policy{Never: true}, 0.5)
	if r := f.makeRoom(); r != Failed {
		t.Errorf("noeviction: %d", r)
	}
	f.limit(Policy{}, 0.95)
	f.forbidden = true
	if r := f.makeRoom(); r != Failed {
		t.Errorf("forbidden: %d", r)
	}
	f.suspended = true
	if r := f.makeRoom(); r != Within {
		t.Errorf("suspended: %d", r)
	}
	if f.space.Len(0) != 100 {
		t.Error("keys were removed")
	}
	f.clock.Advance(3 * time.Second)
	if total, current := f.evictor.ExceededMillis(); total != 3000 || current != 3000 {
		t.Errorf("exceeded %d, %d", total, current)
	}
	f.suspended, f.forbidden = false, false
	f.makeRoom()
	if total, current := f.evictor.ExceededMillis(); total != 3000 || current != 0 {
		t.Errorf("exceeded %d, %d after it ended", total, current)
	}
}

// slowClock passes a millisecond with every look at it.
type slowClock struct{ *clock.Manual }

func (c slowClock) Mono() int64 {
	c.Advance(time.Millisecond)
	return c.Manual.Mono()
}

func TestTenacityBoundsOneCall(t *testing.T) {
	f := newFixture(t, nil)
	f.evictor.options.Clock = slowClock{f.clock}
	for i := range 1000 {
		f.set(0, fmt.Sprint("k:", i), -1)
	}
	limit := f.limit(Policy{}, 0.5)
	f.evictor.Configure(Settings{LimitBytes: limit, Samples: 5, Tenacity: 10})
	if r := f.makeRoom(); r != Running || f.later != 1 || len(f.removed) != stepKeys {
		t.Fatalf("result %d, later %d, %d keys removed", r, f.later, len(f.removed))
	}
	if f.makeRoom(); f.later != 1 {
		t.Error("asked twice to go on later")
	}
	for i := 0; f.w.Heap().Used() > limit && i < 1000; i++ {
		f.evictor.Continue(f.w, f.now)
	}
	if f.w.Heap().Used() > limit {
		t.Error("never within the limit")
	}
}

func TestTimeLimits(t *testing.T) {
	for tenacity, want := range map[int]time.Duration{0: 0, 1: 50 * time.Microsecond, 10: 500 * time.Microsecond, 11: 575 * time.Microsecond} {
		if got := timeLimit(tenacity); got.Round(time.Microsecond) != want {
			t.Errorf("tenacity %d: %v, want %v", tenacity, got, want)
		}
	}
	if got := timeLimit(99); got < 2*time.Minute || got > 3*time.Minute {
		t.Errorf("tenacity 99: %v", got)
	}
}

// In cluster mode tables are very different in size; each key is as likely to
// be met all the same.
func TestLargeSlotsAreSampledMore(t *testing.T) {
	f := newFixture(t, func(key []byte) uint16 {
		if key[0] == 'b' {
			return 7
		}
		return uint16(key[len(key)-1])*37 + uint16(key[len(key)-2])
	})
	for i := range 9000 {
		f.set(0, fmt.Sprint("big:", i), -1)
	}
	for i := range 1000 {
		f.set(0, fmt.Sprintf("k:%04d", i), -1)
	}
	f.limit(Policy{Order: Random}, 0.8)
	f.makeRoom()
	big := 0
	for _, k := range f.removed {
		if k[2] == 'b' {
			big++
		}
	}
	if share := float64(big) / float64(len(f.removed)); share < 0.85 || share > 0.95 {
		t.Errorf("%.3f of the removed keys are of the slot that has 0.9 of all", share)
	}
}

func TestManyLoopsAtOnce(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 20000 {
		f.set(i%2, fmt.Sprint("k:", i), -1)
	}
	limit := f.limit(Policy{}, 0.5)
	f.w.Heap().Sync()
	var loops sync.WaitGroup
	for loop := range 4 {
		w := f.space.NewWorker(nil)
		loops.Go(func() {
			for i := range 200 {
				w.Enter()
				f.evictor.MakeRoom(w, f.now)
				key := []byte(fmt.Sprint("new:", loop, ":", i))
				l := f.space.Locate(key)
				w.LockShard(l.Shard())
				tx := w.Begin(0, f.now)
				e := tx.Write(key)
				tx.SetText(&e, key, []byte("value"), -1)
				w.UnlockShard(l.Shard())
				w.Leave()
			}
			w.Close()
		})
	}
	loops.Wait()
	f.makeRoom()
	if used := f.w.Heap().Used(); used > limit {
		t.Errorf("used %d, limit %d", used, limit)
	}
}

func FuzzPool(f *testing.F) {
	f.Add([]byte("some candidates, some of them twice, and more of them than fit"))
	f.Fuzz(func(t *testing.T, offers []byte) {
		var p pool
		model := map[string]int64{} // key → score
		for i := 0; i+1 < len(offers); i += 2 {
			key, score := string(offers[i]&31+'A'), int64(offers[i+1])
			if offers[i]&0xe0 == 0xe0 {
				c, ok := p.takeBest()
				if ok != (len(model) > 0) {
					t.Fatalf("takeBest: %v of %d", ok, len(model))
				}
				for k, s := range model {
					if ok && s > c.score {
						t.Fatalf("best is %q %d, but %q has %d", c.key, c.score, k, s)
					}
				}
				delete(model, string(c.key))
				continue
			}
			delete(model, key)
			if p.offer(score, 0, keyspace.Located{}, []byte(key)) {
				model[key] = score
				if len(model) > poolMax {
					worst := key
					for k, s := range model {
						if s < model[worst] || s == model[worst] && k != key && worst == key {
							worst = k
						}
					}
					// Among equals any may have gone: find out which.
					for k, s := range model {
						if s == model[worst] && !slices.ContainsFunc(p.list[:p.n], func(c candidate) bool { return string(c.key) == k }) {
							worst = k
						}
					}
					delete(model, worst)
				}
			}
			if p.n != len(model) || !slices.IsSortedFunc(p.list[:p.n], func(a, b candidate) int { return int(a.score - b.score) }) {
				t.Fatalf("%d candidates, want %d, in order", p.n, len(model))
			}
			for _, c := range p.list[:p.n] {
				if s, ok := model[string(c.key)]; !ok || s != c.score {
					t.Fatalf("candidate %q %d, want %d %v", c.key, c.score, s, ok)
				}
			}
		}
	})
}

func BenchmarkEvict(b *testing.B) {
	for _, p := range []Policy{{}, {Volatile: true}, {Order: Soonest, Volatile: true}, {Order: Random}} {
		b.Run(fmt.Sprintf("%+v", p), func(b *testing.B) {
			f := newFixture(b, nil)
			for i := range 200_000 {
				f.set(0, fmt.Sprint("k:", i), start+1000*int64(i+1))
			}
			s := &Settings{Policy: p, Samples: 5}
			for i := 0; b.Loop(); i++ {
				f.evictor.evictOne(f.w, s, f.now, false)
				f.removed = f.removed[:0]
				f.set(0, fmt.Sprint("n:", i), start+1000*int64(i+1))
			}
		})
	}
}
