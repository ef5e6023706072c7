// Package telemetry is what the server tells of itself: the sections of INFO
// that describe the core, and around them, in packages of their own, the
// command log, the latency monitor and MONITOR.
//
// The pieces:
//
//   - info/ holds the INFO command and the registry of sections. A subsystem
//     adds its section, or provides single fields, there.
//   - This package writes the sections of what always exists: process, clients,
//     memory, statistics, processor time, commands, errors, keys. What
//     may be absent is shown as by a server without it, until its owner
//     replaces the section (those in idle.go) or provides the field.
//   - commandlog/, latency/ and monitor/ watch commands as they execute.
//   - Rates ("instantaneous_…") come from looking at the counters ten times a
//     second.
package telemetry

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace/expire"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// Versions are what INFO says about the program.
type Versions struct {
	Kvasir, Valkey, Redis string
	ServerName            string
}

// Parts are the parts of a server that the sections describe.
type Parts struct {
	Config    *config.Store
	Clock     clock.Clock
	Pool      *offheap.Pool
	Engine    *engine.Engine
	Server    *server.Server
	Reclaimer *expire.Reclaimer
	Expirer   *expire.Expirer

	Versions   Versions
	Executable string
	// Port returns the TCP port that is listened on.
	Port func() int
}

// Core describes the core of one server.
type Core struct {
	Parts
	started time.Time
	runID   string
	memory  memory
	rates   Rates
}

// NewCore returns a description of the given parts.
func NewCore(p Parts) *Core {
	c := &Core{Parts: p, started: p.Clock.Now(), runID: RandomID()}
	c.memory.startup = p.Pool.Used() + p.Server.LoopBytes()
	return c
}

// RandomID returns 40 random hexadecimal digits: a run ID, a replication ID.
func RandomID() string {
	var id [20]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// RunID identifies this run of the server.
func (c *Core) RunID() string { return c.runID }

// Sections adds all sections of Valkey, in its order: those of the core, and
// those of parts that are not there, as an idle server shows them.
func (c *Core) Sections(r *info.Registry) {
	r.Add(info.Section{Name: "server", Title: "Server", Shown: info.ShownByDefault, Write: c.writeServer})
	r.Add(info.Section{Name: "tls", Title: "TLS", Write: writeIdleTLS})
	r.Add(info.Section{Name: "clients", Title: "Clients", Shown: info.ShownByDefault, Write: c.writeClients})
	r.Add(info.Section{Name: "memory", Title: "Memory", Shown: info.ShownByDefault, Write: c.writeMemory})
	r.Add(info.Section{Name: "persistence", Title: "Persistence", Shown: info.ShownByDefault, Write: c.writeIdlePersistence})
	r.Add(info.Section{Name: "stats", Title: "Stats", Shown: info.ShownByDefault, Write: c.writeStats})
	r.Add(info.Section{Name: "replication", Title: "Replication", Shown: info.ShownByDefault, Write: c.idleReplication()})
	r.Add(info.Section{Name: "cpu", Title: "CPU", Shown: info.ShownByDefault, Write: c.writeCPU})
	r.Add(info.Section{Name: "module_list", Alias: "modules", Title: "Modules", Shown: info.ShownByDefault, Write: func(*info.Fields) {}})
	r.Add(info.Section{Name: "commandstats", Title: "Commandstats", Write: c.writeCommandStats})
	r.Add(info.Section{Name: "errorstats", Title: "Errorstats", Shown: info.ShownByDefault, Write: c.writeErrorStats})
	r.Add(info.Section{Name: "latencystats", Title: "Latencystats", Write: c.writeLatencyStats})
	r.Add(info.Section{Name: "cluster", Title: "Cluster", Shown: info.ShownByDefault, Write: writeIdleCluster})
	r.Add(info.Section{Name: "cluster_info", Title: "Cluster Info", Write: func(*info.Fields) {}})
	r.Add(info.Section{Name: "scriptingengines", Title: "Scripting Engines", Write: writeIdleScripting})
	r.Add(info.Section{Name: "keyspace", Title: "Keyspace", Shown: info.ShownByDefault, Write: c.writeKeyspace})
	r.Add(info.Section{Name: "debug", Title: "Debug", Shown: info.ShownByName, Write: c.writeDebug})
}

// ResetStats zeroes the counters that CONFIG RESETSTAT zeroes. Exclusive mode
// only.
func (c *Core) ResetStats() {
	c.Engine.ResetStats()
	c.Engine.ResetKeyStats()
	c.Server.ResetStats()
	c.Reclaimer.ResetFreed()
	c.Expirer.CapReached.Store(0)
	c.Expirer.Micros.Store(0)
	c.rates.reset()
}
