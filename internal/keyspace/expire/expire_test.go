package expire

import (
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
