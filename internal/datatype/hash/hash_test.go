package hash

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func newHeap(tb testing.TB) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{ReserveBytes: 4 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	h := pool.NewHeap()
	tb.Cleanup(h.Close)
	return h
}

// checkMemory returns an error if the hashes are not all that their purpose has
// allocated from the pool.
func checkMemory(h *offheap.Heap, hashes ...*value.Value) error {
	h.Sync()
	total := 0
	for _, v := range hashes {
		total += Memory(h, v, 0)
	}
	if used := h.Pool().UsedBy(why); used != int64(total) {
		return fmt.Errorf("the pool counts %d bytes, the hashes %d", used, total)
	}
	return nil
}

func put(h *offheap.Heap, v *value.Value, field, val string, expiry int64) Outcome {
	return Set(h, value.DefaultLimits(), v, []byte(field), []byte(val), expiry, false, 0)
}

func get(v *value.Value, field string, now int64) (string, int64, bool) {
	var scratch Scratch
	entry, ok := Get(v, []byte(field), now, &scratch)
	return string(entry.Value), entry.Expiry, ok
}

func fill(h *offheap.Heap, n int, expiry func(i int) int64) value.Value {
	v := value.Value{Type: value.Hash}
	for i := range n {
		put(h, &v, fmt.Sprint("f", i), fmt.Sprint("value", i), expiry(i))
	}
	return v
}

func never(int) int64 { return NoExpiry }

func TestEncodings(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name string
		do   func(h *offheap.Heap, v *value.Value)
		want value.Encoding
	}{
		{"512 fields", func(h *offheap.Heap, v *value.Value) { *v = fill(h, 512, never) }, value.ListPack},
		{"513 fields", func(h *offheap.Heap, v *value.Value) { *v = fill(h, 513, never) }, value.HashTable},
		{"a long field", func(h *offheap.Heap, v *value.Value) { put(h, v, long, "a", NoExpiry) }, value.HashTable},
		{"a long value", func(h *offheap.Heap, v *value.Value) { put(h, v, "a", long, NoExpiry) }, value.HashTable},
		{"64 bytes", func(h *offheap.Heap, v *value.Value) { put(h, v, long[1:], long[1:], NoExpiry) }, value.ListPack},
		{"an expiry", func(h *offheap.Heap, v *value.Value) { put(h, v, "a", "b", 5) }, value.HashTable},
		{"an expiry set later", func(h *offheap.Heap, v *value.Value) {
			put(h, v, "a", "b", NoExpiry)
			SetExpiry(h, v, []byte("a"), 5, 0, false, 0)
			Persist(h, v, []byte("a"), 0)
		}, value.HashTable},
		{"an expiry for a field that is not there", func(h *offheap.Heap, v *value.Value) {
			put(h, v, "a", "b", NoExpiry)
			SetExpiry(h, v, []byte("x"), 5, 0, false, 0)
		}, value.ListPack},
		{"prepared for a long value", func(h *offheap.Heap, v *value.Value) {
			Prepare(h, value.DefaultLimits(), v, [][]byte{[]byte("a"), []byte(long)})
			put(h, v, "a", "b", NoExpiry)
		}, value.HashTable},
		{"prepared later for 513 fields", func(h *offheap.Heap, v *value.Value) {
			put(h, v, "a", "b", NoExpiry)
			Prepare(h, value.DefaultLimits(), v, make([][]byte, 1026))
		}, value.HashTable},
		{"prepared for 512 fields", func(h *offheap.Heap, v *value.Value) {
			Prepare(h, value.DefaultLimits(), v, make([][]byte, 1024))
			put(h, v, "a", "b", NoExpiry)
		}, value.ListPack},
	} {
		h, v := newHeap(t), value.Value{Type: value.Hash}
		c.do(h, &v)
		if v.Enc != c.want {
			t.Errorf("%s: encoding %d, want %d", c.name, v.Enc, c.want)
		}
		if err := Check(&v); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestValuesOfEverySize(t *testing.T) {
	h := newHeap(t)
	v := fill(h, 600, never)
	sizes := []int{0, 1, 7, 127, 128, 300, 16383, 16384, 1 << 21, 5, 16384, 0}
	for _, expiry := range []int64{NoExpiry, 1000} {
		for i, size := range sizes {
			val := strings.Repeat(strconv.Itoa(i%10), size)
			put(h, &v, "f7", val, expiry)
			if got, e, ok := get(&v, "f7", 0); !ok || got != val || e != expiry {
				t.Fatalf("size %d: %d bytes, expiry %d, %v", size, len(got), e, ok)
			}
		}
		if err := Check(&v); err != nil {
			t.Fatal(err)
		}
	}
	if whole := Memory(h, &v, 0); whole > 64<<10 {
		t.Errorf("a value that was large once leaves %d bytes", whole)
	}
	if err := checkMemory(h, &v); err != nil {
		t.Error(err)
	}
}

func TestExpiryConditions(t *testing.T) {
	for _, c := range []struct {
		current, expiry int64
		when            Condition
		past            bool
		want            ExpiryOutcome
	}{
		{NoExpiry, 50, 0, false, Changed},
		{NoExpiry, 50, OnlyNone, false, Changed},
		{NoExpiry, 50, OnlySome, false, Unmet},
		{NoExpiry, 50, OnlyLater, false, Unmet},
		{NoExpiry, 50, OnlyEarlier, false, Changed},
		{NoExpiry, 1, 0, true, Deleted},
		{NoExpiry, 1, OnlySome, true, Unmet},
		{40, 50, OnlyNone, false, Unmet},
		{40, 50, OnlySome, false, Changed},
		{40, 50, OnlyLater, false, Changed},
		{40, 40, OnlyLater, false, Unmet},
		{40, 50, OnlyEarlier, false, Unmet},
		{40, 40, OnlyEarlier, false, Unmet},
		{40, 30, OnlyEarlier, false, Changed},
		{40, 30, OnlyEarlier | OnlySome, true, Deleted},
	} {
		h, v := newHeap(t), value.Value{Type: value.Hash}
		put(h, &v, "other", "x", NoExpiry)
		put(h, &v, "a", "b", c.current)
		if got := SetExpiry(h, &v, []byte("a"), c.expiry, c.when, c.past, 10); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
		_, e, ok := get(&v, "a", 10)
		want := c.current
		if c.want == Changed {
			want = c.expiry
		}
		if ok != (c.want != Deleted) || ok && e != want {
			t.Errorf("%+v: then %d %v", c, e, ok)
		}
		if err := Check(&v); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	h := newHeap(t)
	v := value.Value{Type: value.Hash}
	put(h, &v, "never", "1", NoExpiry)
	put(h, &v, "b", "2", 20)
	put(h, &v, "a", "3", 10)
	put(h, &v, "c", "4", 30)
	if next, ok := NextExpiry(&v); !ok || next != 10 || VolatileLen(&v) != 3 {
		t.Errorf("next %d %v of %d", next, ok, VolatileLen(&v))
	}
	// A field lives through the millisecond of its expiry.
	for _, c := range []struct {
		now  int64
		want string
	}{{10, "a b c never"}, {11, "b c never"}, {31, "never"}, {IgnoreExpiry, "a b c never"}} {
		var fields []string
		for entry := range All(&v, c.now) {
			fields = append(fields, string(entry.Field))
		}
		slices.Sort(fields)
		if got := strings.Join(fields, " "); got != c.want {
			t.Errorf("at %d: %s, want %s", c.now, got, c.want)
		}
	}
	if _, _, ok := get(&v, "a", 11); ok || Delete(h, &v, []byte("a"), 11) || Len(&v) != 4 {
		t.Error("an expired field is found or deleted")
	}
	if SetExpiry(h, &v, []byte("a"), 99, 0, false, 11) != NoField || Persist(h, &v, []byte("a"), 11) != NoField {
		t.Error("an expired field gets a new expiry")
	}
	if Persist(h, &v, []byte("never"), 11) != NotVolatile || Persist(h, &v, []byte("c"), 11) != Changed {
		t.Error("persist")
	}
	if got := Set(h, value.DefaultLimits(), &v, []byte("b"), []byte("5"), NoExpiry, true, 20); got != Updated {
		t.Errorf("set: %d", got)
	}
	if _, e, _ := get(&v, "b", 20); e != 20 {
		t.Errorf("kept expiry %d", e)
	}
	if got := Set(h, value.DefaultLimits(), &v, []byte("a"), []byte("6"), NoExpiry, true, 20); got != Revived {
		t.Errorf("set of an expired field: %d", got)
	}
	if _, e, ok := get(&v, "a", 20); !ok || e != NoExpiry {
		t.Errorf("an expired expiry was kept: %d", e)
	}
	if err := Check(&v); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveExpired(t *testing.T) {
	h := newHeap(t)
	v := fill(h, 1000, func(i int) int64 { return int64(1000 - i) })
	if n := ExpiredLen(&v, 501); n != 500 {
		t.Errorf("%d expired", n)
	}
	var removed []string
	visit := func(field []byte) { removed = append(removed, string(field)) }
	if n := RemoveExpired(h, &v, 501, 2, visit); n != 2 || !slices.Equal(removed, []string{"f999", "f998"}) {
		t.Errorf("%d removed: %q", n, removed)
	}
	if n := RemoveExpired(h, &v, 501, 10_000, visit); n != 498 || Len(&v) != 500 {
		t.Errorf("%d removed, %d left", n, Len(&v))
	}
	last := int64(0)
	for entry := range Volatile(&v) {
		if entry.Expiry < last {
			t.Fatalf("%d after %d", entry.Expiry, last)
		}
		last = entry.Expiry
	}
	if err := Check(&v); err != nil {
		t.Fatal(err)
	}
	if RemoveExpired(h, &v, math.MaxInt64, 10_000, visit); v.Root != 0 || len(removed) != 1000 {
		t.Errorf("root %x after %d removals", v.Root, len(removed))
	}
	if err := checkMemory(h); err != nil {
		t.Error(err)
	}
}

func TestRandomForms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, v := range map[string]func(h *offheap.Heap) value.Value{
		"listpack": func(h *offheap.Heap) value.Value { return fill(h, 60, never) },
		"table":    func(h *offheap.Heap) value.Value { return fill(h, 600, never) },
		"a third expired": func(h *offheap.Heap) value.Value {
			return fill(h, 300, func(i int) int64 { return int64(i%3) * 100 })
		},
		"most expired": func(h *offheap.Heap) value.Value {
			return fill(h, 300, func(i int) int64 { return int64(i%10) * 6 })
		},
	} {
		h := newHeap(t)
		v := v(h)
		const now = 50
		live := Len(&v) - ExpiredLen(&v, now)
		for _, count := range []int{1, live / 8, live / 2, live, live + 5} {
			drawn := map[string]int{}
			rounds := 100*live/min(count, live) + 1
			for range rounds {
				calls := 0
				RandomDistinct(&v, rng, count, now, func(entry Entry) {
					if string(entry.Field[1:]) != string(entry.Value[5:]) || entry.Expiry != NoExpiry && entry.Expiry < now {
						t.Fatalf("%s: %q with %q until %d", name, entry.Field, entry.Value, entry.Expiry)
					}
					drawn[string(entry.Field)]++
					calls++
				})
				if calls != min(count, live) {
					t.Fatalf("%s: %d of %d", name, calls, count)
				}
			}
			mean := float64(rounds*min(count, live)) / float64(live)
			for field, c := range drawn {
				if math.Abs(float64(c)-mean) > 6*math.Sqrt(mean) {
					t.Errorf("%s: %q drawn %d times, mean %.1f", name, field, c, mean)
				}
			}
			if len(drawn) != live {
				t.Errorf("%s: %d of %d ever drawn", name, len(drawn), live)
			}
		}
		total := 0
		Random(&v, rng, 2500, now, func(Entry) bool { total++; return total < 2000 })
		if total != 2000 {
			t.Errorf("%s: %d draws", name, total)
		}
	}
	h := newHeap(t)
	v := fill(h, 100, func(int) int64 { return 1 })
	Random(&v, rng, 5, 50, func(Entry) bool { t.Error("an expired field is drawn"); return true })
}

func TestPacked(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := fill(h, 9, never)
	block, ok := Packed(&v)
	if !ok {
		t.Fatal("a small hash is not packed")
	}
	loaded, ok := LoadListpack(h, lim, slices.Clone(block))
	if !ok || Check(&loaded) != nil || Len(&loaded) != Len(&v) {
		t.Errorf("loaded %v with %d entries, %v", ok, Len(&loaded), Check(&loaded))
	}
	less := *lim
	less.HashMaxListpackEntries = 2
	loaded, ok = LoadListpack(h, &less, block)
	if _, packed := Packed(&loaded); !ok || packed || Len(&loaded) != Len(&v) {
		t.Errorf("limits are not applied: %v, %d entries", ok, Len(&loaded))
	}
	if empty, ok := LoadListpack(h, lim, []byte{7, 0, 0, 0, 0, 0, 0xff}); !ok || empty.Root != 0 {
		t.Errorf("an empty listpack: %v, root %x", ok, empty.Root)
	}
	for i := range block {
		bad := slices.Clone(block)
		bad[i] ^= 0x41
		if forged, ok := LoadListpack(h, lim, bad); ok {
			if err := Check(&forged); err != nil {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
	}
	for name, bad := range map[string][]byte{
		"a field twice":         []byte("\x13\x00\x00\x00\x04\x00\x81\x61\x02\x81\x62\x02\x81\x61\x02\x81\x63\x02\xff"),
		"a field without value": []byte("\x10\x00\x00\x00\x03\x00\x81\x61\x02\x81\x62\x02\x81\x63\x02\xff"),
	} {
		if _, ok := LoadListpack(h, lim, bad); ok {
			t.Errorf("%s is accepted", name)
		}
	}
}

type content struct {
	val    string
	expiry int64
}

// FuzzHash runs operations of three bytes on hashes with tiny thresholds. The
// clock moves on with the operations.
func FuzzHash(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, size := range []int{60, 600, 6000} {
		ops := make([]byte, size)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		f.Add(byte(size), ops)
	}
	f.Fuzz(func(t *testing.T, shape byte, ops []byte) {
		h := newHeap(t)
		lim := &value.Limits{HashMaxListpackEntries: int(shape % 16), HashMaxListpackValue: int(shape/16) * 2}
		v, want := value.Value{Type: value.Hash}, map[string]content{}
		now := int64(1000)
		for ; len(ops) >= 3; ops = ops[3:] {
			field := strings.Repeat(strconv.Itoa(int(ops[1]%64)), 1+int(ops[1]%4))
			val := strings.Repeat(strconv.Itoa(int(ops[2])), int(ops[2])/8)
			known, ok := want[field]
			live := ok && (known.expiry == NoExpiry || known.expiry >= now)
			expiry := now + int64(ops[2])
			switch op := ops[0] % 16; op {
			case 0, 1:
				if Delete(h, &v, []byte(field), now) != live {
					t.Fatalf("delete %q: live %v", field, live)
				}
				if live {
					delete(want, field)
				}
			case 2:
				now += int64(ops[1] % 32)
			case 3:
				RemoveExpired(h, &v, now, int(ops[1]%8), func(f []byte) {
					if c, ok := want[string(f)]; !ok || c.expiry == NoExpiry || c.expiry >= now {
						t.Fatalf("%q expires: %+v", f, c)
					}
					delete(want, string(f))
				})
			case 4, 5:
				outcome := SetExpiry(h, &v, []byte(field), expiry, Condition(ops[1]%16), false, now)
				if (outcome == NoField) == live {
					t.Fatalf("expiry of %q: %d, live %v", field, outcome, live)
				}
				if outcome == Changed {
					want[field] = content{known.val, expiry}
				}
			case 6:
				if outcome := Persist(h, &v, []byte(field), now); outcome == Changed {
					want[field] = content{known.val, NoExpiry}
				} else if (outcome == NoField) == live {
					t.Fatalf("persist %q: %d, live %v", field, outcome, live)
				}
			case 7:
				c := Copy(h, &v)
				if err := checkMemory(h, &v, &c); err != nil {
					t.Fatal(err)
				}
				Free(h, &v)
				v = c
			case 8:
				Prepare(h, lim, &v, [][]byte{[]byte(field), []byte(val)})
			default:
				if op < 14 {
					expiry = NoExpiry
				}
				keep := op == 9
				outcome := Set(h, lim, &v, []byte(field), []byte(val), expiry, keep, now)
				if (outcome == Inserted) == ok || (outcome == Updated) != live {
					t.Fatalf("set %q: %d, known %v, live %v", field, outcome, ok, live)
				}
				if keep && live {
					expiry = known.expiry
				}
				want[field] = content{val, expiry}
			}
			if err := Check(&v); err != nil {
				t.Fatal(err)
			}
			compare(t, &v, want, field, now)
		}
		Free(h, &v)
		if err := checkMemory(h); err != nil {
			t.Fatal(err)
		}
	})
}

func compare(t *testing.T, v *value.Value, want map[string]content, field string, now int64) {
	t.Helper()
	val, expiry, ok := get(v, field, IgnoreExpiry)
	if c, known := want[field]; ok != known || ok && (content{val, expiry} != c) {
		t.Fatalf("%q is %q until %d, want %+v", field, val, expiry, c)
	}
	all := map[string]content{}
	for entry := range All(v, IgnoreExpiry) {
		all[string(entry.Field)] = content{string(entry.Value), entry.Expiry}
	}
	if !maps.Equal(all, want) || Len(v) != len(want) {
		t.Fatalf("%d entries %v, want %v", Len(v), all, want)
	}
	expired, first := 0, int64(math.MaxInt64)
	for _, c := range want {
		if c.expiry != NoExpiry {
			first = min(first, c.expiry)
			if c.expiry < now {
				expired++
			}
		}
	}
	next, some := NextExpiry(v)
	if ExpiredLen(v, now) != expired || some != (first < math.MaxInt64) || some && next != first {
		t.Fatalf("%d expired, want %d; next %d, want %d", ExpiredLen(v, now), expired, next, first)
	}
	seen := map[string]bool{}
	for cursor := uint64(0); ; {
		if cursor = Scan(v, cursor, now, func(entry Entry) { seen[string(entry.Field)] = true }); cursor == 0 {
			break
		}
	}
	if len(seen) != len(want)-expired {
		t.Fatalf("scan saw %d of %d", len(seen), len(want)-expired)
	}
}

// Valkey 9.1 needs between 53.3 and 68.8 bytes for a field of 16 bytes with a
// value of 16, by how full its table happens to be.
func TestMemory(t *testing.T) {
	h := newHeap(t)
	v := value.Value{Type: value.Hash}
	const total = 100_000
	for i := range total {
		put(h, &v, fmt.Sprintf("member:%09d", i), fmt.Sprintf("value:%010d", i), NoExpiry)
	}
	per := float64(Memory(h, &v, 0)) / total
	t.Logf("%.1f bytes each", per)
	if per > 56 {
		t.Errorf("%.1f bytes each", per)
	}
}

func BenchmarkSet(b *testing.B) {
	for _, total := range []int{10, 100, 100_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h, lim := newHeap(b), value.DefaultLimits()
			v := fill(h, total, never)
			field, val := []byte("f5"), []byte("value5")
			for b.Loop() {
				Set(h, lim, &v, field, val, NoExpiry, false, 0)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, total := range []int{10, 100, 100_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h := newHeap(b)
			v := fill(h, total, never)
			field := []byte("f5")
			var scratch Scratch
			for b.Loop() {
				Get(&v, field, 0, &scratch)
			}
		})
	}
}
