package hash

import (
	"encoding/binary"
	"math/rand/v2"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/sortedtree"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// large is the block of a hash with a table. The table owns the elements; those
// that carry a number, their expiry, are in the tree as well.
type large struct {
	table    hashtable.Table
	expiries sortedtree.Tree
}

func largeOf(v *value.Value) *large { return (*large)(v.Root.Ptr()) }

func newLarge(h *offheap.Heap, v *value.Value) {
	v.Enc, v.Root = value.HashTable, h.AllocZeroed(int(unsafe.Sizeof(large{})), why)
	largeOf(v).table.Init(h, why, rand.Uint64())
}

// toLarge gives a listpack a table.
func toLarge(h *offheap.Heap, v *value.Value) {
	old := *v
	newLarge(h, v)
	z := largeOf(v)
	for entry := range All(&old, IgnoreExpiry) {
		z.store(h, z.table.Hash(entry.Field), 0, entry)
	}
	listpack.Free(h, why, old.Root)
}

func (z *large) find(field []byte) (hash uint64, e hashtable.Element) {
	hash = z.table.Hash(field)
	return hash, z.table.Find(hash, field)
}

func (z *large) set(h *offheap.Heap, field, val []byte, expiry int64, keepExpiry bool, now int64) Outcome {
	hash, old := z.find(field)
	outcome := Inserted
	switch {
	case old == 0:
	case expired(old, now):
		outcome = Revived
	default:
		outcome = Updated
		if keepExpiry {
			expiry = expiryOf(old)
		}
	}
	z.store(h, hash, old, Entry{field, val, expiry})
	return outcome
}

// store puts an entry into the place of old, the element of the same field, or
// into a new one if old is 0. The entry may refer to old if the expiry changes.
func (z *large) store(h *offheap.Heap, hash uint64, old hashtable.Element, entry Entry) {
	expires := entry.Expiry != NoExpiry
	if old != 0 && old.Numbered() == expires && hasRoom(h.Pool(), old, len(entry.Value)) {
		if expires && expiryOf(old) != entry.Expiry {
			z.expiries.Remove(h, why, old)
			old.SetNumber(uint64(entry.Expiry))
			z.expiries.Insert(h, why, old)
		}
		putValue(old, entry.Value)
		return
	}
	if old.Numbered() {
		z.expiries.Remove(h, why, old)
	}
	room := valueBytes(len(entry.Value))
	switch {
	case expires:
		e := hashtable.NewNumbered(h, why, uint64(entry.Expiry), entry.Field, room)
		putValue(e, entry.Value)
		if old == 0 {
			z.table.Insert(h, why, hash, e)
		} else {
			z.table.Replace(h, why, hash, old, e)
		}
		z.expiries.Insert(h, why, e)
	default:
		if old != 0 {
			z.table.Remove(h, why, hash, old)
		}
		putValue(z.table.Add(h, why, hash, entry.Field, room), entry.Value)
	}
	if old != 0 {
		old.Free(h, why)
	}
}

func (z *large) remove(h *offheap.Heap, hash uint64, e hashtable.Element) {
	if e.Numbered() {
		z.expiries.Remove(h, why, e)
	}
	z.table.Remove(h, why, hash, e)
	e.Free(h, why)
}

// valueBytes returns the size of a value with its length.
func valueBytes(n int) int {
	size := n + 1
	for m := n >> 7; m > 0; m >>= 7 {
		size++
	}
	return size
}

// roomLeftMax is how many bytes a shorter value may leave unused in a bucket.
const roomLeftMax = 8

// hasRoom reports whether a value of n bytes fits the element, without leaving much
// of it empty: more than half of a block that is not small.
func hasRoom(pool *offheap.Pool, e hashtable.Element, n int) bool {
	need, room := valueBytes(n), e.PayloadRoom(pool)
	if e.InBucket() {
		return need <= room && room-need <= roomLeftMax
	}
	block := pool.SizeOf(e.Block())
	return need <= room && (block-room+need >= block/2 || block <= 64)
}

func putValue(e hashtable.Element, val []byte) {
	dst := e.Payload().Bytes(valueBytes(len(val)))
	copy(dst[binary.PutUvarint(dst, uint64(len(val))):], val)
}

func valueOf(e hashtable.Element) []byte {
	at := e.Payload()
	if n := *(*byte)(at.Ptr()); n < 0x80 {
		return unsafe.Slice((*byte)(at.Add(1)), int(n))
	}
	n, size := uint64(0), 0
	for shift := 0; ; shift += 7 {
		b := *(*byte)(at.Add(size))
		size++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return unsafe.Slice((*byte)(at.Add(size)), int(n))
		}
	}
}

func expiryOf(e hashtable.Element) int64 {
	if !e.Numbered() {
		return NoExpiry
	}
	return int64(e.Number())
}

func expired(e hashtable.Element, now int64) bool {
	return e.Numbered() && int64(e.Number()) < now
}

func entryOf(e hashtable.Element) Entry { return Entry{e.Key(), valueOf(e), expiryOf(e)} }
