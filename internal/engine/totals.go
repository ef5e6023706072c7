package engine

import (
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
)

// Ticks returns the scale that turns ticks into time.
func (e *Engine) Ticks() *clock.TickScale { return e.ticks }

// KeyStats sums what all executors' workers counted of keys. Exclusive mode
// only.
func (e *Engine) KeyStats() (sum keyspace.Stats) {
	e.EachExecutor(func(x *Executor) { sum.Add(&x.worker.Stats) })
	return sum
}

// Busy returns the time that commands took in all. Exclusive mode only.
func (e *Engine) Busy() time.Duration {
	var ticks uint64
	e.EachExecutor(func(x *Executor) {
		for i := range x.Stats.commands {
			ticks += x.Stats.commands[i].ticks
		}
	})
	return time.Duration(e.ticks.Nanos(ticks))
}

// ResetKeyStats zeroes the counters of keys that CONFIG RESETSTAT zeroes.
// Changes since the last save are no statistic and stay. Exclusive mode only.
func (e *Engine) ResetKeyStats() {
	e.EachExecutor(func(x *Executor) {
		dirty := x.worker.Stats.Dirty
		x.worker.Stats = keyspace.Stats{Dirty: dirty}
	})
}
