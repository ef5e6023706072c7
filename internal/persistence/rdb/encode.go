package rdb

import (
	"encoding/binary"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
	"github.com/kvasirdb/kvasir/internal/platform/lzf"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

const (
	// compressMin is the length from which on strings are compressed.
	compressMin = 21
	// compressMax bounds the time and the memory that compression takes.
	compressMax = 32 << 20
	// scratchMax is how much memory is kept for compression between values.
	scratchMax = 64 << 10
	// integerTextMax is the length of the longest text that is stored as an
	// integer of four bytes.
	integerTextMax = 11
)

// Format says how to write.
type Format struct {
	Version  int // VersionRedis70 or later
	Compress bool
	// CompressMax is the length up to which strings are compressed; 0 is 32 MiB.
	CompressMax int
}

// Encoder writes values behind one another.
type Encoder struct {
	Format
	// Out is what was written and not taken away.
	Out []byte
	// Spill is called between the elements of a value when Out has at least
	// SpillBytes; it empties Out. Without it, all of a value is in Out.
	Spill      func()
	SpillBytes int

	lzf    lzf.Compressor
	packed []byte // what lzf makes
}

// KindOf returns the kind that a value has in a version. ok is false if the
// version has none for it.
func KindOf(v *value.Value, version int) (k Kind, ok bool) {
	switch v.Type {
	case value.String:
		return KindString, true
	case value.List:
		return KindListNodes, true
	case value.Set:
		switch {
		case v.Enc == value.IntSet:
			return KindSetIntset, true
		case v.Enc == value.ListPack && version >= VersionRedis72:
			return KindSetPacked, true
		}
		return KindSet, true
	case value.ZSet:
		if v.Enc == value.ListPack {
			return KindZSetPacked, true
		}
		return KindZSet, true
	case value.Hash:
		switch {
		case v.Enc == value.ListPack:
			return KindHashPacked, true
		case hash.VolatileLen(v) == 0:
			return KindHash, true
		}
		return KindHashExpiry, version >= 80
	case value.Stream:
		if version >= VersionRedis72 {
			return KindStream3, true
		}
		return KindStream2, true
	}
	return 0, false
}

func (e *Encoder) kind(k Kind) { e.Out = append(e.Out, byte(k)) }

// length writes a number in the shortest form.
func (e *Encoder) length(n uint64) { e.Out = AppendLength(e.Out, n) }

// AppendLength appends a number in the shortest form.
func AppendLength(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, len14<<6|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, len32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, len64), n)
}

// String writes a string: as an integer if it is the text of one, compressed if
// that is shorter, or as it is.
func (e *Encoder) String(s []byte) {
	if len(s) <= integerTextMax {
		if n, ok := number.ParseInt(s); ok && e.integer(n) {
			return
		}
	}
	if e.Compress && len(s) >= compressMin && len(s) <= e.compressMax() && e.compressed(s) {
		return
	}
	e.length(uint64(len(s)))
	e.raw(s)
}

func (e *Encoder) compressMax() int {
	if e.CompressMax > 0 {
		return e.CompressMax
	}
	return compressMax
}

// raw writes bytes as they are, spilling between pieces.
func (e *Encoder) raw(s []byte) {
	for e.Spill != nil && len(e.Out)+len(s) > e.SpillBytes {
		n := min(len(s), max(0, e.SpillBytes-len(e.Out)))
		e.Out = append(e.Out, s[:n]...)
		s = s[n:]
		e.Spill()
	}
	e.Out = append(e.Out, s...)
}

func (e *Encoder) integer(n int64) bool {
	const form = lenEncoded << 6
	switch {
	case n == int64(int8(n)):
		e.Out = append(e.Out, form|encInt8, byte(n))
	case n == int64(int16(n)):
		e.Out = binary.LittleEndian.AppendUint16(append(e.Out, form|encInt16), uint16(n))
	case n == int64(int32(n)):
		e.Out = binary.LittleEndian.AppendUint32(append(e.Out, form|encInt32), uint32(n))
	default:
		return false
	}
	return true
}

// compressed writes s compressed, if that saves at least four bytes.
func (e *Encoder) compressed(s []byte) bool {
	room := len(s) - 4
	if cap(e.packed) < room {
		e.packed = make([]byte, max(room, 4<<10))
	}
	n := e.lzf.Compress(e.packed[:room], s)
	if n > 0 {
		e.blob(e.packed[:n], len(s))
	}
	if cap(e.packed) > scratchMax {
		e.packed = nil
	}
	return n > 0
}

// blob writes LZF data that becomes size bytes.
func (e *Encoder) blob(packed []byte, size int) {
	e.Out = append(e.Out, lenEncoded<<6|encLZF)
	e.length(uint64(len(packed)))
	e.length(uint64(size))
	e.raw(packed)
}

func (e *Encoder) mayspill() {
	if e.Spill != nil && len(e.Out) >= e.SpillBytes {
		e.Spill()
	}
}

func (e *Encoder) double(d float64) {
	e.Out = binary.LittleEndian.AppendUint64(e.Out, math.Float64bits(d))
}

func (e *Encoder) millis(at int64) { e.Out = binary.LittleEndian.AppendUint64(e.Out, uint64(at)) }

// value writes what follows the kind k of a value that is not a string.
func (e *Encoder) value(k Kind, v *value.Value) {
	switch k {
	case KindListNodes:
		e.listNodes(v)
	case KindSetIntset, KindSetPacked:
		block, _ := set.Packed(v)
		e.String(block)
	case KindHashPacked:
		block, _ := hash.Packed(v)
		e.String(block)
	case KindZSetPacked:
		block, _ := zset.Packed(v)
		e.String(block)
	case KindSet:
		e.length(uint64(set.Len(v)))
		for member := range set.All(v) {
			e.String(member)
			e.mayspill()
		}
	case KindZSet:
		n := zset.Len(v)
		e.length(uint64(n))
		// From the greatest on: readers that keep a linked order insert at its head.
		zset.Range(v, n-1, n, true, func(member []byte, score float64) bool {
			e.String(member)
			e.double(score)
			e.mayspill()
			return true
		})
	case KindHash, KindHashExpiry:
		e.length(uint64(hash.Len(v)))
		for f := range hash.All(v, hash.IgnoreExpiry) {
			e.String(f.Field)
			e.String(f.Value)
			if k == KindHashExpiry {
				e.millis(f.Expiry)
			}
			e.mayspill()
		}
	default:
		e.stream(k, v)
	}
}

func (e *Encoder) listNodes(v *value.Value) {
	nodes := uint64(0)
	list.Nodes(v, func(quicklist.NodeInfo) { nodes++ })
	e.length(nodes)
	list.Nodes(v, func(n quicklist.NodeInfo) {
		if n.Plain {
			e.length(nodePlain)
		} else {
			e.length(nodePacked)
		}
		if n.Compressed {
			e.blob(n.Data, n.Size)
		} else {
			e.String(n.Data)
		}
		e.mayspill()
	})
}
