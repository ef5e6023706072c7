// Package streamcmd holds the commands on streams.
//
// A stream key may exist without entries: trimming and deleting never remove
// the key. What a group or a consumer remembers is part of the stream, but a
// change of it does not touch the key for WATCH and client-side caching, as in
// Valkey; only entries do.
//
// Commands whose effect depends on the clock, on chance or on a consumer's state
// are propagated as what they did: XADD with the ID that it gave and with an exact
// trim, deliveries as XCLAIM with all its options, and the position of a group
// as XGROUP SETID.
package streamcmd

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Commands returns the commands of the group "stream".
func Commands() []command.Spec {
	return []command.Spec{
		xackSpec, xaddSpec, xautoclaimSpec, xclaimSpec, xdelSpec, xgroupSpec, xinfoSpec, xlenSpec, xpendingSpec,
		xrangeSpec, xreadSpec, xreadgroupSpec, xrevrangeSpec, xsetidSpec, xtrimSpec,
	}
}

// Error replies.
const (
	invalidID    = "ERR Invalid stream ID specified as stream command argument"
	invalidStart = "ERR invalid start ID for the interval"
	invalidEnd   = "ERR invalid end ID for the interval"
	noGroup      = "NOGROUP No such key '%s' or consumer group '%s'"
	noGroupOfKey = "NOGROUP No such consumer group '%s' for key name '%s'"
)

// refuseGroup answers that there is no group, with one of the texts above, which
// quotes two words.
func refuseGroup(c *command.Ctx, text string, first, second []byte) {
	c.Out.Errorf(text, command.UpToZero(first), command.UpToZero(second))
}

// target is a stream that a command changes.
type target struct {
	stream.Stream
	c   *command.Ctx
	key []byte
	e   keyspace.Entry
	v   value.Value
}

// find looks a stream up for reading. If the key is absent or no stream, it
// answers with absent or an error.
func find(c *command.Ctx, key []byte, absent func()) (s stream.Stream, ok bool) {
	e := c.Tx.Find(key)
	if !isStream(c, &e, absent) {
		return s, false
	}
	v := e.Value()
	return stream.Open(c.Tx.Heap(), &v).With(c.Tx.Buffers()), true
}

func isStream(c *command.Ctx, e *keyspace.Entry, absent func()) bool {
	switch {
	case !e.Found():
		absent()
	case e.Type() != value.Stream:
		c.Out.Error(command.WrongType)
	default:
		return true
	}
	return false
}

// edit looks a stream up to change it. If the key is absent or no stream, it
// answers with absent or an error.
func edit(c *command.Ctx, key []byte, absent func()) (t target, ok bool) {
	e := c.Tx.Write(key)
	if !isStream(c, &e, absent) {
		return t, false
	}
	return open(c, key, e), true
}

// open announces a change of a found stream. entries or groups must follow,
// before anything else is looked up.
func open(c *command.Ctx, key []byte, e keyspace.Entry) target {
	v := e.Update()
	return target{stream.Open(c.Tx.Heap(), &v).With(c.Tx.Buffers()), c, key, e, v}
}

// create makes a stream to be stored under an absent key.
func create(c *command.Ctx, key []byte, e keyspace.Entry) target {
	v := stream.New(c.Tx.Heap())
	return target{stream.Open(c.Tx.Heap(), &v).With(c.Tx.Buffers()), c, key, e, v}
}

// entries stores the stream after a change of so many entries, or its creation.
func (t *target) entries(changes int) { t.e.Store(t.key, t.v, changes) }

// groups stores the stream after so many changes of what does not touch the key.
func (t *target) groups(changes int) {
	t.e.Commit(t.key, t.v, 0)
	t.c.Tx.AddDirty(changes)
}

// notify raises an event of the stream.
func (t *target) notify(event string) { t.c.Notify(command.EventStream, event, t.key) }

// parseID reads an ID. Of an incomplete one, seq is the missing part.
func parseID(arg []byte, seq uint64) (id stream.ID, ok bool) {
	if text, isText := idText(arg); isText {
		millis, rest, complete := bytes.Cut(text, []byte("-"))
		if id.Millis, ok = number.ParseUint(millis); !ok {
			return id, false
		}
		id.Seq = seq
		if complete {
			id.Seq, ok = number.ParseUint(rest)
		}
		return id, ok
	}
	return id, false
}

// idText returns what of an argument is read as an ID: up to a zero byte.
func idText(arg []byte) (text []byte, ok bool) {
	const most = 127
	if len(arg) > most {
		return nil, false
	}
	return command.UpToZero(arg), true
}

// idArg is parseID of argument i, answering if it is no ID.
func idArg(c *command.Ctx, i int) (id stream.ID, ok bool) {
	if id, ok = parseID(c.Args[i], 0); !ok {
		c.Out.Error(invalidID)
	}
	return id, ok
}

// idsArg reads the arguments from i on as IDs.
func idsArg(c *command.Ctx, i int) (ids []stream.ID, ok bool) {
	ids = make([]stream.ID, 0, len(c.Args)-i)
	for ; i < len(c.Args); i++ {
		id, ok := idArg(c, i)
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// bound reads an end of a range: an ID, "-" or "+". Of an incomplete ID, seq is
// the missing part.
func bound(arg []byte, seq uint64) (id stream.ID, ok bool) {
	text, _ := idText(arg)
	switch string(text) {
	case "-":
		return stream.ID{}, true
	case "+":
		return streamindex.Max(), true
	}
	return parseID(arg, seq)
}

// startArg reads argument i as the begin of a range, which "(" excludes.
func startArg(c *command.Ctx, i int) (id stream.ID, ok bool) {
	return edgeArg(c, c.Args[i], 0, stream.ID.Next, invalidStart)
}

// endArg reads argument i as the end of a range, which "(" excludes.
func endArg(c *command.Ctx, i int) (id stream.ID, ok bool) {
	return edgeArg(c, c.Args[i], streamindex.Max().Seq, stream.ID.Prev, invalidEnd)
}

func edgeArg(c *command.Ctx, arg []byte, seq uint64, inner func(stream.ID) (stream.ID, bool), none string) (id stream.ID, ok bool) {
	exclusive := len(arg) > 1 && arg[0] == '('
	if exclusive {
		id, ok = parseID(arg[1:], seq)
	} else {
		id, ok = bound(arg, seq)
	}
	if !ok {
		c.Out.Error(invalidID)
		return id, false
	}
	if exclusive {
		if id, ok = inner(id); !ok {
			c.Out.Error(none)
		}
	}
	return id, ok
}

// replyID appends an ID to the reply.
func replyID(c *command.Ctx, id stream.ID) {
	var text [streamindex.IDTextMax]byte
	c.Out.Bulk(id.Append(text[:0]))
}

// replyRange appends up to count entries, 0 being all, without a header and
// returns how many.
func replyRange(c *command.Ctx, s stream.Stream, from, to stream.ID, count int64, backwards bool) (n int64) {
	it := s.Range(from, to, backwards)
	defer it.Close()
	for it.Next() {
		replyEntry(c, &it)
		if n++; n == count {
			break
		}
	}
	return n
}

// replyEntry appends the entry on which an iterator stands.
func replyEntry(c *command.Ctx, it *stream.Iter) {
	c.Out.ArrayHeader(2)
	replyID(c, it.ID())
	c.Out.ArrayHeader(2 * it.Fields())
	for range it.Fields() {
		field, val := it.Pair()
		c.Out.Bulk(field)
		c.Out.Bulk(val)
	}
}
