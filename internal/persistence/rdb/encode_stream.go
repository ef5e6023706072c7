package rdb

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

func (e *Encoder) stream(k Kind, v *value.Value) {
	s := stream.Open(nil, v)
	e.length(uint64(s.NodeCount()))
	for id, lp := range s.Nodes() {
		var raw [idBytes]byte
		e.String(appendID(raw[:0], id))
		e.String(lp)
		e.mayspill()
	}
	c := s.Counters()
	e.length(c.Length)
	e.id(c.Last)
	e.id(c.First)
	e.id(c.MaxDeleted)
	e.length(c.Added)
	e.length(uint64(s.GroupCount()))
	for g := range s.Groups() {
		e.streamGroup(k, g)
	}
}

func (e *Encoder) streamGroup(k Kind, g stream.Group) {
	e.String(g.Name())
	e.id(g.LastID())
	e.length(uint64(g.EntriesRead()))
	e.length(uint64(g.PendingLen()))
	for id, p := range g.PendingFrom(stream.ID{}) {
		e.Out = appendID(e.Out, id)
		e.millis(p.DeliveryMillis)
		e.length(uint64(p.Deliveries))
		e.mayspill()
	}
	e.length(uint64(g.ConsumerCount()))
	for c := range g.Consumers() {
		e.String(c.Name())
		e.millis(c.SeenMillis())
		if k == KindStream3 {
			e.millis(c.ActiveMillis())
		}
		e.length(uint64(c.PendingLen()))
		for id := range c.PendingIDs() {
			e.Out = appendID(e.Out, id)
			e.mayspill()
		}
	}
}

// id writes an ID as two lengths.
func (e *Encoder) id(id stream.ID) {
	e.length(id.Millis)
	e.length(id.Seq)
}

// appendID appends an ID in full.
func appendID(dst []byte, id stream.ID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, id.Millis), id.Seq)
}
