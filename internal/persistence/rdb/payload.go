package rdb

import (
	"encoding/binary"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// A payload:
//
//	+------+-------+-----------+-----------+
//	| kind | value | version   | CRC64     |
//	| 1    |       | uint16 LE | uint64 LE |
//	+------+-------+-----------+-----------+
//
// The checksum covers all before it.
const payloadFooter = 10

// DumpString writes the payload of a string.
func (e *Encoder) DumpString(s []byte) {
	e.kind(KindString)
	e.String(s)
	e.footer()
}

// DumpValue writes the payload of a value that is not a string.
func (e *Encoder) DumpValue(v *value.Value) error {
	k, ok := KindOf(v, e.Version)
	if !ok {
		return ErrInexpressible
	}
	e.kind(k)
	e.value(k, v)
	e.footer()
	return nil
}

func (e *Encoder) footer() {
	e.Out = binary.LittleEndian.AppendUint16(e.Out, uint16(e.Version))
	e.Out = binary.LittleEndian.AppendUint64(e.Out, checksum.CRC64(0, e.Out))
}

// PayloadOptions say what a payload may be.
type PayloadOptions struct {
	Relaxed      bool // accept versions that are not known
	SkipChecksum bool // DEBUG only
}

// Payload is a payload whose version and checksum were found right.
type Payload struct {
	Kind    Kind
	Version int
	body    []byte
}

// OpenPayload checks version and checksum. The errors are ErrVersion and
// ErrChecksum, and ErrKind where what is inside is no value.
func OpenPayload(b []byte, o PayloadOptions) (p Payload, err error) {
	if len(b) < payloadFooter {
		return p, ErrVersion
	}
	end := len(b) - payloadFooter
	p.Version = int(binary.LittleEndian.Uint16(b[end:]))
	if !Accepted(p.Version, o.Relaxed) {
		return p, ErrVersion
	}
	if !o.SkipChecksum && checksum.CRC64(0, b[:len(b)-8]) != binary.LittleEndian.Uint64(b[len(b)-8:]) {
		return p, ErrChecksum
	}
	if end == 0 {
		return p, ErrKind
	}
	if p.Kind = Kind(b[0]); !p.Kind.Known() {
		return p, ErrKind
	}
	p.body = b[1:end]
	return p, nil
}

// ForeignKind reports whether the payload is of another server's version and of
// a kind that there may mean something else.
func (p *Payload) ForeignKind() bool { return Foreign(p.Version) && p.Kind >= foreignKindMin }

// Read builds the value, which the caller then owns. Text of a string is a view
// of the payload or of memory of its own. An object that is Gone, and bytes
// that are left over, are corrupt.
func (p *Payload) Read(heap *offheap.Heap, lim *value.Limits) (Object, error) {
	d := decoder{in: input{buf: p.body, noSum: true}, heap: heap, lim: lim, fieldsNow: hash.IgnoreExpiry}
	o, err := d.object(p.Kind)
	switch {
	case err != nil:
		return Object{}, err
	case o.Gone != Present:
		return Object{}, p.Kind.named(corrupt("nothing in it"))
	case d.in.left() != 0:
		Free(d.heap, &o.Value)
		return Object{}, p.Kind.named(corrupt("%d bytes left over", d.in.left()))
	}
	return o, nil
}
