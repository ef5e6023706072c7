package pubsub

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Commands returns the commands of the group "pubsub".
func (b *Bus) Commands() []command.Spec {
	publishSpec := command.Spec{
		Name: "publish", Group: command.GroupPubSub, Since: "2.0.0", Arity: 3,
		Flags:      command.PubSub | command.Loading | command.Stale | command.Fast | command.MayReplicate | command.Sentinel,
		Summary:    "Send a message to a channel",
		Complexity: "O(N+M) for N subscribers of the channel and M patterns subscribed by anyone",
		Args: []command.Arg{
			{Name: "channel"}, {Name: "message"},
		},
		Lock: command.LockNone,
		Run:  b.runPublish,
	}
	spublishSpec := command.Spec{
		Name: "spublish", Group: command.GroupPubSub, Since: "7.0.0", Arity: 3,
		Flags:      command.PubSub | command.Loading | command.Stale | command.Fast | command.MayReplicate,
		Summary:    "Send a message to a shard channel",
		Complexity: "O(N) for N subscribers of the channel",
		Keys:       []command.KeySpec{{Flags: command.NotKey, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "shardchannel"}, {Name: "message"},
		},
		Lock: command.LockNone,
		Run:  b.runSpublish,
	}
	subscribeSpec := command.Spec{
		Name: "subscribe", Group: command.GroupPubSub, Since: "2.0.0", Arity: -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		Summary:    "Receive the messages of channels",
		Complexity: "O(N) for N channels",
		Args: []command.Arg{
			{Name: "channel", Flags: command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runSubscribe,
	}
	unsubscribeSpec := command.Spec{
		Name: "unsubscribe", Group: command.GroupPubSub, Since: "2.0.0", Arity: -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		Summary:    "Stop receiving the messages of channels, or of all",
		Complexity: "O(N) for N channels",
		Args: []command.Arg{
			{Name: "channel", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runUnsubscribe,
	}
	psubscribeSpec := command.Spec{
		Name: "psubscribe", Group: command.GroupPubSub, Since: "2.0.0", Arity: -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		Summary:    "Receive the messages of all channels that match patterns",
		Complexity: "O(N) for N patterns",
		Args: []command.Arg{
			{Name: "pattern", Type: command.ArgPattern, Flags: command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runPsubscribe,
	}
	punsubscribeSpec := command.Spec{
		Name: "punsubscribe", Group: command.GroupPubSub, Since: "2.0.0", Arity: -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale | command.Sentinel,
		Summary:    "Stop receiving the messages of patterns, or of all",
		Complexity: "O(N) for N patterns",
		Args: []command.Arg{
			{Name: "pattern", Type: command.ArgPattern, Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runPunsubscribe,
	}
	ssubscribeSpec := command.Spec{
		Name: "ssubscribe", Group: command.GroupPubSub, Since: "7.0.0", Arity: -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Summary:    "Receive the messages of shard channels",
		Complexity: "O(N) for N channels",
		Keys:       []command.KeySpec{{Flags: command.NotKey, Index: 1, LastKey: -1, Step: 1}},
		Args: []command.Arg{
			{Name: "shardchannel", Flags: command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runSsubscribe,
	}
	sunsubscribeSpec := command.Spec{
		Name: "sunsubscribe", Group: command.GroupPubSub, Since: "7.0.0", Arity: -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Summary:    "Stop receiving the messages of shard channels, or of all",
		Complexity: "O(N) for N channels",
		Keys:       []command.KeySpec{{Flags: command.NotKey, Index: 1, LastKey: -1, Step: 1}},
		Args: []command.Arg{
			{Name: "shardchannel", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  b.runSunsubscribe,
	}
	pubsubChannelsSpec := command.Spec{
		Name: "channels", Group: command.GroupPubSub, Since: "2.8.0", Arity: -2,
		Flags:      command.PubSub | command.Loading | command.Stale,
		Summary:    "List the channels someone is subscribed to",
		Complexity: "O(N) for N such channels",
		Args: []command.Arg{
			{Name: "pattern", Type: command.ArgPattern, Flags: command.ArgOptional},
		},
		Lock: command.LockNone,
		Run:  b.runChannels,
	}
	pubsubHelpSpec := command.Spec{
		Name: "help", Group: command.GroupPubSub, Since: "6.2.0", Arity: 2,
		Flags:      command.Loading | command.Stale,
		Summary:    "Describe the PUBSUB subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runHelp,
	}
	pubsubNumpatSpec := command.Spec{
		Name: "numpat", Group: command.GroupPubSub, Since: "2.8.0", Arity: 2,
		Flags:      command.PubSub | command.Loading | command.Stale,
		Summary:    "Count the distinct patterns subscribed to",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        b.runNumpat,
	}
	pubsubNumsubSpec := command.Spec{
		Name: "numsub", Group: command.GroupPubSub, Since: "2.8.0", Arity: -2,
		Flags:      command.PubSub | command.Loading | command.Stale,
		Summary:    "Count the subscribers of channels",
		Complexity: "O(N) for N channels",
		Args: []command.Arg{
			{Name: "channel", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockNone,
		Run:  b.runNumsub,
	}
	pubsubShardchannelsSpec := command.Spec{
		Name: "shardchannels", Group: command.GroupPubSub, Since: "7.0.0", Arity: -2,
		Flags:      command.PubSub | command.Loading | command.Stale,
		Summary:    "List the shard channels someone is subscribed to",
		Complexity: "O(N) for N such channels",
		Args: []command.Arg{
			{Name: "pattern", Type: command.ArgPattern, Flags: command.ArgOptional},
		},
		Lock: command.LockNone,
		Run:  b.runShardChannels,
	}
	pubsubShardnumsubSpec := command.Spec{
		Name: "shardnumsub", Group: command.GroupPubSub, Since: "7.0.0", Arity: -2,
		Flags:      command.PubSub | command.Loading | command.Stale,
		Summary:    "Count the subscribers of shard channels",
		Complexity: "O(N) for N channels",
		Args: []command.Arg{
			{Name: "shardchannel", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockNone,
		Run:  b.runShardNumsub,
	}
	pubsubSpec := command.Spec{
		Name: "pubsub", Group: command.GroupPubSub, Since: "2.8.0", Arity: -2,
		Summary:    "Commands about channels and subscriptions",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			pubsubChannelsSpec, pubsubHelpSpec, pubsubNumpatSpec, pubsubNumsubSpec, pubsubShardchannelsSpec,
			pubsubShardnumsubSpec,
		},
	}

	return []command.Spec{publishSpec, spublishSpec, subscribeSpec, unsubscribeSpec, psubscribeSpec, punsubscribeSpec, ssubscribeSpec, sunsubscribeSpec, pubsubSpec}
}

// words are what the replies about a kind of topic begin with.
var words = [kinds]struct{ subscribe, unsubscribe string }{
	channels:      {"subscribe", "unsubscribe"},
	shardChannels: {"ssubscribe", "sunsubscribe"},
	patterns:      {"psubscribe", "punsubscribe"},
}

func (b *Bus) runSubscribe(c *command.Ctx)  { b.runSubscribeTo(c, channels) }
func (b *Bus) runPsubscribe(c *command.Ctx) { b.runSubscribeTo(c, patterns) }
func (b *Bus) runSsubscribe(c *command.Ctx) { b.runSubscribeTo(c, shardChannels) }

func (b *Bus) runUnsubscribe(c *command.Ctx)  { b.runUnsubscribeFrom(c, channels) }
func (b *Bus) runPunsubscribe(c *command.Ctx) { b.runUnsubscribeFrom(c, patterns) }
func (b *Bus) runSunsubscribe(c *command.Ctx) { b.runUnsubscribeFrom(c, shardChannels) }

// runSubscribeTo answers every topic by a message of its own. In a transaction,
// whose replies are counted, that is what Valkey does as well.
func (b *Bus) runSubscribeTo(c *command.Ctx, k kind) {
	if c.DenyBlocking && !(c.Client.Has(session.Multi) && k != shardChannels) {
		c.Out.Errorf("ERR %s isn't allowed for a DENY BLOCKING client", strings.ToUpper(c.Cmd.Name))
		return
	}
	for _, name := range c.Args[1:] {
		b.subscribe(c.Client, k, string(name))
		acknowledge(c, words[k].subscribe, name, stateOf(c.Client).count(k))
	}
	b.setMode(c.Client)
}

func (b *Bus) runUnsubscribeFrom(c *command.Ctx, k kind) {
	s := stateOf(c.Client)
	names := c.Args[1:]
	if len(names) == 0 {
		for _, name := range s.names(k) {
			names = append(names, []byte(name))
		}
		if len(names) == 0 {
			acknowledge(c, words[k].unsubscribe, nil, s.count(k))
		}
	}
	for _, name := range names {
		b.unsubscribe(c.Client, k, string(name))
		acknowledge(c, words[k].unsubscribe, name, s.count(k))
	}
	b.setMode(c.Client)
}

// acknowledge tells a client that a subscription has begun or ended. name is
// nil where there was none to end. Being a message, it comes to clients that
// have turned replies off as well.
func acknowledge(c *command.Ctx, word string, name []byte, left int) {
	if c.Client.Flags&(session.ReplyOff|session.ReplySkip) != 0 {
		c.Client.Send(&acknowledgement{word, append([]byte(nil), name...), name == nil, left})
		return
	}
	(&acknowledgement{word, name, name == nil, left}).write(c.Out)
}

type acknowledgement struct {
	word    string
	name    []byte
	nothing bool // name is absent
	left    int
}

// Deliver implements session.Message.
func (a *acknowledgement) Deliver(to *session.Client) { a.write(&to.Out) }

func (a *acknowledgement) write(w *resp.Writer) {
	w.PushHeader(3)
	w.BulkString(a.word)
	if a.nothing {
		w.Null()
	} else {
		w.Bulk(a.name)
	}
	w.Int(int64(a.left))
}

func (b *Bus) runPublish(c *command.Ctx)  { c.Out.Int(int64(b.Publish(c.Args[1], c.Args[2]))) }
func (b *Bus) runSpublish(c *command.Ctx) { c.Out.Int(int64(b.PublishShard(c.Args[1], c.Args[2]))) }

func (b *Bus) runChannels(c *command.Ctx)      { b.listTopics(c, channels) }
func (b *Bus) runShardChannels(c *command.Ctx) { b.listTopics(c, shardChannels) }
func (b *Bus) runNumsub(c *command.Ctx)        { b.countSubscribers(c, channels) }
func (b *Bus) runShardNumsub(c *command.Ctx)   { b.countSubscribers(c, shardChannels) }
func (b *Bus) runNumpat(c *command.Ctx)        { c.Out.Int(b.Patterns()) }

func (b *Bus) listTopics(c *command.Ctx, k kind) {
	if len(c.Args) > 3 {
		c.Out.Error(command.SubcommandSyntax(c.Args))
		return
	}
	var names []string
	for _, t := range b.kinds[k].list {
		if len(c.Args) == 2 || glob.Match(c.Args[2], []byte(t.name), false) {
			names = append(names, t.name)
		}
	}
	c.Out.ArrayHeader(len(names))
	for _, name := range names {
		c.Out.BulkString(name)
	}
}

func (b *Bus) countSubscribers(c *command.Ctx, k kind) {
	c.Out.ArrayHeader(2 * len(c.Args[2:]))
	for _, name := range c.Args[2:] {
		c.Out.Bulk(name)
		if t := b.kinds[k].byName[string(name)]; t != nil {
			c.Out.Int(int64(len(t.subscribers)))
		} else {
			c.Out.Int(0)
		}
	}
}

func runHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"CHANNELS [<pattern>]",
		"    List the channels that somebody is subscribed to, those that match.",
		"NUMPAT",
		"    Count the patterns that somebody is subscribed to.",
		"NUMSUB [<channel> ...]",
		"    Count the subscribers of channels, without those of patterns.",
		"SHARDCHANNELS [<pattern>]",
		"    List the shard channels that somebody is subscribed to, those that match.",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    Count the subscribers of shard channels.")
}
