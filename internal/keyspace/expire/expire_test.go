package expire

import (
	"fmt"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func TestCycleReportsWhetherThereWasWork(t *testing.T) {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	space := keyspace.New(keyspace.Options{Pool: pool, Databases: 2, Seed: 1})
	worker := space.NewWorker(nil)
	defer worker.Close()
	now := clock.NewManual(time.UnixMilli(1_700_000_000_000))
	x := NewExpirer(worker, now, nil)

	if x.Cycle() {
		t.Error("work in an empty server")
	}
	expiry := now.Now().Add(time.Second).UnixMilli()
	worker.Enter()
	worker.BeginExclusive()
	tx := worker.Begin(1, now.Now().UnixMilli())
	e := tx.Write([]byte("k"))
	tx.SetString(&e, []byte("k"), []byte("v"), expiry)
	worker.EndExclusive()
	worker.Leave()
	if x.Cycle() || space.Len(1) != 1 {
		t.Error("the key went before its time")
	}
	now.Advance(1100 * time.Millisecond)
	if !x.Cycle() || space.Len(1) != 0 {
		t.Error("the key is still there")
	}
	if x.Cycle() {
		t.Error("work when nothing is left")
	}
}

// rig is an Expirer over one database, with a clock that the test moves.
type rig struct {
	*Expirer
	space *keyspace.Space
	now   *clock.Manual
}

func newRig(t *testing.T, paused func() bool) *rig {
	t.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	space := keyspace.New(keyspace.Options{Pool: pool, Databases: 1, Seed: 1})
	worker := space.NewWorker(nil)
	t.Cleanup(worker.Close)
	now := clock.NewManual(time.UnixMilli(1_700_000_000_000))
	return &rig{NewExpirer(worker, now, paused), space, now}
}

// add sets keys whose time comes after so long. The Expirer must not run.
func (r *rig) add(keys int, after time.Duration) {
	r.worker.Enter()
	r.worker.BeginExclusive()
	tx := r.worker.Begin(0, r.now.Now().UnixMilli())
	for i := range keys {
		key := fmt.Appendf(nil, "%v:%d", after, i)
		e := tx.Write(key)
		tx.SetString(&e, key, []byte("v"), r.now.Now().Add(after).UnixMilli())
	}
	r.worker.EndExclusive()
	r.worker.Leave()
}

func TestOnlyDueKeysAreRemoved(t *testing.T) {
	r := newRig(t, nil)
	const keys = 2 * cycleKeys // more than between two looks at the clock
	r.add(keys, time.Second)
	r.add(10, time.Hour)
	r.now.Advance(2 * time.Second)
	if !r.Cycle() || r.space.Len(0) != 10 {
		t.Errorf("%d keys are left, want the 10 of the next hour", r.space.Len(0))
	}
	if r.worker.Stats.Expired != keys {
		t.Errorf("%d keys counted as expired, want %d", r.worker.Stats.Expired, keys)
	}
	if r.CapReached.Load() != 0 {
		t.Error("a cycle without an end of its time has met it")
	}
	r.now.Advance(time.Hour)
	if !r.Cycle() || r.space.Len(0) != 0 {
		t.Errorf("%d keys are left after an hour", r.space.Len(0))
	}
}

func TestNothingIsRemovedWhilePaused(t *testing.T) {
	asked := make(chan struct{}, 1)
	r := newRig(t, func() bool {
		select {
		case asked <- struct{}{}:
		default:
		}
		return true
	})
	r.add(1, time.Second)
	r.now.Advance(2 * time.Second)
	r.OnCycle = func(time.Duration) { t.Error("a cycle while expiry is paused") }
	r.Start()
	<-asked
	<-asked // the first period is over
	r.Stop()
	if r.space.Len(0) != 1 {
		t.Error("a paused Expirer has removed a key")
	}
}

func TestTheBackgroundRemovesWhatIsDue(t *testing.T) {
	r := newRig(t, nil)
	r.add(100, time.Second)
	r.now.Advance(2 * time.Second)
	cycle := make(chan struct{}, 1)
	r.OnCycle = func(time.Duration) {
		select {
		case cycle <- struct{}{}:
		default:
		}
	}
	r.Start()
	<-cycle
	r.Stop()
	if r.space.Len(0) != 0 {
		t.Errorf("%d keys are left after a cycle", r.space.Len(0))
	}
}
