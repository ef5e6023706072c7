package streamcmd

import (
	"iter"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
)

var xpendingSpec = command.Spec{
	Name: "xpending", Group: command.GroupStream, Since: "5.0.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Describe the delivered entries that were not acknowledged",
	Complexity: "O(N) for N entries returned; O(M) for M entries scanned with IDLE; the summary O(N) for N consumers",
	History: []command.Change{
		{Version: "6.2.0", What: "option IDLE and exclusive IDs"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"},
		{Name: "filters", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "min-idle-time", Type: command.ArgInteger, Token: "IDLE", Since: "6.2.0", Flags: command.ArgOptional},
			{Name: "start"}, {Name: "end"}, {Name: "count", Type: command.ArgInteger},
			{Name: "consumer", Flags: command.ArgOptional},
		}},
	},
	Run: runXPending,
}

func runXPending(c *command.Ctx) {
	o, ok := parsePending(c)
	if !ok {
		return
	}
	none := func() { refuseGroup(c, noGroup, c.Args[1], c.Args[2]) }
	s, ok := find(c, c.Args[1], none)
	if !ok {
		return
	}
	g, ok := s.Group(c.Args[2])
	switch {
	case !ok:
		none()
	case o.listed:
		o.list(c, g)
	default:
		summarize(c, g)
	}
}

// pendingOptions are the words of XPENDING.
type pendingOptions struct {
	listed   bool // entries rather than a summary
	minIdle  int64
	from, to stream.ID
	count    int64
	consumer []byte // nil: of all
}

// parsePending reads the words. If they make no sense, it answers so.
func parsePending(c *command.Ctx) (o pendingOptions, ok bool) {
	n := len(c.Args)
	if n == 3 {
		return o, true
	}
	if n < 6 || n > 9 {
		c.Out.Error(command.SyntaxError)
		return o, false
	}
	o.listed = true
	i := 3
	if command.Is(c.Args[i], "idle") {
		if o.minIdle, ok = c.IntArg(i + 1); !ok {
			return o, false
		}
		if n < 8 {
			c.Out.Error(command.SyntaxError)
			return o, false
		}
		i += 2
	}
	if o.count, ok = c.IntArg(i + 2); !ok {
		return o, false
	}
	if o.from, ok = startArg(c, i); !ok {
		return o, false
	}
	if o.to, ok = endArg(c, i+1); !ok {
		return o, false
	}
	if i+3 < n {
		o.consumer = c.Args[i+3]
	}
	return o, true
}

// summarize answers with how much is pending, from which ID to which, and for
// which consumers.
func summarize(c *command.Ctx, g stream.Group) {
	c.Out.ArrayHeader(4)
	c.Out.Int(int64(g.PendingLen()))
	low, high, ok := g.PendingBounds()
	if !ok {
		c.Out.Null()
		c.Out.Null()
		c.Out.NullArray()
		return
	}
	replyID(c, low)
	replyID(c, high)
	header := c.Out.Defer()
	n := 0
	for consumer := range g.Consumers() {
		if consumer.PendingLen() > 0 {
			c.Out.ArrayHeader(2)
			c.Out.Bulk(consumer.Name())
			c.Out.BulkInt(int64(consumer.PendingLen()))
			n++
		}
	}
	c.Out.SetArrayLen(header, n)
}

// list answers with what is pending in the range.
func (o *pendingOptions) list(c *command.Ctx, g stream.Group) {
	pending := g.PendingFrom(o.from)
	if o.consumer != nil {
		consumer, ok := g.Consumer(o.consumer)
		if !ok {
			c.Out.EmptyArray()
			return
		}
		pending = g.PendingOf(consumer, o.from)
	}
	header := c.Out.Defer()
	n := int64(0)
	for id, p := range pending {
		if n >= o.count || o.to.Less(id) {
			break
		}
		idle := c.Now - p.DeliveryMillis
		if o.minIdle != 0 && idle < o.minIdle {
			continue
		}
		n++
		c.Out.ArrayHeader(4)
		replyID(c, id)
		c.Out.Bulk(p.Owner().Name())
		c.Out.Int(max(idle, 0))
		c.Out.Int(p.Deliveries)
	}
	c.Out.SetArrayLen(header, int(n))
}

var xinfoSpec = command.Spec{
	Name: "xinfo", Group: command.GroupStream, Since: "5.0.0", Arity: -2,
	Summary:    "Commands that describe streams and groups",
	Complexity: "Depends on the subcommand",
	Subcommands: []command.Spec{
		xinfoConsumersSpec, xinfoGroupsSpec, xinfoHelpSpec, xinfoStreamSpec,
	},
}

var xinfoHelpSpec = command.Spec{
	Name: "help", Group: command.GroupStream, Since: "5.0.0", Arity: 2,
	Flags: command.Loading | command.Stale, ACL: command.CatStream,
	Summary:    "Describe the XINFO subcommands",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runInfoHelp,
}

func runInfoHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"CONSUMERS <key> <groupname>",
		"    List the consumers of a group.",
		"GROUPS <key>",
		"    List the groups of a stream.",
		"STREAM <key> [FULL [COUNT <count>]",
		"    Describe a stream, with FULL also what is in it.",
	)
}

// describe looks the stream of an XINFO subcommand up. If there is none, it
// answers so.
func describe(c *command.Ctx) (s stream.Stream, ok bool) {
	return find(c, c.Args[2], func() { c.Out.Error(command.NoSuchKey) })
}

var xinfoConsumersSpec = command.Spec{
	Name: "consumers", Group: command.GroupStream, Since: "5.0.0", Arity: 4,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Describe the consumers of a group",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.2.0", What: "field inactive, idle counts from the last attempt to read"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"},
	},
	Run: runInfoConsumers,
}

func runInfoConsumers(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	g, ok := s.Group(c.Args[3])
	if !ok {
		refuseGroup(c, noGroupOfKey, c.Args[3], c.Args[2])
		return
	}
	c.Out.ArrayHeader(g.ConsumerCount())
	for consumer := range g.Consumers() {
		inactive := int64(stream.NeverActive)
		if active := consumer.ActiveMillis(); active != stream.NeverActive {
			inactive = c.Now - active
		}
		c.Out.MapHeader(4)
		c.Out.BulkString("name")
		c.Out.Bulk(consumer.Name())
		intField(c, "pending", int64(consumer.PendingLen()))
		intField(c, "idle", max(c.Now-consumer.SeenMillis(), 0))
		intField(c, "inactive", inactive)
	}
}

// intField appends a field with a number to a map.
func intField(c *command.Ctx, name string, n int64) {
	c.Out.BulkString(name)
	c.Out.Int(n)
}

// idField appends a field with an ID to a map.
func idField(c *command.Ctx, name string, id stream.ID) {
	c.Out.BulkString(name)
	replyID(c, id)
}

// progress appends how far a group has read.
func progress(c *command.Ctx, g stream.Group) {
	idField(c, "last-delivered-id", g.LastID())
	c.Out.BulkString("entries-read")
	if n := g.EntriesRead(); n != stream.UnknownRead {
		c.Out.Int(n)
	} else {
		c.Out.Null()
	}
	c.Out.BulkString("lag")
	if n, ok := g.Lag(); ok {
		c.Out.Int(n)
	} else {
		c.Out.Null()
	}
}

var xinfoGroupsSpec = command.Spec{
	Name: "groups", Group: command.GroupStream, Since: "5.0.0", Arity: 3,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Describe the consumer groups of a stream",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "7.0.0", What: "fields entries-read, lag"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runInfoGroups,
}

func runInfoGroups(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	c.Out.ArrayHeader(s.GroupCount())
	for g := range s.Groups() {
		c.Out.MapHeader(6)
		c.Out.BulkString("name")
		c.Out.Bulk(g.Name())
		intField(c, "consumers", int64(g.ConsumerCount()))
		intField(c, "pending", int64(g.PendingLen()))
		progress(c, g)
	}
}

var xinfoStreamSpec = command.Spec{
	Name: "stream", Group: command.GroupStream, Since: "5.0.0", Arity: -3,
	Flags: command.ReadOnly, ACL: command.CatStream,
	Summary:    "Describe a stream",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "6.0.0", What: "modifier FULL"},
		{Version: "7.0.0", What: "fields max-deleted-entry-id, entries-added, recorded-first-entry-id, entries-read, lag"},
		{Version: "7.2.0", What: "field active-time, seen-time counts attempts too"},
	},
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
		{Name: "full-block", Type: command.ArgBlock, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "full", Type: command.ArgPureToken, Token: "FULL"},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		}},
	},
	Run: runInfoStream,
}

func runInfoStream(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	full := len(c.Args) > 3
	count, ok := fullCount(c)
	if !ok {
		return
	}
	fields := 10
	if full {
		fields = 9
	}
	c.Out.MapHeader(fields)
	intField(c, "length", int64(s.Len()))
	intField(c, "radix-tree-keys", int64(s.NodeCount()))
	intField(c, "radix-tree-nodes", int64(s.RadixNodes()))
	idField(c, "last-generated-id", s.LastID())
	idField(c, "max-deleted-entry-id", s.MaxDeletedID())
	intField(c, "entries-added", s.Added())
	idField(c, "recorded-first-entry-id", s.FirstID())
	if full {
		everything(c, s, count)
		return
	}
	intField(c, "groups", int64(s.GroupCount()))
	c.Out.BulkString("first-entry")
	edgeEntry(c, s, false)
	c.Out.BulkString("last-entry")
	edgeEntry(c, s, true)
}

func edgeEntry(c *command.Ctx, s stream.Stream, last bool) {
	if replyRange(c, s, stream.ID{}, streamindex.Max(), 1, last) == 0 {
		c.Out.Null()
	}
}

// fullCount reads the words FULL and COUNT of XINFO STREAM and returns how many
// entries of each kind to list, 0 being all.
func fullCount(c *command.Ctx) (count int64, ok bool) {
	const countDefault = 10
	n := len(c.Args)
	switch {
	case n == 3, n == 4 && command.Is(c.Args[3], "full"):
		return countDefault, true
	case n == 6 && command.Is(c.Args[3], "full") && command.Is(c.Args[4], "count"):
		if count, ok = c.IntArg(5); count < 0 {
			count = countDefault
		}
		return count, ok
	}
	c.Out.Error(command.SubcommandSyntax(c.Args))
	return 0, false
}

// everything appends what XINFO STREAM FULL says beyond the counters.
func everything(c *command.Ctx, s stream.Stream, count int64) {
	c.Out.BulkString("entries")
	header := c.Out.Defer()
	c.Out.SetArrayLen(header, int(replyRange(c, s, stream.ID{}, streamindex.Max(), count, false)))
	c.Out.BulkString("groups")
	c.Out.ArrayHeader(s.GroupCount())
	for g := range s.Groups() {
		c.Out.MapHeader(7)
		c.Out.BulkString("name")
		c.Out.Bulk(g.Name())
		progress(c, g)
		intField(c, "pel-count", int64(g.PendingLen()))
		pendingField(c, g.PendingFrom(stream.ID{}), count, true)
		c.Out.BulkString("consumers")
		c.Out.ArrayHeader(g.ConsumerCount())
		for consumer := range g.Consumers() {
			c.Out.MapHeader(5)
			c.Out.BulkString("name")
			c.Out.Bulk(consumer.Name())
			intField(c, "seen-time", consumer.SeenMillis())
			intField(c, "active-time", consumer.ActiveMillis())
			intField(c, "pel-count", int64(consumer.PendingLen()))
			pendingField(c, g.PendingOf(consumer, stream.ID{}), count, false)
		}
	}
}

// pendingField appends up to count pending entries to a map, 0 being all.
func pendingField(c *command.Ctx, pending iter.Seq2[stream.ID, *stream.Pending], count int64, owners bool) {
	c.Out.BulkString("pending")
	header := c.Out.Defer()
	n := int64(0)
	for id, p := range pending {
		if owners {
			c.Out.ArrayHeader(4)
		} else {
			c.Out.ArrayHeader(3)
		}
		replyID(c, id)
		if owners {
			c.Out.Bulk(p.Owner().Name())
		}
		c.Out.Int(p.DeliveryMillis)
		c.Out.Int(p.Deliveries)
		if n++; n == count {
			break
		}
	}
	c.Out.SetArrayLen(header, int(n))
}
