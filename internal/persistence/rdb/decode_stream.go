package rdb

import (
	"encoding/binary"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

const idBytes = 16 // an ID in full: two big-endian numbers

// stream reads a stream of any of the three kinds. The second knows the first
// entry, the deleted ones and what groups have read; the third also when
// consumers last got entries.
func (d *decoder) stream(k Kind) (value.Value, error) {
	l := stream.NewLoader(d.heap)
	err := d.streamParts(k, l)
	v := l.Value()
	if err != nil {
		stream.Free(d.heap, &v)
		return value.Value{Type: value.Stream}, err
	}
	return v, nil
}

func (d *decoder) streamParts(k Kind, l *stream.Loader) error {
	nodes, err := d.in.count()
	if err != nil {
		return err
	}
	for range nodes {
		if err := d.streamNode(l); err != nil {
			return err
		}
	}
	c, err := d.streamCounters(k)
	if err != nil {
		return err
	}
	if !l.SetCounters(c) {
		return corrupt("stream counters contradict the entries")
	}
	if k == KindStream1 {
		v := l.Value()
		c = stream.Open(d.heap, &v).Counters() // with the first ID
	}
	groups, err := d.in.count()
	if err != nil {
		return err
	}
	for range groups {
		if err := d.streamGroup(k, l, &c); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) streamNode(l *stream.Loader) error {
	raw, err := d.in.string()
	if err != nil {
		return err
	}
	if len(raw) != idBytes {
		return corrupt("stream node ID of %d bytes", len(raw))
	}
	id := idOf(raw)
	lp, err := d.in.string()
	if err != nil {
		return err
	}
	if !l.AddNode(id, lp) {
		return corrupt("stream node")
	}
	return nil
}

func idOf(raw []byte) stream.ID {
	return stream.ID{Millis: binary.BigEndian.Uint64(raw), Seq: binary.BigEndian.Uint64(raw[8:])}
}

// streamCounters reads the counters. The ID of the first entry is looked up
// rather than believed.
func (d *decoder) streamCounters(k Kind) (c stream.Counters, err error) {
	var first stream.ID
	fields := []*uint64{&c.Length, &c.Last.Millis, &c.Last.Seq}
	if k != KindStream1 {
		fields = append(fields, &first.Millis, &first.Seq, &c.MaxDeleted.Millis, &c.MaxDeleted.Seq, &c.Added)
	}
	if err := d.lengths(fields...); err != nil {
		return c, err
	}
	if k == KindStream1 {
		c.Added = c.Length
	}
	if c.Added > math.MaxInt64 {
		return c, corrupt("stream to which %d entries were added", c.Added)
	}
	return c, nil
}

func (d *decoder) lengths(fields ...*uint64) (err error) {
	for _, p := range fields {
		if *p, err = d.in.length(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) streamGroup(k Kind, l *stream.Loader, c *stream.Counters) error {
	name, err := d.in.string()
	if err != nil {
		return err
	}
	name = d.keep(name)
	var last stream.ID
	if err := d.lengths(&last.Millis, &last.Seq); err != nil {
		return err
	}
	read := entriesRead(c, last)
	if k != KindStream1 {
		n, err := d.in.length()
		if err != nil {
			return err
		}
		if read = int64(n); read < stream.UnknownRead {
			return corrupt("stream group that read %d entries", read)
		}
	}
	g, ok := l.AddGroup(name, last, read)
	if !ok {
		return corrupt("stream group twice")
	}
	pending, err := d.in.count()
	if err != nil {
		return err
	}
	for range pending {
		if err := d.streamPending(l, g); err != nil {
			return err
		}
	}
	consumers, err := d.in.count()
	if err != nil {
		return err
	}
	for range consumers {
		if err := d.streamConsumer(k, l, g); err != nil {
			return err
		}
	}
	if !l.Done() {
		return corrupt("pending stream entry without consumer")
	}
	return nil
}

func (d *decoder) streamPending(l *stream.Loader, g stream.Group) error {
	raw, err := d.in.take(idBytes)
	if err != nil {
		return err
	}
	id := idOf(raw)
	at, err := d.in.uint64()
	if err != nil {
		return err
	}
	deliveries, err := d.in.length()
	if err != nil {
		return err
	}
	if !l.AddPending(g, id, int64(at), int64(deliveries)) {
		return corrupt("Duplicated global PEL entry loading stream consumer group")
	}
	return nil
}

func (d *decoder) streamConsumer(k Kind, l *stream.Loader, g stream.Group) error {
	name, err := d.in.string()
	if err != nil {
		return err
	}
	name = d.keep(name)
	seen, err := d.in.uint64()
	if err != nil {
		return err
	}
	active := seen
	if k == KindStream3 {
		if active, err = d.in.uint64(); err != nil {
			return err
		}
	}
	c, ok := l.AddConsumer(g, name, int64(seen), int64(active))
	if !ok {
		return corrupt("Duplicate stream consumer detected.")
	}
	owned, err := d.in.count()
	if err != nil {
		return err
	}
	for range owned {
		raw, err := d.in.take(idBytes)
		if err != nil {
			return err
		}
		if !l.Own(g, c, idOf(raw)) {
			return corrupt("Duplicated consumer PEL entry, or one that its group does not have")
		}
	}
	return nil
}

// entriesRead tells how many entries a group has read that is at an ID, in a
// stream of the first kind, from which nothing is known to be deleted.
func entriesRead(c *stream.Counters, at stream.ID) int64 {
	switch {
	case c.Added == 0:
		return 0
	case c.Length == 0 && !c.Last.Less(at), at == c.Last:
		return int64(c.Added)
	case c.Last.Less(at):
		return stream.UnknownRead
	case at.Less(c.First):
		return int64(c.Added - c.Length)
	case at == c.First:
		return int64(c.Added - c.Length + 1)
	}
	return stream.UnknownRead
}
