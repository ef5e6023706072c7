// Package pubsub is publish and subscribe: messages to whoever listens to a
// channel, kept for nobody who does not.
//
// Vocabulary:
//
//   - A topic is what clients subscribe to: a channel, a shard channel, or a
//     pattern that channels match. Channels and shard channels of one name have
//     nothing to do with each other, and patterns match channels only.
//   - A subscription is one client's interest in one topic. A topic exists while
//     it has subscriptions.
//   - A receiver is a subscription that a message reaches; a client with a
//     channel and two patterns that match it gets a message three times.
//
// Subscriptions change in exclusive mode, and are read under a reader lock. So
// PUBLISH, which runs on all loops at once, locks no topic to see who listens.
// It encodes the message once and leaves it with every receiver
// (session.Client.Send); each receiver's loop writes it out.
//
// Messages of one channel reach all their receivers in one order. That is what
// Bus.order is for: a few locks, each for the channels of some hash values, held
// while a message is left with its receivers. Messages of different channels
// that are published on different loops have no order among each other, as they
// would have none if their publishers were asked.
package pubsub

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/hashing"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Bus is all channels of a server and who listens to them.
type Bus struct {
	kinds   [kinds]topics
	clients atomic.Int64 // in subscribed mode
	order   [64]sync.Mutex

	// restrict makes the gate look at a client's commands, or ends that.
	restrict func(c *session.Client, on bool)
}

// kind is a kind of topic.
type kind int

const (
	channels kind = iota
	shardChannels
	patterns
	kinds
)

// topics are all topics of a kind.
type topics struct {
	byName map[string]*topic
	list   []*topic
}

// topic is something that clients are subscribed to.
type topic struct {
	name        string
	at          int // in topics.list
	subscribers []*subscription
}

// subscription is one client's part of a topic.
type subscription struct {
	client *session.Client
	topic  *topic
	at     int // in topic.subscribers
}

// subscriber is what a client has in session.ExtPubSub.
type subscriber struct {
	kinds [kinds]map[string]*subscription
	bytes int // of all this
}

// subscriptionBytes is roughly what a subscription takes, without the name.
const subscriptionBytes = 144

// New returns a bus without topics. restrict makes the Gate look at the commands
// of a client, or ends that.
func New(restrict func(c *session.Client, on bool)) *Bus {
	b := &Bus{restrict: restrict}
	for i := range b.kinds {
		b.kinds[i].byName = map[string]*topic{}
	}
	return b
}

// Gate keeps clients in subscribed mode that speak RESP2, where replies and
// messages look alike, from commands other than those about subscriptions.
func (b *Bus) Gate() command.Gate {
	allowed := map[string]bool{
		"ping": true, "quit": true, "reset": true,
		"subscribe": true, "unsubscribe": true, "psubscribe": true, "punsubscribe": true,
		"ssubscribe": true, "sunsubscribe": true,
	}
	return command.Gate{Name: "subscribed", Check: func(c *command.Ctx) command.Verdict {
		if c.Out.IsRESP3() || allowed[c.Cmd.Name] {
			return command.Pass()
		}
		return command.Refuse("ERR Can't execute '" + c.Cmd.Name + "': only (P|S)SUBSCRIBE / " +
			"(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}}
}

func stateOf(c *session.Client) *subscriber {
	s, _ := c.Ext[session.ExtPubSub].(*subscriber)
	return s
}

// subscribe adds a subscription unless the client has it. Exclusive mode.
func (b *Bus) subscribe(c *session.Client, k kind, name string) {
	s := stateOf(c)
	if s == nil {
		s = &subscriber{}
		c.Ext[session.ExtPubSub] = s
		c.OnClose(b.Forget)
	}
	if s.kinds[k] == nil {
		s.kinds[k] = map[string]*subscription{}
	}
	if s.kinds[k][name] != nil {
		return
	}
	all := &b.kinds[k]
	t := all.byName[name]
	if t == nil {
		t = &topic{name: name, at: len(all.list)}
		all.byName[name] = t
		all.list = append(all.list, t)
	}
	sub := &subscription{c, t, len(t.subscribers)}
	t.subscribers = append(t.subscribers, sub)
	s.kinds[k][name] = sub
	s.bytes += subscriptionBytes + len(name)
}

// unsubscribe removes a subscription, if the client has it. Exclusive mode.
func (b *Bus) unsubscribe(c *session.Client, k kind, name string) {
	s := stateOf(c)
	if s == nil || s.kinds[k][name] == nil {
		return
	}
	sub := s.kinds[k][name]
	delete(s.kinds[k], name)
	s.bytes -= subscriptionBytes + len(name)
	t := sub.topic
	last := len(t.subscribers) - 1
	t.subscribers[sub.at] = t.subscribers[last]
	t.subscribers[sub.at].at = sub.at
	t.subscribers[last] = nil
	t.subscribers = t.subscribers[:last]
	if last > 0 {
		return
	}
	all := &b.kinds[k]
	delete(all.byName, name)
	last = len(all.list) - 1
	all.list[t.at] = all.list[last]
	all.list[t.at].at = t.at
	all.list[last] = nil
	all.list = all.list[:last]
}

// names returns the topics of a client, sorted.
func (s *subscriber) names(k kind) []string {
	if s == nil {
		return nil
	}
	list := make([]string, 0, len(s.kinds[k]))
	for name := range s.kinds[k] {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// count returns the number of a client's subscriptions that replies about a
// kind of topic tell: channels and patterns count together.
func (s *subscriber) count(k kind) int {
	switch {
	case s == nil:
		return 0
	case k == shardChannels:
		return len(s.kinds[shardChannels])
	}
	return len(s.kinds[channels]) + len(s.kinds[patterns])
}

// setMode makes a client's mode follow its subscriptions. Exclusive mode.
func (b *Bus) setMode(c *session.Client) {
	s := stateOf(c)
	on := s.count(channels)+s.count(shardChannels) > 0
	if on == c.Has(session.PubSub) {
		return
	}
	b.restrict(c, on)
	if on {
		c.Set(session.PubSub)
		b.clients.Add(1)
	} else {
		c.Clear(session.PubSub)
		b.clients.Add(-1)
	}
}

// Forget ends all subscriptions of a client without telling it (RESET, or it
// leaves). Exclusive mode.
func (b *Bus) Forget(c *session.Client) {
	s := stateOf(c)
	for k := range kinds {
		for _, name := range s.names(k) {
			b.unsubscribe(c, k, name)
		}
	}
	b.setMode(c)
}

// Describe returns how many channels, patterns and shard channels a client is
// subscribed to, and what they take in bytes. Owner loop or exclusive mode.
func Describe(c *session.Client) (channelCount, patternCount, shardCount, bytes int) {
	s := stateOf(c)
	if s == nil {
		return 0, 0, 0, 0
	}
	return len(s.kinds[channels]), len(s.kinds[patterns]), len(s.kinds[shardChannels]), s.bytes
}

// Channels, Patterns and ShardChannels return how many of them have
// subscriptions, and Clients how many clients have any. Under a reader lock.
func (b *Bus) Channels() int64      { return int64(len(b.kinds[channels].list)) }
func (b *Bus) Patterns() int64      { return int64(len(b.kinds[patterns].list)) }
func (b *Bus) ShardChannels() int64 { return int64(len(b.kinds[shardChannels].list)) }
func (b *Bus) Clients() int64       { return b.clients.Load() }

// frame is an encoded message: a push of RESP3. RESP2 has an array there.
type frame []byte

// Deliver implements session.Message.
func (f frame) Deliver(to *session.Client) {
	if to.Out.IsRESP3() {
		to.Out.Raw(f)
		return
	}
	to.Out.Raw([]byte{'*'})
	to.Out.Raw(f[1:])
}

// encode makes a message of its words.
func encode(words ...[]byte) frame {
	size := 16
	for _, w := range words {
		size += len(w) + 32
	}
	f := make(frame, 0, size)
	f = append(f, '>')
	f = number.AppendInt(f, int64(len(words)))
	f = append(f, '\r', '\n')
	for _, w := range words {
		f = resp.AppendBulk(f, w)
	}
	return f
}

// Publish leaves a message with everybody who listens to a channel, and returns
// how many receivers it has. The caller holds a reader lock.
func (b *Bus) Publish(channel, payload []byte) (receivers int) {
	t := b.kinds[channels].byName[string(channel)]
	globs := b.kinds[patterns].list
	if t == nil && len(globs) == 0 {
		return 0
	}
	mu := b.orderOf(channel)
	mu.Lock()
	defer mu.Unlock()
	if t != nil {
		receivers = t.send(func() frame { return encode([]byte("message"), channel, payload) })
	}
	for _, p := range globs {
		if glob.Match([]byte(p.name), channel, false) {
			receivers += p.send(func() frame { return encode([]byte("pmessage"), []byte(p.name), channel, payload) })
		}
	}
	return receivers
}

// PublishShard is Publish for shard channels.
func (b *Bus) PublishShard(channel, payload []byte) (receivers int) {
	t := b.kinds[shardChannels].byName[string(channel)]
	if t == nil {
		return 0
	}
	mu := b.orderOf(channel)
	mu.Lock()
	defer mu.Unlock()
	return t.send(func() frame { return encode([]byte("smessage"), channel, payload) })
}

func (b *Bus) orderOf(channel []byte) *sync.Mutex {
	return &b.order[hashing.Bytes(0, channel)%uint64(len(b.order))]
}

func (t *topic) send(message func() frame) int {
	m := session.Message(message())
	for _, s := range t.subscribers {
		s.client.Send(m)
	}
	return len(t.subscribers)
}

// Notify publishes a keyspace event on the channels that are named after its
// key and after the event itself, as far as these are asked for.
func (b *Bus) Notify(e command.Event, keyspace, keyevent bool) {
	if len(b.kinds[channels].list) == 0 && len(b.kinds[patterns].list) == 0 {
		return
	}
	channel := func(prefix string, rest []byte) []byte {
		name := number.AppendInt([]byte(prefix), int64(e.DB))
		return append(append(name, "__:"...), rest...)
	}
	if keyspace {
		b.Publish(channel("__keyspace@", e.Key), []byte(e.Name))
	}
	if keyevent {
		b.Publish(channel("__keyevent@", []byte(e.Name)), e.Key)
	}
}
