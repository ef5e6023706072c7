// Package rebuild writes keys as the commands that make them again. An
// append-only file whose base is to be readable as text begins with them
// (aof-use-rdb-preamble no).
//
// A large collection becomes several commands of at most ItemsMax elements. A
// field of a hash with a time to live becomes a command of its own.
package rebuild

import (
	"math"
	"slices"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// ItemsMax is the number of elements of a collection that one command carries.
const ItemsMax = 64

// Encoder writes commands behind one another.
type Encoder struct {
	// Out is what is appended to.
	Out *[]byte
	// Between is called after each command, and between the pieces of a long
	// string. It may take away what is in Out.
	Between func()

	key   []byte // of the value being written
	items int    // left in the value
	room  int    // left in the command
}

// SelectDB makes the keys that follow belong to a database.
func (e *Encoder) SelectDB(db int) {
	e.begin(2, "SELECT")
	e.integer(int64(db))
}

// Function writes a library of functions.
func (e *Encoder) Function(code []byte) {
	e.begin(3, "FUNCTION")
	e.word("LOAD")
	e.bytes(code)
	e.Between()
}

// StringKey writes a string. expiry is in Unix milliseconds, negative for none.
func (e *Encoder) StringKey(key []byte, expiry int64, text []byte) {
	e.begin(3, "SET")
	e.bytes(key)
	e.long(text)
	e.expiry(key, expiry)
}

// ValueKey writes a key whose value is no string.
func (e *Encoder) ValueKey(key []byte, expiry int64, v *value.Value) {
	e.key = key
	switch v.Type {
	case value.List:
		e.items = list.Len(v)
		list.Range(v, 0, e.items, func(elem []byte) {
			e.item("RPUSH", 1)
			e.bytes(elem)
		})
	case value.Set:
		e.items = set.Len(v)
		for member := range set.All(v) {
			e.item("SADD", 1)
			e.bytes(member)
		}
	case value.ZSet:
		e.sortedSet(v)
	case value.Hash:
		e.hash(v)
	case value.Stream:
		e.stream(stream.Open(nil, v))
	}
	e.expiry(key, expiry)
}

func (e *Encoder) sortedSet(v *value.Value) {
	e.items = zset.Len(v)
	zset.Range(v, 0, e.items, false, func(member []byte, score float64) bool {
		e.item("ZADD", 2)
		var text [32]byte
		e.bytes(number.AppendDouble(text[:0], score))
		e.bytes(member)
		return true
	})
}

func (e *Encoder) hash(v *value.Value) {
	e.items = hash.Len(v) - hash.VolatileLen(v)
	for f := range hash.All(v, hash.IgnoreExpiry) {
		if f.Expiry >= 0 {
			continue
		}
		e.item("HMSET", 2)
		e.bytes(f.Field)
		e.bytes(f.Value)
	}
	for f := range hash.Volatile(v) {
		e.begin(8, "HSETEX")
		e.bytes(e.key)
		e.word("PXAT")
		e.integer(f.Expiry)
		e.word("FIELDS")
		e.integer(1)
		e.bytes(f.Field)
		e.bytes(f.Value)
		e.Between()
	}
}

func (e *Encoder) stream(s stream.Stream) {
	c := s.Counters()
	if c.Length == 0 {
		// An entry that is trimmed at once leaves an empty stream.
		e.begin(7, "XADD")
		e.bytes(e.key)
		for _, w := range []string{"MAXLEN", "0", "0-1", "x", "y"} {
			e.word(w)
		}
	}
	it := s.Range(stream.ID{}, stream.ID{Millis: math.MaxUint64, Seq: math.MaxUint64}, false)
	for it.Next() {
		n := it.Fields()
		e.begin(3+2*n, "XADD")
		e.bytes(e.key)
		e.id(it.ID())
		for range n {
			field, val := it.Pair()
			e.bytes(field)
			e.bytes(val)
		}
		e.Between()
	}
	// The entries do not tell what was deleted.
	e.begin(7, "XSETID")
	e.bytes(e.key)
	e.id(c.Last)
	e.word("ENTRIESADDED")
	e.integer(int64(c.Added))
	e.word("MAXDELETEDID")
	e.id(c.MaxDeleted)
	for g := range s.Groups() {
		e.group(g)
	}
}

func (e *Encoder) group(g stream.Group) {
	e.begin(7, "XGROUP")
	e.word("CREATE")
	e.bytes(e.key)
	e.bytes(g.Name())
	e.id(g.LastID())
	e.word("ENTRIESREAD")
	e.integer(g.EntriesRead())
	for c := range g.Consumers() {
		if c.PendingLen() == 0 {
			e.begin(5, "XGROUP")
			e.word("CREATECONSUMER")
			e.bytes(e.key)
			e.bytes(g.Name())
			e.bytes(c.Name())
			continue
		}
		for id := range c.PendingIDs() {
			e.claim(g.Name(), c.Name(), id, g.Pending(id))
		}
	}
}

// claim makes an entry one that a consumer has been given.
func (e *Encoder) claim(group, consumer []byte, id stream.ID, p *stream.Pending) {
	e.begin(12, "XCLAIM")
	e.bytes(e.key)
	e.bytes(group)
	e.bytes(consumer)
	e.word("0")
	e.id(id)
	e.word("TIME")
	e.integer(p.DeliveryMillis)
	e.word("RETRYCOUNT")
	e.integer(int64(p.Deliveries))
	e.word("JUSTID")
	e.word("FORCE")
	e.Between()
}

// item begins an element of width words, and a command if the last is full.
func (e *Encoder) item(command string, width int) {
	if e.room == 0 {
		e.Between()
		e.room = min(e.items, ItemsMax)
		e.begin(2+width*e.room, command)
		e.bytes(e.key)
	}
	e.room--
	e.items--
}

// expiry ends a key.
func (e *Encoder) expiry(key []byte, at int64) {
	if at >= 0 {
		e.begin(3, "PEXPIREAT")
		e.bytes(key)
		e.integer(at)
	}
	e.Between()
}

// begin writes the head of a command of so many words and the first of them.
func (e *Encoder) begin(words int, name string) {
	b := number.AppendInt(append(*e.Out, '*'), int64(words))
	*e.Out = append(b, "\r\n"...)
	e.word(name)
}

func (e *Encoder) bytes(b []byte) { *e.Out = resp.AppendBulk(*e.Out, b) }

// pieceBytes is how much of a long string is written at once.
const pieceBytes = 32 << 10

// long writes an argument of any length in pieces.
func (e *Encoder) long(b []byte) {
	if len(b) <= pieceBytes {
		e.bytes(b)
		return
	}
	*e.Out = append(number.AppendInt(append(*e.Out, '$'), int64(len(b))), "\r\n"...)
	for piece := range slices.Chunk(b, pieceBytes) {
		*e.Out = append(*e.Out, piece...)
		e.Between()
	}
	*e.Out = append(*e.Out, "\r\n"...)
}

func (e *Encoder) word(s string)   { *e.Out = resp.AppendBulk(*e.Out, []byte(s)) }
func (e *Encoder) integer(n int64) { *e.Out = resp.AppendBulkInt(*e.Out, n) }

func (e *Encoder) id(id stream.ID) {
	var text [48]byte
	b := number.AppendUint(text[:0], id.Millis)
	e.bytes(number.AppendUint(append(b, '-'), id.Seq))
}
