package rdb

import (
	"math"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Object is a value that was read.
type Object struct {
	// Text is the value of a string: a view, valid until the next read.
	Text []byte
	// Value is that of any other type, and the reader's caller's to free. Its
	// Root is 0 when Gone.
	Value value.Value
	// Gone says why there is nothing to be stored.
	Gone Gone
}

// Gone is why a value that was read is none.
type Gone uint8

// Reasons.
const (
	Present Gone = iota
	Empty        // a collection without elements, which no key can hold
	Expired      // a hash all of whose fields have expired
)

// IsString reports whether the value is a string.
func (o *Object) IsString() bool { return o.Value.Type == value.String }

// decoder builds values off the Go heap.
type decoder struct {
	in   input
	heap *offheap.Heap
	lim  *value.Limits
	// fieldsNow drops fields of hashes that expired before; hash.IgnoreExpiry
	// keeps them.
	fieldsNow int64
	field     []byte // the copy of a field or member while its value is read
}

// object reads a value. An ErrCorrupt tells what the value was packed in.
func (d *decoder) object(k Kind) (Object, error) {
	o, err := d.value(k)
	return o, k.named(err)
}

func (d *decoder) value(k Kind) (o Object, err error) {
	switch k {
	case KindString:
		o.Text, err = d.in.string()
		return o, err
	case KindList:
		o.Value, err = d.list()
	case KindListNodes, KindListOfZip:
		o.Value, err = d.listNodes(k)
	case KindSet:
		o.Value, err = d.set()
	case KindZSet, KindZSetText:
		o.Value, err = d.zset(k)
	case KindHash, KindHashExpiry:
		return d.hash(k)
	case KindStream1, KindStream2, KindStream3:
		o.Value, err = d.stream(k)
		return o, err
	case KindHashZipmap, KindListZiplist, KindSetIntset, KindZSetZiplist, KindHashZiplist, KindHashPacked, KindZSetPacked, KindSetPacked:
		o.Value, err = d.packed(k)
	default:
		return o, ErrKind
	}
	if err == nil && o.Value.Root == 0 {
		o.Gone = Empty
	}
	return o, err
}

func (d *decoder) list() (v value.Value, err error) {
	v.Type = value.List
	n, err := d.in.count()
	if err != nil || n == 0 {
		return v, err
	}
	b := list.NewBuilder(d.heap, d.lim)
	for range n {
		s, err := d.in.string()
		if err != nil {
			b.Discard()
			return v, err
		}
		b.Push(s)
	}
	return b.Finish(), nil
}

// listNodes reads a list whose nodes are listpacks and large elements, or all
// ziplists.
func (d *decoder) listNodes(k Kind) (v value.Value, err error) {
	v.Type = value.List
	n, err := d.in.count()
	if err != nil || n == 0 {
		return v, err
	}
	b := list.NewBuilder(d.heap, d.lim)
	for range n {
		if err := d.listNode(k, &b); err != nil {
			b.Discard()
			return v, err
		}
	}
	return b.Finish(), nil
}

func (d *decoder) listNode(k Kind, b *list.Builder) error {
	container := uint64(nodePacked)
	if k == KindListNodes {
		var err error
		if container, err = d.in.length(); err != nil {
			return err
		}
	}
	block, err := d.in.string()
	switch {
	case err != nil:
		return err
	case k == KindListOfZip:
		if !eachInZiplist(block, func(s []byte) bool { b.Push(s); return true }) {
			return corrupt("ziplist")
		}
	case container == nodePlain:
		if len(block) == 0 {
			return corrupt("empty element in a node of its own")
		}
		b.AppendPlain(block)
	case container == nodePacked:
		if !listpack.Validate(block, true, nil) {
			return corrupt("listpack")
		}
		b.AppendListpack(block)
	default:
		return corrupt("list node of unknown kind %d", container)
	}
	return nil
}

func (d *decoder) set() (v value.Value, err error) {
	v.Type = value.Set
	n, err := d.in.count()
	if err != nil {
		return v, err
	}
	for i := range n {
		member, err := d.in.string()
		if err == nil {
			if i == 0 {
				set.Prepare(d.heap, d.lim, &v, member, min(n, d.lim.SetMaxIntsetEntries+d.lim.SetMaxListpackEntries+1))
			}
			if !set.Add(d.heap, d.lim, &v, member) {
				err = corrupt("set member twice")
			}
		}
		if err != nil {
			set.Free(d.heap, &v)
			return v, err
		}
	}
	return v, nil
}

// keep copies a string that must outlive the reading of the next.
func (d *decoder) keep(s []byte) []byte {
	if cap(d.field) > growStep {
		d.field = nil
	}
	d.field = append(d.field[:0], s...)
	return d.field
}

func (d *decoder) zset(k Kind) (v value.Value, err error) {
	v.Type = value.ZSet
	n, err := d.in.count()
	if err != nil || n == 0 {
		return v, err
	}
	zset.Prepare(d.heap, d.lim, &v, min(n, d.lim.ZSetMaxListpackEntries+1), 0)
	for range n {
		if err := d.zsetMember(k, &v); err != nil {
			zset.Free(d.heap, &v)
			return v, err
		}
	}
	return v, nil
}

func (d *decoder) zsetMember(k Kind, v *value.Value) error {
	member, err := d.in.string()
	if err != nil {
		return err
	}
	member = d.keep(member)
	var score float64
	if k == KindZSet {
		score, err = d.in.double()
	} else {
		score, err = d.in.textDouble()
	}
	if err != nil {
		return err
	}
	if _, outcome := zset.Add(d.heap, d.lim, v, score, member, zset.NX); outcome != zset.Added {
		return corrupt("sorted set member twice, or a score that is no number")
	}
	return nil
}

func (d *decoder) hash(k Kind) (o Object, err error) {
	o.Value.Type = value.Hash
	n, err := d.in.count()
	if err != nil {
		return o, err
	}
	if n == 0 {
		o.Gone = Empty
		return o, nil
	}
	if n > d.lim.HashMaxListpackEntries || k == KindHashExpiry {
		o.Value.Enc = value.HashTable
	} else {
		o.Value.Enc = value.ListPack
	}
	for range n {
		if err := d.hashField(k, &o.Value); err != nil {
			hash.Free(d.heap, &o.Value)
			return o, err
		}
	}
	if o.Value.Root == 0 {
		o.Gone = Expired
	}
	return o, nil
}

func (d *decoder) hashField(k Kind, v *value.Value) error {
	field, err := d.in.string()
	if err != nil {
		return err
	}
	field = d.keep(field)
	val, err := d.in.string()
	if err != nil {
		return err
	}
	expiry := hash.NoExpiry
	if k == KindHashExpiry {
		// val is a view of the input, which reading on would end.
		if len(field)+len(val) > 0 {
			d.field = append(d.field, val...)
			field, val = d.field[:len(field):len(field)], d.field[len(field):]
		}
		bits, err := d.in.uint64()
		if err != nil {
			return err
		}
		if expiry = int64(bits); expiry < hash.NoExpiry {
			return corrupt("field expiry %d", expiry)
		}
		if expiry != hash.NoExpiry && expiry < d.fieldsNow {
			return nil
		}
	}
	return d.addField(v, field, val, expiry)
}

func (d *decoder) addField(v *value.Value, field, val []byte, expiry int64) error {
	if hash.Set(d.heap, d.lim, v, field, val, expiry, false, hash.IgnoreExpiry) != hash.Inserted {
		return corrupt("hash field twice")
	}
	return nil
}

// packed reads a collection that is one block.
func (d *decoder) packed(k Kind) (v value.Value, err error) {
	block, err := d.in.string()
	if err != nil {
		return v, err
	}
	ok := false
	switch k {
	case KindSetIntset:
		v, ok = set.LoadIntSet(d.heap, d.lim, block)
	case KindSetPacked:
		v, ok = set.LoadListpack(d.heap, d.lim, block)
	case KindHashPacked:
		v, ok = hash.LoadListpack(d.heap, d.lim, block)
	case KindZSetPacked:
		v, ok = zset.LoadListpack(d.heap, d.lim, block)
	case KindListZiplist:
		b := list.NewBuilder(d.heap, d.lim)
		ok = eachInZiplist(block, func(s []byte) bool { b.Push(s); return true })
		v = b.Finish()
	case KindHashZiplist, KindHashZipmap:
		each := eachInZiplist
		if k == KindHashZipmap {
			each = eachInZipmap
		}
		v.Type, v.Enc = value.Hash, value.ListPack
		ok = pairs(block, each, func(field, val []byte) bool {
			return d.addField(&v, field, val, hash.NoExpiry) == nil
		})
	case KindZSetZiplist:
		v.Type, v.Enc = value.ZSet, value.ListPack
		ok = pairs(block, eachInZiplist, func(member, text []byte) bool {
			score, ok := parseScore(text)
			if !ok {
				return false
			}
			_, outcome := zset.Add(d.heap, d.lim, &v, score, member, zset.NX)
			return outcome == zset.Added
		})
	}
	if !ok {
		Free(d.heap, &v)
		return v, corrupt("%s", k)
	}
	return v, nil
}

// Free gives back the memory of a value that was read and is not kept.
func Free(heap *offheap.Heap, v *value.Value) {
	if v.Root == 0 {
		return
	}
	switch v.Type {
	case value.List:
		list.Free(heap, v)
	case value.Set:
		set.Free(heap, v)
	case value.ZSet:
		zset.Free(heap, v)
	case value.Hash:
		hash.Free(heap, v)
	case value.Stream:
		stream.Free(heap, v)
	}
}

// pairs hands the elements of a block on by twos. There must be an even number.
func pairs(block []byte, each func([]byte, func([]byte) bool) bool, visit func(a, b []byte) bool) bool {
	var first []byte
	half := false
	ok := each(block, func(s []byte) bool {
		if half = !half; half {
			first = append(first[:0], s...)
			return true
		}
		return visit(first, s)
	})
	return ok && !half
}

// parseScore reads a score that was written as text. It may be infinite.
func parseScore(text []byte) (float64, bool) {
	if len(text) > 330 {
		return 0, false // longer than any double in full
	}
	d, err := strconv.ParseFloat(string(text), 64)
	return d, err == nil && !math.IsNaN(d)
}
