package keyspace

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// fixture is a small server's keyspace with one worker.
type fixture struct {
	pool  *offheap.Pool
	space *Space
	w     *Worker
	now   int64
}

func newFixture(t testing.TB, slot func([]byte) uint16) *fixture {
	t.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{pool: pool, now: 1_700_000_000_000}
	f.space = New(Options{Pool: pool, Databases: 4, Slot: slot, Seed: 42})
	f.w = f.space.NewWorker(nil)
	f.w.Enter()
	t.Cleanup(func() {
		f.w.Leave()
		f.w.Close()
		pool.Close()
	})
	return f
}

func (f *fixture) tx(db int) *Tx { return f.w.Begin(db, f.now) }

func (f *fixture) set(db int, key, val string, expiry int64) {
	tx := f.tx(db)
	e := tx.Write([]byte(key))
	tx.SetString(&e, []byte(key), []byte(val), expiry)
}

func (f *fixture) get(db int, key string) (string, bool) {
	e := f.tx(db).Find([]byte(key))
	if !e.Found() {
		return "", false
	}
	var text NumberText
	return string(e.String(&text)), true
}

// model is the plain map that the keyspace must agree with.
type model map[string]modelEntry

type modelEntry struct {
	val    string
	expiry int64
}

// operate runs one operation, chosen by b, on both and compares.
func operate(t *testing.T, f *fixture, m model, b [4]byte) {
	t.Helper()
	key := fmt.Sprintf("key:%d", int(b[1])|int(b[2]&3)<<8)
	if b[2]&0x80 != 0 {
		key += string(bytes.Repeat([]byte("x"), 250))
	}
	if e, ok := m[key]; ok && e.expiry >= 0 && e.expiry < f.now {
		delete(m, key)
	}
	tx := f.tx(0)
	old, exists := m[key]
	switch b[0] % 12 {
	case 0, 1, 2:
		val := string(bytes.Repeat([]byte{'a' + b[3]%26}, int(b[3])*int(b[2]%8)))
		f.set(0, key, val, -1)
		m[key] = modelEntry{val, -1}
	case 3:
		val := fmt.Sprint(int(b[3]) * 1234567)
		expiry := f.now + int64(b[3])*100 + 1
		f.set(0, key, val, expiry)
		m[key] = modelEntry{val, expiry}
	case 4, 5:
		e := tx.Write([]byte(key))
		if e.Found() != exists {
			t.Fatalf("%q: found %v, model %v", key, e.Found(), exists)
		}
		if exists {
			e.Remove([]byte(key), false)
			delete(m, key)
		}
	case 6:
		if e := tx.Write([]byte(key)); e.Found() {
			expiry := f.now + int64(b[3])*int64(b[3])*50 + 1
			e.SetExpiry([]byte(key), expiry)
			m[key] = modelEntry{old.val, expiry}
		}
	case 7:
		if e := tx.Write([]byte(key)); e.Found() {
			e.SetExpiry([]byte(key), -1)
			m[key] = modelEntry{old.val, -1}
		}
	case 8:
		n := len(old.val) + int(b[3])
		e := tx.Write([]byte(key))
		p := tx.EditString(&e, []byte(key), n, b[3]&1 == 0)
		for i := len(old.val); i < n; i++ {
			p[i] = 'z'
		}
		expiry := int64(-1)
		if exists {
			expiry = old.expiry
		}
		m[key] = modelEntry{old.val + string(bytes.Repeat([]byte("z"), int(b[3]))), expiry}
	case 9:
		to := "renamed:" + key
		delete(m, to)
		if exists {
			e := tx.Write([]byte(key))
			e.Rename([]byte(key), tx, []byte(to))
			m[to] = old
			delete(m, key)
		} else if e := tx.Write([]byte(to)); e.Found() {
			e.Remove([]byte(to), false)
		}
	case 10:
		f.now += int64(b[3]) * 40
		tx = f.tx(0)
		for i := range Shards {
			tx.advance(i, 1<<30)
		}
		maps.DeleteFunc(m, func(_ string, e modelEntry) bool { return e.expiry >= 0 && e.expiry < f.now-expiryTick })
	case 11:
		val, ok := f.get(0, key)
		if ok != exists || val != old.val {
			t.Fatalf("%q: got %.40q %v, model %.40q %v", key, val, ok, old.val, exists)
		}
	}
}

// verify compares everything.
func verify(t *testing.T, f *fixture, m model) {
	t.Helper()
	if err := f.w.Check(); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(m, func(_ string, e modelEntry) bool { return e.expiry >= 0 && e.expiry < f.now })
	for key, want := range m {
		e := f.tx(0).Peek([]byte(key))
		if !e.Found() {
			t.Fatalf("%q is missing", key)
		}
		var text NumberText
		if got := string(e.String(&text)); got != want.val || e.Expiry() != want.expiry {
			t.Fatalf("%q: got %.40q until %d, model %.40q until %d", key, got, e.Expiry(), want.val, want.expiry)
		}
	}
	tx := f.tx(0)
	live := 0
	for c, first := uint64(0), true; first || c != 0; first = false {
		c = tx.Scan(c, 10, func(e Entry) {
			if !e.Expired() {
				live++
			}
		})
	}
	if live != len(m) {
		t.Fatalf("scan met %d keys, model has %d", live, len(m))
	}
}

func FuzzKeyspace(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{40, 4000, 60000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		fx := newFixture(t, nil)
		m := model{}
		for len(program) >= 4 {
			operate(t, fx, m, [4]byte(program))
			program = program[4:]
		}
		verify(t, fx, m)
		fx.w.Flush(0, false)
		fx.w.heap.Sync()
		if used := fx.pool.Used(); used != 0 {
			t.Fatalf("%d bytes in use after the flush", used)
		}
	})
}

// TestTableGrowsAndShrinks fills one table far beyond a segment and empties it.
func TestTableGrowsAndShrinks(t *testing.T) {
	f := newFixture(t, func([]byte) uint16 { return 7 })
	const n = 20000
	for i := range n {
		f.set(0, fmt.Sprintf("k%d", i), "v", -1)
		if i%997 == 0 {
			if err := f.w.Check(); err != nil {
				t.Fatalf("after %d inserts: %v", i+1, err)
			}
		}
	}
	if got := f.space.TableLen(0, 7); got != n {
		t.Fatalf("table has %d keys", got)
	}
	for i := range n {
		key := []byte(fmt.Sprintf("k%d", i))
		e := f.tx(0).Write(key)
		if !e.Found() {
			t.Fatalf("%s is missing", key)
		}
		e.Remove(key, false)
		if i%997 == 0 {
			if err := f.w.Check(); err != nil {
				t.Fatalf("after %d removals: %v", i+1, err)
			}
		}
	}
	bytes, buckets, _ := f.space.TableBytes(0)
	if f.space.Len(0) != 0 || buckets != 0 {
		t.Fatalf("%d keys and %d buckets (%d bytes) left", f.space.Len(0), buckets, bytes)
	}
}

// TestScanGuarantee scans while the table grows and shrinks: keys that are
// there all the time are met.
func TestScanGuarantee(t *testing.T) {
	for seed := range uint64(20) {
		f := newFixture(t, nil)
		rng := rand.New(rand.NewPCG(seed, 0))
		const stable = 3000
		for i := range stable {
			f.set(0, fmt.Sprintf("stable:%d", i), "v", -1)
		}
		met := map[string]bool{}
		extra := 0
		grow := rng.IntN(2) == 0
		for c, first := uint64(0), true; first || c != 0; first = false {
			c = f.tx(0).Scan(c, 5, func(e Entry) { met[string(e.Key())] = true })
			for range rng.IntN(60) {
				key := fmt.Sprintf("extra:%d", extra)
				switch {
				case grow:
					f.set(0, key, "v", -1)
					extra++
				case extra > 0:
					extra--
					key = fmt.Sprintf("extra:%d", extra)
					e := f.tx(0).Write([]byte(key))
					e.Remove([]byte(key), false)
				}
			}
			if rng.IntN(200) == 0 {
				grow = !grow
			}
		}
		for i := range stable {
			if key := fmt.Sprintf("stable:%d", i); !met[key] {
				t.Fatalf("seed %d: %s was not met", seed, key)
			}
		}
	}
}

// TestStaleAppointmentsAreDropped renews expiries downwards for ever: the index
// stays in proportion to the keys.
func TestStaleAppointmentsAreDropped(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 200000 {
		f.set(0, "session", "v", f.now+1_000_000_000-int64(i)*1000)
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

func TestInlineAndBigStrings(t *testing.T) {
	f := newFixture(t, nil)
	for _, n := range []int{0, 1, 44, 45, 1000, InlineMax - 1, InlineMax, InlineMax + 1, 1 << 20} {
		val := string(bytes.Repeat([]byte("v"), n))
		f.set(0, "k", val, -1)
		if got, _ := f.get(0, "k"); got != val {
			t.Fatalf("length %d came back with length %d", n, len(got))
		}
		e := f.tx(0).Peek([]byte("k"))
		if big := e.Encoding() == value.Big; big != (n > InlineMax) {
			t.Fatalf("length %d: big %v", n, big)
		}
	}
}

// TestExclusiveStopsOthers runs counters in several workers that are only
// correct if exclusive mode excludes.
func TestExclusiveStopsOthers(t *testing.T) {
	f := newFixture(t, nil)
	const workers, rounds = 4, 2000
	done := make(chan struct{})
	counter := 0
	f.w.Leave()
	for range workers {
		w := f.space.NewWorker(nil)
		go func() {
			defer func() { w.Close(); done <- struct{}{} }()
			for i := range rounds {
				w.Enter()
				if i%3 == 0 {
					w.Exclusive(func() { counter++ })
				}
				w.Leave()
			}
		}()
	}
	for range workers {
		<-done
	}
	f.w.Enter()
	if want := workers * ((rounds + 2) / 3); counter != want {
		t.Fatalf("counter is %d, want %d", counter, want)
	}
}

func BenchmarkSetExisting(b *testing.B) {
	f := newFixture(b, nil)
	key, val := []byte("key:000000000001"), []byte("xxxxxxxxxxxxxxxx")
	b.ReportAllocs()
	for b.Loop() {
		tx := f.w.Begin(0, f.now)
		e := tx.Write(key)
		tx.SetString(&e, key, val, -1)
	}
}

func BenchmarkGet(b *testing.B) {
	f := newFixture(b, nil)
	f.set(0, "key:000000000001", "xxxxxxxxxxxxxxxx", -1)
	key := []byte("key:000000000001")
	var text NumberText
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		e := f.w.Begin(0, f.now).Find(key)
		n += len(e.String(&text))
	}
}

// BenchmarkFill inserts ten million keys and reports the memory per key.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		f := newFixture(b, nil)
		const n = 1_000_000
		for i := range n {
			f.set(0, fmt.Sprintf("%016d", i), "xxxxxxxxxxxxxxxx", -1)
		}
		f.w.heap.Sync()
		b.ReportMetric(float64(f.pool.Used())/n, "bytes/key")
		table, _, _ := f.space.TableBytes(0)
		b.ReportMetric(float64(table)/n, "table-bytes/key")
	}
}
