package streamcmd

import (
	"slices"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/resp"
)

var xreadSpec = command.Spec{
	Name: "xread", Group: command.GroupStream, Since: "5.0.0", Arity: -4,
	Flags: command.Blocking | command.ReadOnly, ACL: command.CatStream,
	Summary: "Read what came after given IDs in several streams, waiting for it if asked",
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Keyword: "STREAMS", From: 1, LastKey: -1, Step: 1, Limit: 2},
	},
	Args: []command.Arg{
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Flags: command.ArgOptional},
		{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple}, {Name: "id", Flags: command.ArgMultiple},
		}},
	},
	KeysOf: command.XreadKeys,
	Lock:   command.LockExclusive,
	Run:    runXRead,
}

func runXRead(c *command.Ctx) {
	r, ok := parseRead(c, false)
	if !ok || !r.resolve(c) {
		return
	}
	reply := openReply(c)
	for i, key := range r.keys {
		e := c.Tx.Find(key)
		if !e.Found() {
			continue
		}
		v := e.Value()
		s := stream.Open(c.Tx.Heap(), &v).With(c.Tx.Buffers())
		if last, ok := s.LastEntryID(); ok && r.after[i].Less(last) {
			reply.begin(key)
			reply.entries(s, r.after[i], r.count)
		}
	}
	if !reply.close() {
		r.wait(c)
	}
}

var xreadgroupSpec = command.Spec{
	Name: "xreadgroup", Group: command.GroupStream, Since: "5.0.0", Arity: -7,
	Flags: command.Blocking | command.Write, ACL: command.CatStream,
	Summary:    "Read as a consumer of a group, waiting for new entries if asked",
	Complexity: "O(M) per stream for M entries returned; XADD pays O(N) for N clients it wakes",
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Keyword: "STREAMS", From: 4, LastKey: -1, Step: 1, Limit: 2},
	},
	Args: []command.Arg{
		{Name: "group-block", Type: command.ArgBlock, Token: "GROUP", Args: []command.Arg{
			{Name: "group"}, {Name: "consumer"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.ArgOptional},
		{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Flags: command.ArgOptional},
		{Name: "noack", Type: command.ArgPureToken, Token: "NOACK", Flags: command.ArgOptional},
		{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple}, {Name: "id", Flags: command.ArgMultiple},
		}},
	},
	KeysOf: command.XreadKeys,
	Lock:   command.LockExclusive,
	Run:    runXReadGroup,
}

func runXReadGroup(c *command.Ctx) {
	c.PropagateNothing() // but what it does
	r, ok := parseRead(c, true)
	if !ok || !r.resolve(c) {
		return
	}
	reply := openReply(c)
	for i, key := range r.keys {
		e := c.Tx.Find(key)
		if !e.Found() {
			continue
		}
		d := delivery{target: open(c, key, e), groupName: r.group}
		d.group, _ = d.Group(r.group)
		d.useConsumer(r.consumer)
		if d.created && r.noAck {
			c.PropagateInstead([]byte("XGROUP"), []byte("CREATECONSUMER"), key, r.group, r.consumer)
		}
		if r.fresh[i] {
			d.deliver(r, &reply)
		} else {
			reply.begin(key)
			d.history(r.after[i], r.count)
			d.changes++
		}
		d.groups(d.changes)
	}
	if !reply.close() {
		r.wait(c)
	}
}

// reading is what the words of XREAD or XREADGROUP ask for.
type reading struct {
	keys  [][]byte
	ids   int // position of the first ID in the arguments
	count int64

	blocks   bool
	deadline int64 // Unix milliseconds, 0 never

	grouped         bool // XREADGROUP
	group, consumer []byte
	noAck           bool

	after []stream.ID // by key: the ID after which to read
	fresh []bool      // by key: XREADGROUP reads what the group has not delivered yet (>)
}

// parseRead reads the words. If they make no sense, it answers so.
func parseRead(c *command.Ctx, grouped bool) (r *reading, ok bool) {
	r = &reading{grouped: grouped}
	for i := 1; i < len(c.Args); i++ {
		arg, more := c.Args[i], len(c.Args)-i-1
		switch {
		case more > 0 && command.Is(arg, "block"):
			i++
			var errText string
			if r.deadline, errText = command.ParseTimeoutMillis(c, c.Args[i]); errText != "" {
				c.Out.Error(errText)
				return r, false
			}
			r.blocks = true
		case more > 0 && command.Is(arg, "count"):
			i++
			if r.count, ok = c.IntArg(i); !ok {
				return r, false
			}
			r.count = max(r.count, 0)
		case more > 0 && command.Is(arg, "streams"):
			return r, r.parseStreams(c, i+1)
		case more > 1 && command.Is(arg, "group"):
			if !grouped {
				c.Out.Error("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
				return r, false
			}
			r.group, r.consumer = c.Args[i+1], c.Args[i+2]
			i += 2
		case command.Is(arg, "noack"):
			if !grouped {
				c.Out.Error("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
				return r, false
			}
			r.noAck = true
		default:
			c.Out.Error(command.SyntaxError)
			return r, false
		}
	}
	c.Out.Error(command.SyntaxError)
	return r, false
}

// parseStreams takes the arguments from i on as keys and as many IDs.
func (r *reading) parseStreams(c *command.Ctx, i int) (ok bool) {
	n := len(c.Args) - i
	if n%2 != 0 {
		symbol := '$'
		if r.grouped {
			symbol = '>'
		}
		c.Out.Errorf("ERR Unbalanced '%s' list of streams: for each stream key an ID or '%c' must be specified.", c.Cmd.Name, symbol)
		return false
	}
	r.ids = i + n/2
	r.keys = c.Args[i:r.ids]
	if r.grouped && r.group == nil {
		c.Out.Error("ERR Missing GROUP option for XREADGROUP")
		return false
	}
	return true
}

// resolve finds out after which ID to read each stream. If that makes no sense,
// it answers so.
func (r *reading) resolve(c *command.Ctx) (ok bool) {
	r.after = make([]stream.ID, len(r.keys))
	r.fresh = make([]bool, len(r.keys))
	for i, key := range r.keys {
		e := c.Tx.Find(key)
		var s *stream.Stream
		if e.Found() {
			if e.Type() != value.Stream {
				c.Out.Error(command.WrongType)
				return false
			}
			v := e.Value()
			opened := stream.Open(c.Tx.Heap(), &v).With(c.Tx.Buffers())
			s = &opened
		}
		if r.grouped && (s == nil || !hasGroup(s, r.group)) {
			refuseGroup(c, noGroup+" in XREADGROUP with GROUP option", key, r.group)
			return false
		}
		if ok := r.resolveID(c, i, s); !ok {
			return false
		}
	}
	return true
}

func hasGroup(s *stream.Stream, name []byte) bool {
	_, ok := s.Group(name)
	return ok
}

// resolveID reads the ID for stream i, which may be absent.
func (r *reading) resolveID(c *command.Ctx, i int, s *stream.Stream) (ok bool) {
	const meaningless = "ERR The %s ID is meaningless in the context of XREADGROUP: you want to read the history of " +
		"this consumer by specifying a proper ID, or use the > ID to get new messages. " +
		"The %s ID would just return an empty result set."
	switch word := string(c.Args[r.ids+i]); word {
	case "$", "+":
		if r.grouped {
			c.Out.Errorf(meaningless, word, word)
			return false
		}
		if word == "$" && s != nil {
			r.after[i] = s.LastID()
		} else if s != nil && s.Len() > 0 {
			r.after[i], _ = s.LastID().Prev()
		}
		return true
	case ">":
		if !r.grouped {
			c.Out.Error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
			return false
		}
		r.fresh[i] = true
		return true
	}
	if r.after[i], ok = idArg(c, r.ids+i); ok && r.grouped && r.after[i] == streamindex.Max() {
		r.fresh[i] = true // it is how Valkey remembers >
	}
	return ok
}

// wait makes the client wait for entries if it asked for that; else there are
// none.
func (r *reading) wait(c *command.Ctx) {
	if !r.blocks || c.DenyBlocking {
		c.Out.NullArray()
		return
	}
	// Run again, the command must read on from what $ is now.
	request := c.Args
	c.Args = slices.Clone(c.Args)
	for i := range r.keys {
		if at := r.ids + i; string(c.Args[at]) == "$" {
			c.Args[at] = r.after[i].Append(nil)
		}
	}
	c.Server.Block(c, command.Block{
		Keys: slices.Clone(r.keys), Type: value.Stream, DeadlineMillis: r.deadline, OnKeyGone: r.grouped,
	})
	c.Args = request
}

// readReply is the reply of a read, which begins with the first stream that
// has something to say.
type readReply struct {
	c       *command.Ctx
	header  resp.Deferred
	streams int
}

func openReply(c *command.Ctx) readReply { return readReply{c: c} }

// begin begins with a stream; its entries must follow.
func (r *readReply) begin(key []byte) {
	if r.streams == 0 {
		r.header = r.c.Out.Defer()
	}
	r.streams++
	if !r.c.Out.IsRESP3() {
		r.c.Out.ArrayHeader(2)
	}
	r.c.Out.Bulk(key)
}

// entries appends the entries after an ID, up to count of them, 0 being all.
func (r *readReply) entries(s stream.Stream, after stream.ID, count int64) {
	from, _ := after.Next()
	header := r.c.Out.Defer()
	r.c.Out.SetArrayLen(header, int(replyRange(r.c, s, from, streamindex.Max(), count, false)))
}

// close ends the reply and reports whether there is one.
func (r *readReply) close() bool {
	switch {
	case r.streams == 0:
		return false
	case r.c.Out.IsRESP3():
		r.c.Out.SetMapLen(r.header, r.streams)
	default:
		r.c.Out.SetArrayLen(r.header, r.streams)
	}
	return true
}
