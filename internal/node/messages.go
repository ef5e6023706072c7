package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/pubsub"
	"github.com/kvasirdb/kvasir/internal/session"
)

// messageGates are the gates of what sends messages to clients.
type messageGates struct {
	subscribed engine.GateID
}

// newPubSub makes the channels. The gate is added when there is an engine.
func (n *Node) newPubSub() {
	n.PubSub = pubsub.New(func(c *session.Client, on bool) { engine.ArmClient(c, n.messages.subscribed, on) })
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
