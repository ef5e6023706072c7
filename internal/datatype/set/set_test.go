package set

import (
	"bytes"
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

// checkMemory returns an error if the set is not all that its purpose has
// allocated from the pool.
func checkMemory(h *offheap.Heap, sets ...*value.Value) error {
	h.Sync()
	total := 0
	for _, v := range sets {
		total += Memory(h, v, 0)
	}
	if used := h.Pool().UsedBy(why); used != int64(total) {
		return fmt.Errorf("the pool counts %d bytes, the sets %d", used, total)
	}
	return nil
}

func of(h *offheap.Heap, lim *value.Limits, members ...string) value.Value {
	v := value.Value{Type: value.Set}
	for _, m := range members {
		Add(h, lim, &v, []byte(m))
	}
	return v
}

func members(v *value.Value) []string {
	var all []string
	for m := range All(v) {
		all = append(all, string(m))
	}
	slices.Sort(all)
	return all
}

func numbers(from, to int) []string {
	var s []string
	for i := from; i < to; i++ {
		s = append(s, strconv.Itoa(i))
	}
	return s
}

func TestEncodings(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name    string
		members []string
		adding  int // 0: no Prepare
		want    value.Encoding
	}{
		{"integers", numbers(0, 512), 0, value.IntSet},
		{"513 integers", numbers(0, 513), 0, value.HashTable},
		{"a word first", append([]string{"a"}, numbers(0, 127)...), 0, value.ListPack},
		{"129 of a listpack", append([]string{"a"}, numbers(0, 128)...), 0, value.HashTable},
		{"a word into 127 integers", append(numbers(0, 127), "a"), 0, value.ListPack},
		{"a word into 128 integers", append(numbers(0, 128), "a"), 0, value.HashTable},
		{"a long word into integers", append(numbers(0, 3), long), 0, value.HashTable},
		{"a long word into a listpack", []string{"a", long}, 0, value.HashTable},
		{"64 bytes are not long", []string{"a", long[:64]}, 0, value.ListPack},
		{"no canonical integer", []string{"01", "+1", "-0", " 1"}, 0, value.ListPack},
		{"64-bit integers", []string{"9223372036854775807", "-9223372036854775808"}, 0, value.IntSet},
		{"65-bit integer", []string{"9223372036854775808"}, 0, value.ListPack},
		{"prepared for 129 words", []string{"a"}, 129, value.HashTable},
		{"prepared for 513 integers", []string{"1"}, 513, value.HashTable},
		{"prepared for 512 integers", []string{"1"}, 512, value.IntSet},
	} {
		h := newHeap(t)
		lim := value.DefaultLimits()
		v := value.Value{Type: value.Set}
		if c.adding > 0 {
			Prepare(h, lim, &v, []byte(c.members[0]), c.adding)
		}
		for _, m := range c.members {
			if !Add(h, lim, &v, []byte(m)) || Add(h, lim, &v, []byte(m)) {
				t.Fatalf("%s: %q is not added once", c.name, m)
			}
		}
		if v.Enc != c.want {
			t.Errorf("%s: encoding %d, want %d", c.name, v.Enc, c.want)
		}
		if err := Check(&v); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		slices.Sort(c.members)
		if got := members(&v); !slices.Equal(got, c.members) {
			t.Errorf("%s: members %q", c.name, got)
		}
	}
}

func TestPrepareConverts(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := of(h, lim, "a", "b")
	Prepare(h, lim, &v, []byte("c"), 128)
	if v.Enc != value.ListPack {
		t.Error("converted for 128")
	}
	Prepare(h, lim, &v, []byte("c"), 129)
	if v.Enc != value.HashTable || Len(&v) != 2 {
		t.Error("not converted for 129")
	}
}

func TestToIntSetAndApplyLimits(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := value.Value{Type: value.Set}
	Prepare(h, lim, &v, []byte("x"), 1000)
	for _, m := range numbers(-5, 300) {
		Add(h, lim, &v, []byte(m))
	}
	want := members(&v)
	ToIntSet(h, lim, &v)
	if v.Enc != value.IntSet || !slices.Equal(members(&v), want) {
		t.Errorf("encoding %d, members %q", v.Enc, members(&v))
	}
	less := *lim
	less.SetMaxIntsetEntries = 100
	ApplyLimits(h, &less, &v)
	if v.Enc != value.HashTable || !slices.Equal(members(&v), want) {
		t.Errorf("encoding %d, members %q", v.Enc, members(&v))
	}
	if ToIntSet(h, &less, &v); v.Enc != value.HashTable {
		t.Error("too many for an intset")
	}
}

// Every form of drawing must reach each member equally often.
func TestRandomForms(t *testing.T) {
	words := func(n int) (s []string) {
		for i := range n {
			s = append(s, fmt.Sprint("w", i))
		}
		return s
	}
	for _, all := range [][]string{numbers(0, 40), words(40), words(400)} {
		h, lim, rng := newHeap(t), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
		v := of(h, lim, all...)
		n := len(all)
		for _, count := range []int{1, n / 8, n / 2, n - 1, n, n + 5} {
			drawn := map[string]int{}
			rounds := 60*n/min(count, n) + 1
			for range rounds {
				seen := map[string]bool{}
				RandomDistinct(&v, rng, count, func(m []byte) {
					seen[string(m)] = true
					drawn[string(m)]++
				})
				if len(seen) != min(count, n) {
					t.Fatalf("%d distinct of %d wanted", len(seen), count)
				}
			}
			checkEven(t, drawn, n, rounds*min(count, n), float64(n-min(count, n))/float64(n))
		}
		drawn, total := map[string]int{}, 0
		Random(&v, rng, 60*n, func(m []byte) bool { drawn[string(m)]++; total++; return true })
		if total != 60*n {
			t.Fatalf("%d draws", total)
		}
		checkEven(t, drawn, n, total, 1)
		calls := 0
		Random(&v, rng, 100, func([]byte) bool { calls++; return calls < 3 })
		if calls != 3 {
			t.Errorf("stopped after %d", calls)
		}
	}
}

// checkEven tests counts against equal chances; spread is their variance in
// relation to that of independent draws.
func checkEven(t *testing.T, drawn map[string]int, n, total int, spread float64) {
	t.Helper()
	mean := float64(total) / float64(n)
	for m, c := range drawn {
		if math.Abs(float64(c)-mean) > 6*math.Sqrt(mean*spread)+1 {
			t.Errorf("%q drawn %d times, mean %.1f", m, c, mean)
		}
	}
}

func TestPop(t *testing.T) {
	for _, all := range [][]string{numbers(0, 100), append(numbers(0, 99), "word"), numbers(0, 2000)} {
		h, lim, rng := newHeap(t), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
		v := of(h, lim, all...)
		popped := map[string]bool{}
		for step := 1; Len(&v) > 0; step += 3 {
			before := Len(&v)
			Pop(h, lim, &v, rng, step, func(m []byte) {
				if popped[string(m)] || !Contains(&v, m) {
					t.Fatalf("%q popped twice", m)
				}
				popped[string(m)] = true
			})
			if Len(&v) != max(before-step, 0) {
				t.Fatalf("%d left of %d after popping %d", Len(&v), before, step)
			}
			if err := Check(&v); err != nil {
				t.Fatal(err)
			}
		}
		if len(popped) != len(all) || v.Root != 0 {
			t.Errorf("%d of %d popped, root %x", len(popped), len(all), v.Root)
		}
		if err := checkMemory(h); err != nil {
			t.Error(err)
		}
	}
}

// A table becomes a listpack when five times more members go than stay, and
// only then.
func TestPopShrinks(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		members []string
		count   int
		want    value.Encoding
	}{
		{numbers(0, 600), 499, value.HashTable},
		{numbers(0, 600), 500, value.ListPack},
		{numbers(0, 6000), 5872, value.ListPack},
		{numbers(0, 6000), 5871, value.HashTable},
		{[]string{long + "1", long + "2", long + "3", long + "4", long + "5", long + "6"}, 5, value.HashTable},
	} {
		h, lim, rng := newHeap(t), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
		v := of(h, lim, c.members...)
		Pop(h, lim, &v, rng, c.count, func([]byte) {})
		if v.Enc != c.want || Len(&v) != len(c.members)-c.count || Check(&v) != nil {
			t.Errorf("%d of %d popped: encoding %d, %d left, %v", c.count, len(c.members), v.Enc, Len(&v), Check(&v))
		}
		if err := checkMemory(h, &v); err != nil {
			t.Error(err)
		}
	}
}

func TestFreeStepAndEffort(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := of(h, lim, numbers(0, 10_000)...)
	if FreeEffort(&v) != 10_000 {
		t.Errorf("effort %d", FreeEffort(&v))
	}
	whole, sampled := Memory(h, &v, 0), Memory(h, &v, 5)
	if math.Abs(float64(whole-sampled)) > float64(whole)/5 {
		t.Errorf("%d bytes, sampled %d", whole, sampled)
	}
	steps := 1
	for ; !FreeStep(h, &v, 100); steps++ {
	}
	if steps < 50 {
		t.Errorf("freed in %d steps", steps)
	}
	if err := checkMemory(h); err != nil {
		t.Error(err)
	}
}

func TestPacked(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := of(h, lim, "a", "b", "12", "c")
	block, ok := Packed(&v)
	if !ok {
		t.Fatal("a small set is not packed")
	}
	loaded, ok := LoadListpack(h, lim, slices.Clone(block))
	if !ok || Check(&loaded) != nil || Len(&loaded) != Len(&v) {
		t.Errorf("loaded %v with %d entries, %v", ok, Len(&loaded), Check(&loaded))
	}
	less := *lim
	less.SetMaxListpackEntries = 2
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
	ints := of(h, lim, "5", "-700000")
	block, _ = Packed(&ints)
	if loaded, ok := LoadIntSet(h, lim, slices.Clone(block)); !ok || !slices.Equal(members(&loaded), members(&ints)) {
		t.Errorf("intset: %v", ok)
	}
	if _, ok := LoadIntSet(h, lim, block[1:]); ok {
		t.Error("a cut intset is accepted")
	}
	for name, bad := range map[string][]byte{
		"a member twice": []byte("\x10\x00\x00\x00\x03\x00\x81\x61\x02\x81\x62\x02\x81\x61\x02\xff"),
	} {
		if _, ok := LoadListpack(h, lim, bad); ok {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzSet runs operations of two bytes on sets with tiny thresholds.
func FuzzSet(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, size := range []int{40, 400, 4000} {
		ops := make([]byte, size)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		f.Add(byte(size), ops)
	}
	f.Fuzz(func(t *testing.T, shape byte, ops []byte) {
		h, rng := newHeap(t), rand.New(rand.NewPCG(uint64(shape), 1))
		lim := &value.Limits{
			SetMaxIntsetEntries:   int(shape % 8),
			SetMaxListpackEntries: int(shape / 8 % 8),
			SetMaxListpackValue:   int(shape/64) + 1,
		}
		v, want := value.Value{Type: value.Set}, map[string]bool{}
		for ; len(ops) >= 2; ops = ops[2:] {
			member := []byte(strconv.Itoa(int(ops[1]) - 128))
			if ops[1]%5 == 0 {
				member = bytes.Repeat([]byte{'a' + ops[1]%7}, int(ops[1])/16)
			}
			switch ops[0] % 16 {
			case 0:
				Prepare(h, lim, &v, member, int(ops[1])%12)
			case 1:
				Pop(h, lim, &v, rng, int(ops[1])%4, func(m []byte) {
					if !want[string(m)] {
						t.Fatalf("popped %q", m)
					}
					delete(want, string(m))
				})
			case 2, 3, 4, 5, 6:
				if Remove(h, &v, member) != want[string(member)] {
					t.Fatalf("remove %q", member)
				}
				delete(want, string(member))
			case 7:
				c := Copy(h, &v)
				if err := checkMemory(h, &v, &c); err != nil {
					t.Fatal(err)
				}
				Free(h, &v)
				v = c
			default:
				if Add(h, lim, &v, member) == want[string(member)] {
					t.Fatalf("add %q", member)
				}
				want[string(member)] = true
			}
			if err := Check(&v); err != nil {
				t.Fatal(err)
			}
			if Contains(&v, member) != want[string(member)] || Len(&v) != len(want) {
				t.Fatalf("%q: %v, %d members, want %v", member, Contains(&v, member), Len(&v), want)
			}
		}
		if got := members(&v); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("members %q, want %v", got, want)
		}
		seen := map[string]bool{}
		for cursor := uint64(0); ; {
			if cursor = Scan(&v, cursor, func(m []byte) { seen[string(m)] = true }); cursor == 0 {
				break
			}
		}
		if !maps.Equal(seen, want) {
			t.Fatalf("scan saw %v, want %v", seen, want)
		}
		Free(h, &v)
		if err := checkMemory(h); err != nil {
			t.Fatal(err)
		}
	})
}

// Valkey 9.1 needs between 37.3 and 52.8 bytes for a member of 16 bytes, by how
// full its table happens to be.
func TestMemory(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := value.Value{Type: value.Set}
	const total = 100_000
	for i := range total {
		Add(h, lim, &v, fmt.Appendf(nil, "member:%09d", i))
	}
	per := float64(Memory(h, &v, 0)) / total
	t.Logf("%.1f bytes each", per)
	if per > 39 {
		t.Errorf("%.1f bytes each", per)
	}
}

func BenchmarkContains(b *testing.B) {
	for _, total := range []int{100, 100_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h, lim := newHeap(b), value.DefaultLimits()
			v := value.Value{Type: value.Set}
			for i := range total {
				Add(h, lim, &v, fmt.Appendf(nil, "member:%d", i))
			}
			member := []byte("member:57")
			for b.Loop() {
				Contains(&v, member)
			}
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	h, lim := newHeap(b), value.DefaultLimits()
	v := of(h, lim, numbers(0, 100_000)...)
	member := []byte("not yet there")
	for b.Loop() {
		Add(h, lim, &v, member)
		Remove(h, &v, member)
	}
}
