package hashtable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeSet

func newHeap(tb testing.TB) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{ReserveBytes: 8 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	h := pool.NewHeap()
	tb.Cleanup(h.Close)
	return h
}

// model drives a table and a Go map alike.
type model struct {
	tb    testing.TB
	h     *offheap.Heap
	table Table
	want  map[string]uint64
}

func newModel(tb testing.TB, seed uint64) *model {
	m := &model{tb: tb, h: newHeap(tb), want: map[string]uint64{}}
	m.table.Init(m.h, why, seed)
	return m
}

func (m *model) find(key string) (uint64, Element) {
	hash := m.table.Hash([]byte(key))
	return hash, m.table.Find(hash, []byte(key))
}

func (m *model) put(key string, number uint64) {
	hash, e := m.find(key)
	if _, known := m.want[key]; known != (e != 0) {
		m.tb.Fatalf("find %q: %x, known %v", key, e, known)
	}
	m.want[key] = number
	switch {
	case e == 0 && number == 0:
		m.add(hash, key)
	case e == 0:
		m.table.Insert(m.h, why, hash, NewNumbered(m.h, why, number, []byte(key), 0))
	case e.Numbered() && number != 0:
		e.SetNumber(number)
	case number != 0:
		m.table.Replace(m.h, why, hash, e, NewNumbered(m.h, why, number, []byte(key), 0))
		e.Free(m.h, why)
	default:
		m.table.Remove(m.h, why, hash, e)
		e.Free(m.h, why)
		m.add(hash, key)
	}
}

// add adds an element without a number, whose payload is what payloadOf says.
func (m *model) add(hash uint64, key string) {
	payload := payloadOf(key)
	e := m.table.Add(m.h, why, hash, []byte(key), len(payload))
	if room := e.PayloadRoom(m.h.Pool()); room < len(payload) || e.InBucket() && room != len(payload) {
		m.tb.Fatalf("room for %d bytes, want %d", room, len(payload))
	}
	copy(e.Payload().Bytes(len(payload)), payload)
}

// payloadOf returns an element's payload: most are short, some too long for a bucket.
func payloadOf(key string) []byte {
	length := 0
	for _, c := range []byte(key) {
		length = (length*7 + int(c)) % 150
	}
	if length < 100 {
		length %= 10
	}
	return bytes.Repeat([]byte{byte(length + 1)}, length)
}

func (m *model) remove(key string) {
	hash, e := m.find(key)
	if _, known := m.want[key]; known != (e != 0) {
		m.tb.Fatalf("find %q: %x, known %v", key, e, known)
	}
	if e != 0 {
		m.table.Remove(m.h, why, hash, e)
		e.Free(m.h, why)
		delete(m.want, key)
	}
}

func (m *model) check() {
	m.tb.Helper()
	if err := m.table.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if m.table.Len() != len(m.want) {
		m.tb.Fatalf("%d elements, want %d", m.table.Len(), len(m.want))
	}
	for e := range m.table.All() {
		number, known := m.want[string(e.Key())]
		if !known || e.Numbered() != (number != 0) || number != 0 && e.Number() != number {
			m.tb.Fatalf("element %q: known %v, numbered %v, want %d", e.Key(), known, e.Numbered(), number)
		}
		if payload := payloadOf(string(e.Key())); !e.Numbered() && string(e.Payload().Bytes(len(payload))) != string(payload) {
			m.tb.Fatalf("payload of %q is not %x", e.Key(), payload)
		}
	}
	elements := m.table.ElementBytes(m.h.Pool(), 0)
	m.h.Sync()
	if used := m.h.Pool().UsedBy(why); used != int64(elements+m.table.Bytes(m.h.Pool())) {
		m.tb.Fatalf("pool counts %d bytes, the table %d + %d", used, elements, m.table.Bytes(m.h.Pool()))
	}
}

func (m *model) free(buckets int) {
	m.tb.Helper()
	for steps := 0; !m.table.FreeStep(m.h, why, buckets); steps++ {
		if steps > 1<<20 {
			m.tb.Fatal("freeing does not end")
		}
	}
	m.h.Sync()
	if used := m.h.Pool().UsedBy(why); used != 0 {
		m.tb.Fatalf("%d bytes left after freeing", used)
	}
}

// No operation may change more than one bucket, however large the table is, or
// move a block larger than a page of the directory.
func TestEachOperationCostsAtMostOneBucket(t *testing.T) {
	m := newModel(t, 8)
	step := func(i int, op func(key string)) {
		before := m.table.Buckets()
		op(fmt.Sprint(i))
		if after := m.table.Buckets(); after-before > 1 || before-after > 1 {
			t.Fatalf("operation %d: %d buckets became %d", i, before, after)
		}
		if size := m.h.Pool().SizeOf(m.table.root); size > segmentBuckets*bucketBytes {
			t.Fatalf("operation %d: a root of %d bytes", i, size)
		}
	}
	const total = 220_000
	for i := range total {
		step(i, func(key string) { m.put(key, 0) })
	}
	for i := range total {
		step(i, m.remove)
	}
}

// Growing and shrinking pass the forms of the directory up to pages (512 buckets)
// and the move of the window (65,536 buckets).
func TestGrowAndShrink(t *testing.T) {
	const total = 550_000
	m := newModel(t, 1)
	key := func(i int) string { return fmt.Sprintf("element:%d", i) }
	for i := range total {
		m.put(key(i), uint64(i%3))
		if i == 10 || i == 512*8 || i == 512*8+1 || i == 65536*8+1 {
			m.check()
		}
	}
	m.check()
	if got := m.table.Buckets(); got != (total+ElementsPerBucket-1)/ElementsPerBucket {
		t.Errorf("%d buckets for %d elements", got, total)
	}
	for i := range total {
		m.remove(key(i))
		if left := total - i; left == 196_700 || left == 98_000 || left == 1500 || left == 20 {
			m.check()
		}
	}
	m.check()
	if m.table.Buckets() != 1 {
		t.Errorf("%d buckets for no element", m.table.Buckets())
	}
	m.free(10)
}

func TestFreeStepIsBounded(t *testing.T) {
	for _, total := range []int{0, 1, 7, 400, 250_000} {
		m := newModel(t, 2)
		for i := range total {
			m.put(fmt.Sprint(i), 0)
		}
		before := m.table.Buckets()
		m.table.FreeStep(m.h, why, 5)
		if freed := before - m.table.Buckets(); freed > 5 {
			t.Errorf("a step of 5 buckets freed %d", freed)
		}
		m.free(100)
	}
}

func TestCopy(t *testing.T) {
	m := newModel(t, 3)
	for i := range 5000 {
		m.put(fmt.Sprint(i), uint64(i%2))
	}
	clone := &model{tb: t, h: m.h, want: m.want}
	pairs := 0
	own := 0
	for e := range m.table.All() {
		if !e.InBucket() {
			own++
		}
	}
	clone.table.Copy(m.h, why, &m.table, func(from, to Element) {
		pairs++
		if from == to || string(from.Key()) != string(to.Key()) || from.Numbered() != to.Numbered() {
			t.Fatalf("%q copied as %q", from.Key(), to.Key())
		}
	})
	for !m.table.FreeStep(m.h, why, 1000) {
	}
	clone.check()
	if pairs != own || own < 2500 || own == 5000 {
		t.Errorf("%d pairs, %d elements with blocks of their own", pairs, own)
	}
	clone.free(1000)
}

// What is in the table during a whole scan is seen, while other elements come
// and go in waves that grow and shrink the table many times over.
func TestScanSeesWhatStays(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for round := range 30 {
		m := newModel(t, uint64(round))
		stay := map[string]bool{}
		for i := range rng.IntN(300) {
			stay[fmt.Sprint("stay", i)] = true
			m.put(fmt.Sprint("stay", i), 0)
		}
		guests, grow := 0, true
		seen := map[string]bool{}
		cursor := uint64(0)
		for calls := 0; ; calls++ {
			if calls > 1<<20 {
				t.Fatal("the scan does not end")
			}
			cursor = m.table.Scan(cursor, func(e Element) { seen[string(e.Key())] = true })
			if cursor == 0 {
				break
			}
			for range rng.IntN(200) {
				if rng.IntN(100) == 0 {
					grow = !grow
				}
				if grow {
					m.put(fmt.Sprint("guest", guests), 0)
					guests++
				} else if guests > 0 {
					guests--
					m.remove(fmt.Sprint("guest", guests))
				}
			}
		}
		m.check()
		for key := range stay {
			if !seen[key] {
				t.Fatalf("round %d: %q was not seen", round, key)
			}
		}
	}
}

func TestScanWithoutChangesSeesEachOnce(t *testing.T) {
	for _, total := range []int{0, 1, 50, 6 * 64, 1000, 5000} {
		m := newModel(t, 5)
		for i := range total {
			m.put(fmt.Sprint(i), 0)
		}
		seen := map[string]int{}
		cursor := uint64(0)
		for {
			if cursor = m.table.Scan(cursor, func(e Element) { seen[string(e.Key())]++ }); cursor == 0 {
				break
			}
		}
		if len(seen) != total {
			t.Errorf("%d of %d elements seen", len(seen), total)
		}
		for key, n := range seen {
			if n != 1 {
				t.Errorf("%d: %q seen %d times", total, key, n)
			}
		}
	}
}

func TestRandomIsUniform(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, total := range []int{1, 7, 100, 1000} {
		m := newModel(t, 6)
		if m.table.Random(rng) != 0 {
			t.Fatal("an empty table has a random element")
		}
		for i := range total {
			m.put(fmt.Sprint(i), 0)
		}
		const each = 200
		counts := map[string]int{}
		for range total * each {
			counts[string(m.table.Random(rng).Key())]++
		}
		chi := 0.0
		for i := range total {
			d := float64(counts[fmt.Sprint(i)]) - each
			chi += d * d / each
		}
		if limit := float64(total) + 6*math.Sqrt(2*float64(total)); chi > limit {
			t.Errorf("%d elements: chi-square %.0f, at most %.0f", total, chi, limit)
		}
	}
}

func TestElementForms(t *testing.T) {
	h := newHeap(t)
	for _, size := range []int{0, 1, 127, 128, 16383, 16384, 3 << 20} {
		key := make([]byte, size)
		for i := range key {
			key[i] = byte(i * 7)
		}
		plain, numbered := New(h, why, key, 3), NewNumbered(h, why, 1<<63|5, key, 3)
		copied := numbered.Copy(h, why)
		if string(plain.Key()) != string(key) || string(copied.Key()) != string(key) {
			t.Errorf("size %d: key changed", size)
		}
		if plain.Numbered() || !copied.Numbered() || copied.Number() != 1<<63|5 {
			t.Errorf("size %d: number %v %v", size, plain.Numbered(), copied.Numbered())
		}
		for _, e := range []Element{plain, numbered} {
			if room := int(e.Payload()-e.Block()) + e.PayloadRoom(h.Pool()); e.InBucket() || room != h.Pool().SizeOf(e.Block()) {
				t.Errorf("size %d: %d bytes of a block of %d", size, room, h.Pool().SizeOf(e.Block()))
			}
		}
		plain.Free(h, why)
		numbered.Free(h, why)
		copied.Free(h, why)
	}
}

// FuzzTable runs operations of three bytes: what, and a key of 16 bits.
func FuzzTable(f *testing.F) {
	f.Add(uint64(0), []byte("\x00aa\x00ab\x01aa\x02aa"))
	rng := rand.New(rand.NewPCG(7, 7))
	for _, size := range []int{200, 3000, 9000} {
		ops := make([]byte, size)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		f.Add(rng.Uint64(), ops)
	}
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte) {
		m := newModel(t, seed)
		shrinking := false
		for step := 0; len(ops) >= 3; step++ {
			key := string(ops[1:3])
			switch op := ops[0]; {
			case op == 255:
				shrinking = !shrinking
			case op%4 == 0, shrinking && op%4 < 3:
				m.remove(key)
			case op%4 == 1:
				m.put(key, uint64(op))
			default:
				m.put(key, 0)
			}
			ops = ops[3:]
			if step%64 == 0 {
				m.check()
			}
		}
		m.check()
		m.free(3)
	})
}

func BenchmarkFind(b *testing.B) {
	for _, total := range []int{1000, 1_000_000, 5_000_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h := newHeap(b)
			var table Table
			fillTable(h, &table, total)
			rng := rand.New(rand.NewPCG(1, 1))
			var key [16]byte
			for b.Loop() {
				putKey(&key, rng.IntN(total))
				if table.Find(table.Hash(key[:]), key[:]) == 0 {
					b.Fatal("not found")
				}
			}
			b.ReportMetric(float64(table.Bytes(h.Pool())+table.ElementBytes(h.Pool(), 0))/float64(total), "bytes/elem")
		})
	}
}

func BenchmarkInsert(b *testing.B) {
	h := newHeap(b)
	var table Table
	table.Init(h, why, 1)
	var key [16]byte
	i := 0
	for b.Loop() {
		putKey(&key, i)
		table.Add(h, why, table.Hash(key[:]), key[:], 0)
		i++
	}
}

func BenchmarkRandom(b *testing.B) {
	h := newHeap(b)
	var table Table
	fillTable(h, &table, 1_000_000)
	rng := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		table.Random(rng)
	}
}

func BenchmarkFreeStep(b *testing.B) {
	h := newHeap(b)
	var table Table
	fillTable(h, &table, 100)
	for b.Loop() {
		if table.FreeStep(h, why, 1) {
			b.StopTimer()
			fillTable(h, &table, 500_000)
			b.StartTimer()
		}
	}
}

func fillTable(h *offheap.Heap, table *Table, total int) {
	table.Init(h, why, 1)
	var key [16]byte
	for i := range total {
		putKey(&key, i)
		table.Add(h, why, table.Hash(key[:]), key[:], 0)
	}
}

func putKey(key *[16]byte, i int) {
	copy(key[:], "element:")
	binary.BigEndian.PutUint64(key[8:], uint64(i))
}

// TestPrefetch compares the way to a bucket that needs no lock with the other one,
// for directories of two and three levels, and takes all steps while the table grows,
// shrinks and is freed: none may fault.
func TestPrefetch(t *testing.T) {
	h := newHeap(t)
	pool := h.Pool()
	var table Table
	table.Init(h, why, 1)
	var key [16]byte
	rng := rand.New(rand.NewPCG(1, 1))
	probe := func() {
		putKey(&key, rng.IntN(1<<22))
		hash := table.Hash(key[:])
		if table.OutgrowsCache() {
			if got, want := table.word(pool, hash).Ptr(), unsafe.Pointer(table.bucket(table.index(hash))); got != want {
				t.Fatalf("bucket %d of %d at %p, want %p", table.index(hash), table.buckets, got, want)
			}
		}
		table.PrefetchBucket(pool, hash)
		table.PrefetchBlock(pool, hash)
		Prefetch(pool, []Lookup{{&table, hash}, {&table, ^hash}})
	}
	const total = (pageBuckets + 3*segmentBuckets) * ElementsPerBucket
	for i := range total {
		putKey(&key, i)
		if i%5 == 0 {
			table.Insert(h, why, table.Hash(key[:]), NewNumbered(h, why, 1, key[:], 0))
		} else {
			table.Add(h, why, table.Hash(key[:]), key[:], 0)
		}
		if i%100 == 0 {
			probe()
		}
	}
	for !table.FreeStep(h, why, 1000) {
		probe()
	}
	probe()
}
