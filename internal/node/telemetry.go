package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/telemetry"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// Telemetry is what the server tells of itself.
type Telemetry struct {
	Info info.Registry
	Core *telemetry.Core // set when the parts exist
}

func (n *Node) telemetryCommands() []command.Spec {
	return info.Commands(&n.Telemetry.Info)
}

// connectTelemetry adds the sections of INFO and what observes commands.
func (n *Node) connectTelemetry() {
	t := &n.Telemetry
	t.Core = telemetry.NewCore(telemetry.Parts{
		Config: n.Config, Clock: n.Clock, Pool: n.Pool, Engine: n.Engine, Server: n.Server,
		Reclaimer: n.Reclaimer, Expirer: n.Expirer,
		Versions:   telemetry.Versions{Kvasir: Version, Valkey: ValkeyVersion, Redis: RedisVersion, ServerName: ServerName},
		Executable: n.options.Executable,
		Port:       n.Port,
	})
	t.Core.Sections(&t.Info)
}

// cron runs ten times a second on loop 0.
func (n *Node) cron(int64) {
	n.Server.Loops()[0].Executor().Do(n.Telemetry.Core.Sample)
}
