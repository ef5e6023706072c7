package debugcmd

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// find looks the key of DEBUG OBJECT and the like up; if there is none, it
// answers so.
func find(c *command.Ctx, key []byte) (e keyspace.Entry, ok bool) {
	e = c.Tx.Inspect(key)
	if !e.Found() {
		c.Out.Error(command.NoSuchKey)
		return e, false
	}
	return e, true
}

// object describes how a key is stored.
func (h *handler) object(c *command.Ctx) {
	e, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	fast := len(c.Args) == 4 && command.Is(c.Args[3], "fast")
	text := fmt.Appendf(nil, "Value at:%#x refcount:1 encoding:%s", uintptr(e.Block()), e.EncodingName())
	if !fast {
		text = fmt.Appendf(text, " serializedlength:%d", serializedBytes(&e))
	}
	if clock := e.AccessClock(); h.LFU() {
		text = fmt.Appendf(text, " lfu_freq:%d lfu_access_time_minutes:%d", e.Frequency(), clock>>8)
	} else {
		text = fmt.Appendf(text, " lru:%d lru_seconds_idle:%d", clock, e.IdleMillis()/1000)
	}
	if e.Type() == value.List && e.Encoding() == value.QuickList {
		text = appendListShape(text, e.Value(), fast)
	}
	c.Out.SimpleString(string(text))
}

func appendListShape(text []byte, v value.Value, fast bool) []byte {
	l := quicklist.Open(nil, v.Root)
	compressed := 0
	if l.Depth() != 0 {
		compressed = 1
	}
	text = fmt.Appendf(text, " ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d",
		l.Nodes(), float64(l.Len())/float64(l.Nodes()), l.Fill(), compressed)
	if !fast {
		size := 0
		for i := range l.Nodes() {
			size += l.Node(i).Size
		}
		text = fmt.Appendf(text, " ql_uncompressed_size:%d", size)
	}
	return text
}

// serializedBytes is about how many bytes the value is without what its
// encoding adds.
func serializedBytes(e *keyspace.Entry) (n int) {
	if e.Type() == value.String {
		return e.StringLen() + 1
	}
	v := e.Value()
	switch v.Type {
	case value.List:
		list.Range(&v, 0, list.Len(&v), func(elem []byte) { n += len(elem) + 1 })
	case value.Set:
		for member := range set.All(&v) {
			n += len(member) + 1
		}
	case value.ZSet:
		zset.Range(&v, 0, zset.Len(&v), false, func(member []byte, _ float64) bool {
			n += len(member) + 9
			return true
		})
	case value.Hash:
		for field := range hash.All(&v, e.Now()) {
			n += len(field.Field) + len(field.Value) + 2
		}
	case value.Stream:
		for _, lp := range stream.Open(nil, &v).Nodes() {
			n += lp.Size()
		}
	}
	return n + 1
}

// stringSizes answers with the sizes of a key and its string.
func stringSizes(c *command.Ctx) {
	e, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	if e.Type() != value.String || e.Encoding() == value.Int {
		c.Out.Error("ERR Not an sds encoded string.")
		return
	}
	pool := c.Tx.Heap().Pool()
	block := pool.SizeOf(e.Block())
	valueBytes, valueFree := 0, 0
	if r := e.BigString(); r != 0 {
		valueBytes = pool.SizeOf(r)
		header := uintptr(unsafe.Pointer(unsafe.SliceData(str.Bytes(r)))) - uintptr(r)
		valueFree = valueBytes - int(header) - e.StringLen()
	}
	c.Out.SimpleString(fmt.Sprintf("key_sds_len:%d key_sds_avail:0 obj_alloc:%d val_sds_len:%d val_sds_avail:%d val_alloc:%d",
		len(e.Key()), block, e.StringLen(), valueFree, valueBytes))
}

// listpack writes the elements of a small collection to the log.
func (h *handler) listpack(c *command.Ctx) {
	e, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	if e.Type() == value.String || e.Encoding() != value.ListPack {
		c.Out.Error("ERR Not a listpack encoded object.")
		return
	}
	h.logListpack(listpack.At(e.Value().Root))
	c.Out.SimpleString("Listpack structure printed on stdout")
}

func (h *handler) logListpack(lp listpack.View) {
	h.Log.Noticef("listpack of %d elements, %d bytes", lp.Len(), lp.Size())
	var scratch listpack.Scratch
	for p, i := lp.First(), 0; p != 0; p, i = lp.Next(p), i+1 {
		h.Log.Noticef("%4d at %d: %q", i, p, lp.Bytes(p, &scratch))
	}
}

// quicklist writes the nodes of a long list to the log, with their elements if
// asked for.
func (h *handler) quicklist(c *command.Ctx) {
	e, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	if e.Type() != value.List || e.Encoding() != value.QuickList {
		c.Out.Error("ERR Not a quicklist encoded object.")
		return
	}
	full := len(c.Args) == 4 && leadingInt(c.Args[3]) != 0
	l := quicklist.Open(nil, e.Value().Root)
	h.Log.Noticef("quicklist of %d elements, %d nodes, fill %d, depth %d", l.Len(), l.Nodes(), l.Fill(), l.Depth())
	for i := range l.Nodes() {
		n := l.Node(i)
		h.Log.Noticef("node %d: %d elements, %d bytes, plain %v, compressed %v", i, n.Count, n.Size, n.Plain, n.Compressed)
		switch {
		case !full || n.Compressed:
		case n.Plain:
			h.Log.Noticef("%q", n.Data)
		default:
			h.logListpack(listpack.View(n.Data))
		}
	}
	c.Out.SimpleString("Quicklist structure printed on stdout")
}

// structSize answers with the sizes that Valkey's fields stand for.
func structSize(c *command.Ctx) {
	const object, entry = 16, 24
	c.Out.BulkString(fmt.Sprintf("bits:%d robj:%d dictentry:%d sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 ",
		8*unsafe.Sizeof(uintptr(0)), object, entry))
}

// tableStats describes the tables of a database.
func tableStats(c *command.Ctx) {
	db, ok := c.IntArg(2)
	if !ok {
		return
	}
	space := c.Tx.Worker().Space()
	if db < 0 || db >= int64(space.Databases()) {
		c.Out.Error("ERR Out of range database")
		return
	}
	var b bytes.Buffer
	size, buckets, extensions := space.TableBytes(int(db))
	b.WriteString("[Dictionary HT]\n")
	writeTableStats(&b, "main hash table", space.Len(int(db)), buckets, extensions)
	expires, _ := space.Expires(int(db))
	b.WriteString("[Expires HT]\n")
	fmt.Fprintf(&b, " number of entries: %d\n bytes of tables and index: %d\n", expires, size)
	c.Out.Verbatim("txt", b.Bytes())
}

func writeTableStats(b *bytes.Buffer, title string, entries, buckets, extensions int64) {
	if entries == 0 {
		b.WriteString("No stats available for empty dictionaries\n")
		return
	}
	fmt.Fprintf(b, "Hash table 0 stats (%s):\n table size: %d\n number of entries: %d\n", title, buckets, entries)
	fmt.Fprintf(b, " top-level buckets: %d\n child buckets: %d\n rehashing index: -1\n", buckets, extensions)
}

// valueTableStats describes the table of a large collection.
func valueTableStats(c *command.Ctx) {
	e, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	if t := e.Type(); t == value.String || e.Encoding() != value.HashTable && e.Encoding() != value.SkipList {
		c.Out.Error("ERR The value stored at the specified key is not represented using an hash table")
		return
	}
	v := e.Value()
	var b bytes.Buffer
	switch v.Type {
	case value.Set:
		writeCollectionStats(&b, int64(set.Len(&v)), set.Memory(c.Tx.Heap(), &v, memorySamples))
	case value.ZSet:
		writeCollectionStats(&b, int64(zset.Len(&v)), zset.Memory(c.Tx.Heap(), &v, memorySamples))
	case value.Hash:
		writeCollectionStats(&b, int64(hash.Len(&v)), hash.Memory(c.Tx.Heap(), &v, memorySamples))
	}
	c.Out.Verbatim("txt", b.Bytes())
}

const memorySamples = 5

func writeCollectionStats(b *bytes.Buffer, entries int64, size int) {
	fmt.Fprintf(b, "Hash table 0 stats (main hash table):\n number of entries: %d\n bytes: %d\n rehashing index: -1\n", entries, size)
}
