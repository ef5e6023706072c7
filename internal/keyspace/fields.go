package keyspace

import (
	"bytes"
	"math"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// A hash with fields that expire is a volatile key: its header says so, its
// shard counts it, and the expiry index has an appointment for it. All of that
// follows from the value whenever a changed hash is stored, so that commands
// need not think of it.
//
// An expired field stays in its hash until the expirer takes it out, or a
// command overwrites it. Lookups of fields do not see it; HLEN counts it.

const (
	// never is later than any expiry.
	never int64 = math.MaxInt64

	// expiredFieldsMax is how many fields one visit of the expirer takes out,
	// so that a shard is not locked for long. It is also what one HDEL that
	// propagates them names.
	expiredFieldsMax = 80
)

// FieldsNow returns the time that decides which fields of a hash the command
// sees; see package hash. It is IgnoreExpiry where expired keys are served too.
func (tx *Tx) FieldsNow() int64 {
	if tx.serveExpired() {
		return hash.IgnoreExpiry
	}
	return tx.now
}

// AddExpiredFields counts fields that a command took out or overwrote because
// their time had come.
func (tx *Tx) AddExpiredFields(n int) { tx.w.Stats.ExpiredFields += int64(n) }

// Volatile reports whether a found key is a hash with fields that expire.
func (e *Entry) Volatile() bool { return entHeader(e.ref())&entVolatile != 0 }

// VolatileKeys returns the number of hashes in database db that have fields
// which expire. Without exclusive mode the sum is of different moments.
func (s *Space) VolatileKeys(db int) (n int64) {
	for _, count := range &s.dbs[db].Load().volatile {
		n += count
	}
	return n
}

// firstExpiry returns when the first field of a hash expires.
func firstExpiry(v *value.Value) int64 {
	if at, ok := hash.NextExpiry(v); ok {
		return at
	}
	return never
}

// trackFields makes flag, counter and index follow the value of a hash that has
// been stored. The index has an appointment for fields that expire at known or
// later.
func (e *Entry) trackFields(v *value.Value, known int64) {
	r := e.ref()
	h := entHeader(r)
	first := firstExpiry(v)
	if volatile := first != never; volatile != (h&entVolatile != 0) {
		setEntHeader(r, h^entVolatile)
		count := &e.tx.db.volatile[e.loc.Shard()]
		if volatile {
			*count++
		} else {
			*count--
		}
	}
	if first < known {
		e.tx.appoint(e.loc, dueAfter(first))
	}
}

// dueAfter returns when the expirer should visit what has this expiry: it is
// there until its time is past.
func dueAfter(expiry int64) int64 {
	if expiry == never {
		return never
	}
	return expiry + 1
}

// entDue returns when the expirer should visit the entry: when its key expires
// or the first of its fields has. -1 is never.
func entDue(r offheap.Ref, h header) int64 {
	due := entExpiry(r, h)
	if due >= 0 {
		due = dueAfter(due)
	}
	if h&entVolatile == 0 {
		return due
	}
	v := entValue(r, h)
	if fields := dueAfter(firstExpiry(&v)); due < 0 || fields < due {
		return fields
	}
	return due
}

// expireFields takes at most limit expired fields out of a volatile hash, and
// removes the key if none is left. It returns how many fields there were.
func (tx *Tx) expireFields(e *Entry, limit int) int {
	tx.beforeChange(e)
	v := e.Value()
	var fields [][]byte
	n := hash.RemoveExpired(tx.w.heap, &v, tx.now, limit, func(field []byte) {
		fields = append(fields, bytes.Clone(field))
	})
	tx.w.Stats.ExpiredFields += int64(n)
	r := e.ref()
	h := entHeader(r)
	key := entKey(r, h) // a view, which ends with the block
	sink := tx.w.sink
	if sink != nil {
		sink.FieldsExpired(tx, key, fields, v.Root == 0)
	}
	if v.Root != 0 {
		setEntRoot(r, h, uint64(v.Root))
		// Whoever visits the hash makes the next appointment.
		e.trackFields(&v, math.MinInt64)
	} else {
		e.unlink()
		if sink != nil {
			sink.Removed(tx, key, ReasonEmptied)
		}
	}
	if sink != nil {
		sink.Modified(tx, key)
	}
	if v.Root == 0 {
		tx.w.heap.Free(r, offheap.PurposeEntry)
	}
	return n
}
