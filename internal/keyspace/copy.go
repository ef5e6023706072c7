package keyspace

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// DupValue returns a copy of a value that is not kept inside its entry. Long
// strings are shared: a change of one copy makes its own block.
func DupValue(h *offheap.Heap, v value.Value) value.Value {
	switch v.Type {
	case value.String:
		str.Retain(v.Root)
	case value.List:
		return list.Copy(h, &v)
	case value.Set:
		return set.Copy(h, &v)
	case value.ZSet:
		return zset.Copy(h, &v)
	case value.Hash:
		return hash.Copy(h, &v)
	case value.Stream:
		return stream.Copy(h, &v)
	}
	return v
}

// Copy makes name, in this or another database, hold a copy of a found key's
// value with its expiry, replacing what is there. name must not be the key
// itself nor a view of an entry.
func (e *Entry) Copy(to *Tx, name []byte) {
	tx := e.tx
	r := e.ref()
	h := entHeader(r)
	n := 8
	if h.encoding() == value.Inline {
		n = h.inlineLen()
	}
	payload := unsafe.Slice((*byte)(r.Add(entPayload(r, h))), n)
	expiry := entExpiry(r, h)
	v := entValue(r, h)
	if v.Root != 0 {
		v = DupValue(tx.w.heap, v)
		payload = unsafe.Slice((*byte)(unsafe.Pointer(&v.Root)), n)
	}
	d := to.Peek(name)
	copy(to.assign(&d, name, h&(entKindMask|entGrown), n, expiry), payload)
	if h&entVolatile != 0 {
		d.trackFields(&v, never)
	}
	to.modified(name, 1)
}
