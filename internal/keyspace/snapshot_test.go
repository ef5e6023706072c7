package keyspace

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// collector is a sink that remembers what it got.
type collector struct {
	t   *testing.T
	got [4]model
}

func (c *collector) SaveEntry(db int, e Entry) {
	if c.got[db] == nil {
		c.got[db] = model{}
	}
	key := string(e.Key())
	if _, twice := c.got[db][key]; twice {
		c.t.Errorf("db %d: %q saved twice", db, key)
	}
	var text NumberText
	c.got[db][key] = modelEntry{string(e.String(&text)), e.Expiry()}
}

func (c *collector) SaveEarly(_, db int, e Entry) { c.SaveEntry(db, e) }

// SaveLarge is not called: there are strings only.
func (c *collector) SaveLarge(int, Entry) LargeValue {
	c.t.Error("a string in slices")
	return nil
}

func (c *collector) Full() bool    { return false }
func (c *collector) Crowded() bool { return false }
func (c *collector) Rest()         {}

// TestSnapshotIsOneInstant changes everything it can while snapshots run, and
// compares each with the keyspace at its instant.
func TestSnapshotIsOneInstant(t *testing.T) {
	for seed := range uint64(10) {
		f := newFixture(t, nil)
		walker := func() *Worker {
			f.w.Leave()
			defer f.w.Enter()
			return f.space.NewWorker(nil)
		}()
		rng := rand.New(rand.NewPCG(seed, 9))
		m := model{}
		change := func() {
			operate(t, f, m, [4]byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())})
		}
		for range 2000 {
			change()
		}
		for round := range 4 {
			var sn *Snapshot
			c := &collector{t: t}
			var want model
			f.w.Exclusive(func() {
				var err error
				if sn, err = f.space.BeginSnapshot(c); err != nil {
					t.Fatal(err)
				}
				if _, err := f.space.BeginSnapshot(c); err != ErrSnapshotRunning {
					t.Fatalf("a second snapshot: %v", err)
				}
				want = maps.Clone(m)
			})
			step := func() bool {
				f.w.Leave()
				defer f.w.Enter()
				return sn.Step(walker, f.now, 3)
			}
			for i := 0; !step(); i++ {
				for range rng.IntN(30) {
					change()
				}
				if i == 20 && round%2 == 1 {
					f.w.Exclusive(func() { f.space.Swap(0, 1) })
					m = model{}
				}
				if i == 25 && round == 1 {
					f.w.Exclusive(func() { f.w.Flush(1, false) })
				}
				if i == 30 && round == 3 {
					sn.Cancel()
				}
			}
			f.w.Exclusive(func() { sn.End(f.w) })
			if round == 3 {
				continue // cancelled
			}
			got := c.got[0]
			for key, e := range want {
				// The model forgets expired keys late, and so does the keyspace.
				if g, ok := got[key]; !ok && (e.expiry < 0 || e.expiry >= f.now) || ok && g != e {
					t.Fatalf("seed %d round %d: %q is %.40v, was %.40v", seed, round, key, g, e)
				}
			}
			for key := range got {
				if _, ok := want[key]; !ok {
					t.Fatalf("seed %d round %d: %q was not there", seed, round, key)
				}
			}
			if round == 1 {
				// Databases 0 and 1 have changed places, and 1 was flushed.
				f.w.Exclusive(func() {
					f.w.Flush(0, false)
					f.w.Flush(1, false)
				})
				m = model{}
				for i := range 500 {
					f.set(0, fmt.Sprint("again:", i), "v", -1)
					m[fmt.Sprint("again:", i)] = modelEntry{"v", -1}
				}
			}
		}
		f.w.Leave()
		walker.Close()
		f.w.Enter()
		if err := f.w.Check(); err != nil {
			t.Fatal(err)
		}
	}
}
