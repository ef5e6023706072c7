package keyspace

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

// recorder is a sink that writes down what it is told.
type recorder struct{ log []string }

func (r *recorder) Modified(tx *Tx, key []byte) {
	r.log = append(r.log, fmt.Sprintf("%d:modified:%s", tx.DB(), key))
}

func (r *recorder) Removed(tx *Tx, key []byte, why Reason) {
	r.log = append(r.log, fmt.Sprintf("%d:removed:%s:%d", tx.DB(), key, why))
}

func (r *recorder) Missed(tx *Tx, key []byte) {
	r.log = append(r.log, fmt.Sprintf("%d missed %s", tx.DB(), key))
}

func (r *recorder) Created(tx *Tx, key []byte) {
	r.log = append(r.log, fmt.Sprintf("%d created %s", tx.DB(), key))
}

func (r *recorder) FieldsExpired(tx *Tx, key []byte, fields [][]byte, _ bool) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	r.log = append(r.log, fmt.Sprintf("%d:expired:%s:%s", tx.DB(), key, strings.Join(names, ",")))
}

// fieldExpiries is a hash to be made: fields with their expiries.
type fieldExpiries map[string]int64

// putHash gives key a hash with these fields.
func (f *fixture) putHash(db int, key string, fields fieldExpiries) {
	tx := f.tx(db)
	e, _ := tx.Collection([]byte(key), value.Hash)
	v := e.Open(value.Hash, value.ListPack)
	for name, expiry := range fields {
		hash.Set(tx.Heap(), value.DefaultLimits(), &v, []byte(name), []byte("v"), expiry, false, f.now)
	}
	e.Store([]byte(key), v, 1)
}

func (f *fixture) advanceAll(t *testing.T, millis int64) {
	t.Helper()
	f.now += millis
	for db := range f.space.dbs {
		tx := f.tx(db)
		for i := range Shards {
			for tx.advance(i, 100) == 0 {
			}
		}
	}
	if err := f.w.Check(); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) hashLen(db int, key string) int {
	e := f.tx(db).Peek([]byte(key))
	if !e.Found() {
		return 0
	}
	v := e.Value()
	return hash.Len(&v)
}

// TestFieldsExpire watches the expirer take fields out, and the emptied hash.
func TestFieldsExpire(t *testing.T) {
	f := newFixture(t, nil)
	r := &recorder{}
	f.w.sink = r
	f.putHash(1, "h", fieldExpiries{"a": f.now + 1000, "b": f.now + 2000})
	r.log = nil
	f.advanceAll(t, 1000) // the field is there until its time is past
	if len(r.log) != 0 {
		t.Fatalf("too early: %v", r.log)
	}
	f.advanceAll(t, 100)
	f.advanceAll(t, 1000)
	want := []string{"1:expired:h:a", "1:modified:h", "1:expired:h:b", "1:removed:h:2", "1:modified:h"}
	if !slices.Equal(r.log, want) {
		t.Fatalf("got %v\nwant %v", r.log, want)
	}
	if got := f.w.Stats.ExpiredFields; got != 2 {
		t.Errorf("%d fields are counted as expired", got)
	}
	if used := f.space.VolatileKeys(1); used != 0 {
		t.Errorf("%d volatile keys are counted", used)
	}
}

// TestVolatileHashesMove renames, copies, moves and overwrites hashes: mark,
// counters and appointments follow.
func TestVolatileHashesMove(t *testing.T) {
	f := newFixture(t, nil)
	fields := fieldExpiries{"a": f.now + 1000, "b": hash.NoExpiry}
	for _, name := range []string{"renamed", "copied", "moved", "overwritten", "removed", "put", "persisted"} {
		f.putHash(0, name, fields)
	}
	find := func(name string) *Entry {
		e := f.tx(0).Write([]byte(name))
		return &e
	}
	find("renamed").Rename([]byte("renamed"), f.tx(0), []byte("target"))
	find("copied").Copy(f.tx(0), []byte("copy"))
	e := find("copied")
	e.Copy(e.tx.Other(3), []byte("copied"))
	e = find("moved")
	e.Rename([]byte("moved"), e.tx.Other(1), []byte("moved"))
	f.set(0, "overwritten", "string", -1)
	find("removed").Remove([]byte("removed"), false)
	e = find("put")
	v := e.Value()
	f.tx(2).Put([]byte("put"), hash.Copy(f.w.heap, &v), f.now+100_000, 1)
	e = find("persisted")
	v = e.Update()
	hash.Persist(f.w.heap, &v, []byte("a"), f.now)
	e.Commit([]byte("persisted"), v, 1)
	if err := f.w.Check(); err != nil {
		t.Fatal(err)
	}
	for db, want := range []int64{4, 1, 1, 1} { // target, copied, copy and put; moved; put; copied
		if got := f.space.VolatileKeys(db); got != want {
			t.Errorf("database %d has %d volatile keys, want %d", db, got, want)
		}
	}
	f.advanceAll(t, 1100)
	for _, at := range []struct {
		db  int
		key string
	}{{0, "target"}, {0, "copied"}, {0, "copy"}, {0, "put"}, {1, "moved"}, {2, "put"}, {3, "copied"}} {
		if n := f.hashLen(at.db, at.key); n != 1 {
			t.Errorf("%s in database %d has %d fields, want 1", at.key, at.db, n)
		}
	}
	if n := f.hashLen(0, "persisted"); n != 2 {
		t.Errorf("the hash whose field was persisted has %d fields, want 2", n)
	}
}

// TestKeyAndFieldsExpire has a hash whose key expires between its fields.
func TestKeyAndFieldsExpire(t *testing.T) {
	f := newFixture(t, func([]byte) uint16 { return 300 })
	r := &recorder{}
	f.w.sink = r
	f.putHash(0, "h", fieldExpiries{"a": f.now + 1000, "b": f.now + 3000})
	e := f.tx(0).Write([]byte("h"))
	e.SetExpiry([]byte("h"), f.now+2000)
	r.log = nil
	f.advanceAll(t, 1100)
	f.advanceAll(t, 1000)
	f.advanceAll(t, 1000)
	want := []string{"0:expired:h:a", "0:modified:h", "0:removed:h:0", "0:modified:h"}
	if !slices.Equal(r.log, want) {
		t.Fatalf("got %v\nwant %v", r.log, want)
	}
}

// TestManyFieldsExpireInSteps lets more fields expire than one visit takes out,
// in many hashes of one table.
func TestManyFieldsExpireInSteps(t *testing.T) {
	f := newFixture(t, func([]byte) uint16 { return 7 })
	r := &recorder{}
	f.w.sink = r
	for i := range 40 {
		fields := fieldExpiries{}
		for j := range 300 {
			fields[fmt.Sprintf("f%d", j)] = f.now + 500 + int64(j%3)*500
		}
		f.putHash(0, fmt.Sprintf("h%d", i), fields)
	}
	for range 16 {
		f.advanceAll(t, 100)
	}
	for _, line := range r.log {
		if names := strings.Count(line, ",") + 1; names > expiredFieldsMax {
			t.Fatalf("%d fields in one step", names)
		}
	}
	if f.space.Len(0) != 0 || f.w.Stats.ExpiredFields != 40*300 {
		t.Fatalf("%d keys are left, %d fields have expired", f.space.Len(0), f.w.Stats.ExpiredFields)
	}
}

// TestRenewedFieldsLeaveNoAppointments moves the expiry of a field down for
// ever: the index stays in proportion to the keys.
func TestRenewedFieldsLeaveNoAppointments(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 20000 {
		f.putHash(0, "session", fieldExpiries{"token": f.now + 1_000_000_000 - int64(i)*1000})
	}
	var entries int64
	for _, x := range f.space.dbs[0].Load().expiry {
		if x != nil {
			entries += x.entries
		}
	}
	if entries > 8192 {
		t.Fatalf("%d appointments for one key", entries)
	}
	if err := f.w.Check(); err != nil {
		t.Fatal(err)
	}
}
