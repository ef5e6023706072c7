package streamcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

var xclaimSpec = command.Spec{
	Name: "xclaim", Group: command.GroupStream, Since: "5.0.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatStream,
	Summary:    "Make pending entries another consumer's",
	Complexity: "O(log N) for N pending entries of the group",
	Tips:       []string{"nondeterministic_output"},
	Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"}, {Name: "consumer"}, {Name: "min-idle-time"},
		{Name: "id", Flags: command.ArgMultiple},
		{Name: "ms", Type: command.ArgInteger, Token: "IDLE", Flags: command.ArgOptional},
		{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "TIME", Flags: command.ArgOptional},
		{Name: "count", Type: command.ArgInteger, Token: "RETRYCOUNT", Flags: command.ArgOptional},
		{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Flags: command.ArgOptional},
		{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Flags: command.ArgOptional},
		{Name: "lastid", Token: "LASTID", Flags: command.ArgOptional},
	},
	Run: runXClaim,
}

func runXClaim(c *command.Ctx) {
	c.PropagateNothing() // but what it does
	d, ok := groupOf(c, c.Tx.Find(c.Args[1]))
	if !ok {
		return
	}
	o, ok := parseClaim(c)
	if !ok {
		d.groups(0)
		return
	}
	moved := d.group.LastID().Less(o.last)
	if moved {
		d.group.SetLastID(o.last)
	}
	d.useConsumer(c.Args[3])
	header := c.Out.Defer()
	claimed := 0
	for i, id := range o.ids {
		p := d.group.Pending(id)
		switch {
		case !d.Exists(id):
			if p != nil {
				d.drop(id, c.Args[5+i], p)
				moved = false // XCLAIM tells it
			}
			continue
		case p == nil && !o.force, p != nil && !o.idle(c.Now, p):
			continue
		}
		first := p == nil
		p = d.group.Assign(id, d.consumer)
		if first {
			p.Deliveries = 1
		}
		p.DeliveryMillis = o.deliveryMillis
		if o.retryCount >= 0 {
			p.Deliveries = o.retryCount
		} else if !o.justID {
			p.Deliveries++
		}
		d.reply(id, o.justID)
		claimed++
		d.claim(c.Args[5+i], p)
		moved = false
	}
	if moved {
		d.propagatePosition()
		d.changes++
	}
	c.Out.SetArrayLen(header, claimed)
	d.groups(d.changes)
}

// groupOf opens the group that argument 2 names, of a stream that was looked up.
// If there is none, it answers so.
func groupOf(c *command.Ctx, e keyspace.Entry) (d delivery, ok bool) {
	none := func() { refuseGroup(c, noGroup, c.Args[1], c.Args[2]) }
	if !isStream(c, &e, none) {
		return d, false
	}
	d = delivery{target: open(c, c.Args[1], e), groupName: c.Args[2]}
	if d.group, ok = d.Group(d.groupName); !ok {
		d.groups(0)
		none()
	}
	return d, ok
}

// drop takes an entry that is no longer in the stream out of what is pending.
func (d *delivery) drop(id stream.ID, idText []byte, p *stream.Pending) {
	d.propagatePending(idText, p)
	d.group.Acknowledge(id)
	d.changes++
}

// claim notes that the consumer got a pending entry.
func (d *delivery) claim(idText []byte, p *stream.Pending) {
	d.consumer.SetActive(d.c.Now)
	d.propagatePending(idText, p)
	d.changes++
}

// reply appends an entry of the stream, or only its ID.
func (d *delivery) reply(id stream.ID, justID bool) {
	if justID {
		replyID(d.c, id)
		return
	}
	replyRange(d.c, d.Stream, id, id, 1, false)
}

// claimOptions are the words of XCLAIM and XAUTOCLAIM.
type claimOptions struct {
	minIdle        int64
	ids            []stream.ID
	deliveryMillis int64 // Unix
	retryCount     int64 // -1: count on
	force, justID  bool
	last           stream.ID // up to which the group has delivered at least
}

// idle reports whether an entry was delivered long enough ago.
func (o *claimOptions) idle(now int64, p *stream.Pending) bool {
	return o.minIdle == 0 || now-p.DeliveryMillis >= o.minIdle
}

// parseMinIdle reads argument 4. If it is no integer, it answers with text.
func (o *claimOptions) parseMinIdle(c *command.Ctx, text string) (ok bool) {
	o.minIdle, ok = intArg(c, 4, text)
	o.minIdle = max(o.minIdle, 0)
	return ok
}

// intArg reads argument i as an integer. If it is none, it answers with text.
func intArg(c *command.Ctx, i int, text string) (n int64, ok bool) {
	if n, ok = number.ParseInt(c.Args[i]); !ok {
		c.Out.Error(text)
	}
	return n, ok
}

// parseClaim reads the words of XCLAIM from the fifth on. If they make no
// sense, it answers so.
func parseClaim(c *command.Ctx) (o claimOptions, ok bool) {
	o.retryCount, o.deliveryMillis = -1, -1
	if !o.parseMinIdle(c, "ERR Invalid min-idle-time argument for XCLAIM") {
		return o, false
	}
	i := 5
	for ; i < len(c.Args); i++ {
		id, isID := parseID(c.Args[i], 0)
		if !isID {
			break
		}
		o.ids = append(o.ids, id)
	}
	for ; i < len(c.Args); i++ {
		arg, more := c.Args[i], i+1 < len(c.Args)
		ok = true
		switch {
		case command.Is(arg, "force"):
			o.force = true
		case command.Is(arg, "justid"):
			o.justID = true
		case more && command.Is(arg, "idle"):
			i++
			o.deliveryMillis, ok = intArg(c, i, "ERR Invalid IDLE option argument for XCLAIM")
			o.deliveryMillis = c.Now - o.deliveryMillis
		case more && command.Is(arg, "time"):
			i++
			o.deliveryMillis, ok = intArg(c, i, "ERR Invalid TIME option argument for XCLAIM")
		case more && command.Is(arg, "retrycount"):
			i++
			o.retryCount, ok = intArg(c, i, "ERR Invalid RETRYCOUNT option argument for XCLAIM")
		case more && command.Is(arg, "lastid"):
			i++
			o.last, ok = idArg(c, i)
		default:
			c.Out.Errorf("ERR Unrecognized XCLAIM option '%s'", command.UpToZero(arg))
			return o, false
		}
		if !ok {
			return o, false
		}
	}
	if o.deliveryMillis < 0 || o.deliveryMillis > c.Now {
		o.deliveryMillis = c.Now
	}
	return o, true
}

var xautoclaimSpec = command.Spec{
	Name: "xautoclaim", Group: command.GroupStream, Since: "6.2.0", Arity: -6,
	Flags: command.Write | command.Fast, ACL: command.CatStream,
	Summary:    "Scan the pending entries and claim those idle for too long",
	Complexity: "O(1) for a small COUNT",
	History: []command.Change{
		{Version: "7.0.0", What: "reply lists the entries that were found deleted"},
	},
	Tips: []string{"nondeterministic_output"},
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "group"}, {Name: "consumer"}, {Name: "min-idle-time"}, {Name: "start"},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Flags: command.ArgOptional},
	},
	Run: runXAutoClaim,
}

func runXAutoClaim(c *command.Ctx) {
	c.PropagateNothing() // but what it does
	e := c.Tx.Find(c.Args[1])
	o := claimOptions{}
	if !o.parseMinIdle(c, "ERR Invalid min-idle-time argument for XAUTOCLAIM") {
		return
	}
	from, ok := startArg(c, 5)
	if !ok {
		return
	}
	count := 100
	const (
		attemptsPerEntry = 10
		countMax         = math.MaxInt64 / 16
	)
	for i := 6; i < len(c.Args); i++ {
		switch {
		case command.Is(c.Args[i], "count") && i+1 < len(c.Args):
			i++
			const text = "ERR COUNT must be > 0"
			if count, ok = c.RangeArg(i, 1, text); !ok {
				return
			}
			if count > countMax {
				c.Out.Error(text)
				return
			}
		case command.Is(c.Args[i], "justid"):
			o.justID = true
		default:
			c.Out.Error(command.SyntaxError)
			return
		}
	}
	d, ok := groupOf(c, e)
	if !ok {
		return
	}
	d.useConsumer(c.Args[3])
	d.autoClaim(&o, from, count, count*attemptsPerEntry)
	d.groups(d.changes)
}

// autoClaim gives the consumer up to count entries that are pending from an ID
// on, looking at a limited number of them, and replies.
func (d *delivery) autoClaim(o *claimOptions, from stream.ID, count, attempts int) {
	out := d.c.Out
	var claimed, deleted []stream.ID
	id, p, more := d.group.FirstPending(from)
	for ; more && attempts > 0 && count > 0; attempts-- {
		switch {
		case !d.Exists(id):
			d.drop(id, id.Append(nil), p)
			deleted = append(deleted, id)
			count--
		case o.idle(d.c.Now, p):
			p = d.group.Assign(id, d.consumer)
			p.DeliveryMillis = d.c.Now
			if !o.justID {
				p.Deliveries++
			}
			d.claim(id.Append(nil), p)
			claimed = append(claimed, id)
			count--
		}
		next, ok := id.Next()
		if !ok {
			more = false
			break
		}
		id, p, more = d.group.FirstPending(next)
	}
	if !more {
		id = stream.ID{}
	}
	out.ArrayHeader(3)
	replyID(d.c, id)
	out.ArrayHeader(len(claimed))
	for _, id := range claimed {
		d.reply(id, o.justID)
	}
	out.ArrayHeader(len(deleted))
	for _, id := range deleted {
		replyID(d.c, id)
	}
}
