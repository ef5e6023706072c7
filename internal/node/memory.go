package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace/evict"
	"github.com/kvasirdb/kvasir/internal/memorycmd"
	"github.com/kvasirdb/kvasir/internal/telemetry"
	"github.com/kvasirdb/kvasir/internal/tracking"
	"github.com/kvasirdb/kvasir/internal/txn"
)

// newEvictor makes what keeps the server within maxmemory.
func (n *Node) newEvictor() *evict.Evictor {
	return evict.New(n.Space.Databases(), evict.Options{
		Clock:          n.Clock,
		OtherBytes:     func() int64 { return n.Server.ClientsBytes() + n.Server.LoopBytes() },
		UncountedBytes: func() int64 { return 0 },
		Suspended:      func() bool { return n.Server.Pauses.Paused() },
		Forbidden:      n.Config.Params.ImportMode.Load,
		Later:          n.evictLater,
		Pending:        n.Reclaimer.Pending,
	})
}

// memoryGate makes room before commands, and refuses those that need memory
// when there is none. It is armed while there is a limit.
func (n *Node) memoryGate() command.Gate {
	return command.Gate{Name: "memory", Check: func(c *command.Ctx) command.Verdict {
		result := n.Evictor.MakeRoom(c.Server.(*engine.Executor).Worker(), c.Now)
		tracking.TellFirst(c.Client)
		if result == evict.Failed && txn.EffectiveFlags(c)&command.DenyOOM != 0 {
			return command.Refuse(command.OutOfMemory)
		}
		return command.Pass()
	}}
}

// evictLater makes loop 0 go on removing keys after its present turn.
func (n *Node) evictLater() {
	loop := n.Server.Loops()[0]
	loop.Post(func() {
		x := loop.Executor()
		n.Evictor.Continue(x.Worker(), x.Now())
	})
}

// followMemoryLimit makes the evictor follow the configuration.
func (n *Node) followMemoryLimit(gate engine.GateID) {
	p := &n.Config.Params
	limit := int64(p.MaxMemory.Load())
	n.Evictor.Configure(evict.Settings{
		LimitBytes: limit,
		Policy:     evictionPolicy(p.MaxMemoryPolicy.Load()),
		Samples:    int(p.MaxMemorySamples.Load()),
		Tenacity:   int(p.MaxMemoryEvictionTenacity.Load()),
	})
	n.Engine.Arm(gate, limit > 0)
	if used := n.Pool.Used() + n.Server.ClientsBytes() + n.Server.LoopBytes(); limit > 0 && used > limit {
		n.Log.Warningf("WARNING: the new maxmemory value set via CONFIG SET (%d) is smaller than the current memory usage (%d). "+
			"This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.",
			limit, used)
		n.evictLater()
	}
}

func evictionPolicy(p config.EvictionPolicy) evict.Policy {
	switch p {
	case config.VolatileLRU:
		return evict.Policy{Volatile: true, Order: evict.LeastRecent}
	case config.VolatileLFU:
		return evict.Policy{Volatile: true, Order: evict.LeastFrequent}
	case config.VolatileRandom:
		return evict.Policy{Volatile: true, Order: evict.Random}
	case config.VolatileTTL:
		return evict.Policy{Volatile: true, Order: evict.Soonest}
	case config.AllKeysLRU:
		return evict.Policy{Order: evict.LeastRecent}
	case config.AllKeysLFU:
		return evict.Policy{Order: evict.LeastFrequent}
	case config.AllKeysRandom:
		return evict.Policy{Order: evict.Random}
	}
	return evict.Policy{Never: true}
}

func (n *Node) memoryCommands() []command.Spec {
	return memorycmd.Commands(memorycmd.Deps{
		Pool:    n.Pool,
		Space:   n.Space,
		Figures: func() telemetry.MemoryFigures { return n.Telemetry.Core.MemoryFigures() },
		Clients: func() int { return n.Server.Clients() },
	})
}

// provideEvictionInfo gives INFO the fields about eviction.
func (n *Node) provideEvictionInfo() {
	r := &n.Telemetry.Info
	r.ProvideInt("evicted_keys", n.Evictor.Evicted)
	r.ProvideInt("total_eviction_exceeded_time", func() int64 { total, _ := n.Evictor.ExceededMillis(); return total })
	r.ProvideInt("current_eviction_exceeded_time", func() int64 { _, current := n.Evictor.ExceededMillis(); return current })
}
