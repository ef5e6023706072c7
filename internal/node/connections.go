package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/pubsub"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/tracking"
	"github.com/kvasirdb/kvasir/internal/txn"
)

// connectionCommands are the commands about clients and their connections.
func (n *Node) connectionCommands() []command.Spec {
	p := &n.Config.Params
	return server.Commands(server.CommandDeps{
		Server:     func() *server.Server { return n.Server },
		Users:      n.Users,
		Databases:  int(p.Databases.Load()),
		Identity:   n.identity,
		ImportMode: p.ImportMode.Load,
		Reset:      n.resetClient,
		More:       n.messages.tracking.Subcommands(),
	})
}

// identity is what HELLO tells about the server.
func (n *Node) identity() server.Identity {
	p := &n.Config.Params
	id := server.Identity{
		Name: ServerName, Version: ValkeyVersion,
		Mode: "standalone", Role: "master",
		AvailabilityZone: p.AvailabilityZone.Load(),
	}
	if p.ExtendedRedisCompatibility.Load() {
		id.Name, id.Version = "redis", RedisVersion
	}
	return id
}

// resetClient ends what the parts of the server keep for a client (RESET).
// Exclusive mode.
func (n *Node) resetClient(c *command.Ctx) {
	n.Telemetry.Monitors.End(c.Client)
	n.Txn.Discard(c.Client)
	n.PubSub.Forget(c.Client)
	n.messages.tracking.Forget(c.Client)
}

// kept is what the parts of the server keep for a client. Owner loop or
// exclusive mode.
func kept(c *session.Client) session.Kept {
	const watchBytes = 128 // of a watched key, roughly
	k := session.Kept{Queued: txn.Queued(c), Watched: txn.WatchedBy(c)}
	var subscriptions, tracked int
	k.Redirect, tracked = tracking.Describe(c)
	k.Channels, k.Patterns, k.ShardChannels, subscriptions = pubsub.Describe(c)
	k.Bytes = k.Watched*watchBytes + subscriptions + tracked
	return k
}

// clientsBytesMin is the least that maxmemory-clients comes to, so that a
// mistake does not shut everybody out.
const clientsBytesMin = 128 << 10

// clientsBytes is what maxmemory-clients means in bytes, 0 for no limit. A
// negative setting is a percentage of maxmemory.
func clientsBytes(setting int64, maxMemory uint64) int64 {
	limit := setting
	if setting < 0 {
		limit = int64(float64(maxMemory) * float64(-setting) / 100)
	}
	if limit <= 0 {
		return 0
	}
	return max(limit, clientsBytesMin)
}
