package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/pubsub"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/tracking"
)

// messages are the parts that send messages to clients, and their gates and
// observers.
type messages struct {
	tracking *tracking.Tracking

	subscribedGate engine.GateID
	trackingGate   engine.GateID
	observer       engine.ObserverID // of tracking
}

// newMessages makes the channels and the tracking of clients' copies. Gates and
// observers are added when there is an engine.
func (n *Node) newMessages() {
	n.PubSub = pubsub.New(func(c *session.Client, on bool) { engine.ArmClient(c, n.messages.subscribedGate, on) })
	n.messages.tracking = tracking.New(tracking.Deps{
		Client:  func(id uint64) *session.Client { return n.Server.Client(id) },
		Current: engine.CurrentClient,
		Observe: func(on bool) { n.Engine.Watch(n.messages.observer, on) },
		Crowd:   func(on bool) { n.Engine.Arm(n.messages.trackingGate, on) },
		Later: func(c *session.Client, f func()) bool {
			if c != nil && c.Loop != nil {
				return c.Loop.Post(f)
			}
			return n.Server.Loops()[0].Post(f)
		},
		Shard: func(key []byte) int { return n.Space.Locate(key).Shard() },
	})
}

// connectPubSub makes messages of keyspace events, and tells INFO.
func (n *Node) connectPubSub() {
	events := n.Engine.AddObserver(command.Observer{Name: "notifications", Event: func(e command.Event) {
		n.PubSub.Notify(e, n.Engine.EventsEnabled(command.EventKeyspace), n.Engine.EventsEnabled(command.EventKeyevent))
	}})
	p := &n.Config.Params
	n.follow(func() {
		classes := eventClasses(p.NotifyKeyspaceEvents.Load())
		n.Engine.WantEvents(classes)
		n.Engine.Watch(events, classes != 0)
	}, p.NotifyKeyspaceEvents)
	r := &n.Telemetry.Info
	r.ProvideInt("pubsub_channels", n.PubSub.Channels)
	r.ProvideInt("pubsub_patterns", n.PubSub.Patterns)
	r.ProvideInt("pubsubshard_channels", n.PubSub.ShardChannels)
	r.ProvideInt("pubsub_clients", n.PubSub.Clients)
}

// connectTracking adds the observer and tells INFO.
func (n *Node) connectTracking() {
	n.messages.observer = n.Engine.AddObserver(n.messages.tracking.Observer())
	p := &n.Config.Params
	n.follow(func() { n.messages.tracking.Limit(p.TrackingTableMaxKeys.Load()) }, p.TrackingTableMaxKeys)
	r := &n.Telemetry.Info
	r.ProvideInt("tracking_clients", n.messages.tracking.Clients)
	r.ProvideInt("tracking_total_keys", n.messages.tracking.Keys)
	r.ProvideInt("tracking_total_items", n.messages.tracking.Items)
	r.ProvideInt("tracking_total_prefixes", n.messages.tracking.Prefixes)
}
