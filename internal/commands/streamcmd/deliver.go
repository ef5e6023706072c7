package streamcmd

import (
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// delivery is a group of a stream that gives entries to a consumer.
type delivery struct {
	target
	groupName []byte
	group     stream.Group
	consumer  stream.Consumer
	created   bool // the consumer, by this command
	changes   int
}

// useConsumer finds the consumer, or makes it, and notes that it was seen.
func (d *delivery) useConsumer(name []byte) {
	if d.consumer, d.created = d.group.CreateConsumer(name, d.c.Now); d.created {
		d.changes++
		d.notify("xgroup-createconsumer")
	} else {
		d.consumer, _ = d.group.Consumer(name)
	}
	d.consumer.SetSeen(d.c.Now)
}

// deliver appends to the reply what the group has not delivered yet.
func (d *delivery) deliver(r *reading, reply *readReply) {
	last, ok := d.LastEntryID()
	if !ok || !d.group.LastID().Less(last) {
		return
	}
	d.changes++
	reply.begin(d.key)
	header := d.c.Out.Defer()
	from, _ := d.group.LastID().Next()
	n, moved := 0, false
	it := d.Range(from, streamindex.Max(), false)
	defer it.Close()
	for it.Next() {
		moved = d.group.Pass(it.ID()) || moved
		replyEntry(d.c, &it)
		if !r.noAck {
			d.give(it.ID())
		}
		if n++; int64(n) == r.count {
			break
		}
	}
	d.c.Out.SetArrayLen(header, n)
	if moved {
		d.propagatePosition()
	}
}

// give makes an entry pending for the consumer, delivered now and for the first
// time.
func (d *delivery) give(id stream.ID) {
	p := d.group.Assign(id, d.consumer)
	p.DeliveryMillis, p.Deliveries = d.c.Now, 1
	d.consumer.SetActive(d.c.Now)
	d.propagatePending(id.Append(nil), p)
}

// history appends to the reply the entries that are pending for the consumer
// after an ID, up to count of them, 0 being all. They are delivered again; one
// that was deleted is listed without fields.
func (d *delivery) history(after stream.ID, count int64) {
	header := d.c.Out.Defer()
	from, _ := after.Next()
	n := 0
	for id, p := range d.group.PendingOf(d.consumer, from) {
		if replyRange(d.c, d.Stream, id, id, 1, false) > 0 {
			p.DeliveryMillis = d.c.Now
			p.Deliveries++
		} else {
			d.c.Out.ArrayHeader(2)
			replyID(d.c, id)
			d.c.Out.NullArray()
		}
		if n++; int64(n) == count {
			break
		}
	}
	d.c.Out.SetArrayLen(header, n)
}

// propagatePending makes the journal take an XCLAIM that makes an entry pending
// just so, wherever it is executed.
func (d *delivery) propagatePending(id []byte, p *stream.Pending) {
	if !d.c.Propagates() {
		return
	}
	d.c.PropagateInstead([]byte("XCLAIM"), d.key, d.groupName, p.Owner().Name(), []byte("0"), id,
		[]byte("TIME"), number.AppendInt(nil, p.DeliveryMillis),
		[]byte("RETRYCOUNT"), number.AppendInt(nil, p.Deliveries),
		[]byte("FORCE"), []byte("JUSTID"), []byte("LASTID"), d.group.LastID().Append(nil))
}

// propagatePosition makes the journal take an XGROUP SETID.
func (d *delivery) propagatePosition() {
	d.c.PropagateInstead([]byte("XGROUP"), []byte("SETID"), d.key, d.groupName, d.group.LastID().Append(nil),
		[]byte("ENTRIESREAD"), number.AppendInt(nil, d.group.EntriesRead()))
}
