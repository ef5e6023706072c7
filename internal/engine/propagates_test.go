package engine_test

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// TestPropagates: only an armed observer that takes what commands propagate
// makes it worth while.
func TestPropagates(t *testing.T) {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	table, err := command.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(keyspace.New(keyspace.Options{Pool: pool, Databases: 1}), table, clock.NewSystem())
	x := e.NewExecutor(nil)
	defer x.Close()
	ctx := command.Ctx{Server: x}
	events := e.AddObserver(command.Observer{Name: "events", Event: func(command.Event) {}})
	journal := e.AddObserver(command.Observer{Name: "journal", Propagate: func([]command.Propagated) {}})
	e.Watch(events, true)
	if ctx.Propagates() {
		t.Error("nobody takes it")
	}
	e.Watch(journal, true)
	if !ctx.Propagates() {
		t.Error("the journal takes it")
	}
}
