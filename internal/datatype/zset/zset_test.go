package zset

import (
	"bytes"
	"cmp"
	"fmt"
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

// checkMemory returns an error if the sets are not all that their purpose has
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

type pair struct {
	member string
	score  float64
}

func compare(a, b pair) int {
	return cmp.Or(cmp.Compare(a.score+0, b.score+0), cmp.Compare(a.member, b.member))
}

func pairs(v *value.Value) []pair {
	var all []pair
	Range(v, 0, Len(v), false, func(m []byte, s float64) bool {
		all = append(all, pair{string(m), s})
		return true
	})
	return all
}

func fill(h *offheap.Heap, lim *value.Limits, n int, score func(i int) float64) value.Value {
	v := value.Value{Type: value.ZSet}
	for i := range n {
		Add(h, lim, &v, score(i), fmt.Appendf(nil, "m%05d", i), 0)
	}
	return v
}

func linear(i int) float64 { return float64(i) }

func TestEncodings(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := fill(h, lim, 128, linear)
	if v.Enc != value.ListPack {
		t.Errorf("128 members: encoding %d", v.Enc)
	}
	Add(h, lim, &v, 5, []byte("m00000"), 0)
	if v.Enc != value.ListPack {
		t.Errorf("an update converts: %d", v.Enc)
	}
	Add(h, lim, &v, 5, []byte("one more"), 0)
	if v.Enc != value.SkipList || Len(&v) != 129 {
		t.Errorf("129 members: encoding %d", v.Enc)
	}
	RemoveRange(h, &v, 10, 129)
	if v.Enc != value.SkipList {
		t.Error("a smaller set is converted by itself")
	}
	if ApplyLimits(h, lim, &v); v.Enc != value.ListPack || Check(&v) != nil || Len(&v) != 10 {
		t.Errorf("10 members: encoding %d, %v", v.Enc, Check(&v))
	}
	long := []byte(strings.Repeat("x", 65))
	w := value.Value{Type: value.ZSet}
	if Add(h, lim, &w, 1, long[:64], 0); w.Enc != value.ListPack {
		t.Error("64 bytes are long")
	}
	if Add(h, lim, &w, 1, long, 0); w.Enc != value.SkipList {
		t.Error("65 bytes are not long")
	}
	ApplyLimits(h, lim, &w)
	if w.Enc != value.SkipList {
		t.Error("65 bytes fit a listpack")
	}
	for _, c := range []struct {
		adding, longest int
		want            value.Encoding
	}{{128, 64, value.ListPack}, {129, 1, value.SkipList}, {1, 65, value.SkipList}} {
		fresh := value.Value{Type: value.ZSet}
		Prepare(h, lim, &fresh, c.adding, c.longest)
		Add(h, lim, &fresh, 0, []byte("a"), 0)
		existing := fill(h, lim, 2, linear)
		Prepare(h, lim, &existing, c.adding, c.longest)
		if fresh.Enc != c.want || existing.Enc != c.want || Len(&existing) != 2 {
			t.Errorf("%+v: encodings %d and %d", c, fresh.Enc, existing.Enc)
		}
	}
}

func TestFlags(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		known   bool
		current float64
		score   float64
		flags   Flags
		want    float64
		outcome Outcome
	}{
		{false, 0, 3, 0, 3, Added},
		{false, 0, 3, NX, 3, Added},
		{false, 0, 3, XX, 0, Skipped},
		{false, 0, 3, GT, 3, Added},
		{false, 0, 3, Incr, 3, Added},
		{false, 0, math.NaN(), 0, 0, NaN},
		{true, 2, 3, 0, 3, Updated},
		{true, 2, 2, 0, 2, Same},
		{true, 2, 3, NX, 0, Skipped},
		{true, 2, 3, XX, 3, Updated},
		{true, 2, 3, GT, 3, Updated},
		{true, 2, 2, GT, 0, Skipped},
		{true, 2, 3, LT, 0, Skipped},
		{true, 2, 1, LT | XX, 1, Updated},
		{true, 2, 3, Incr, 5, Updated},
		{true, 2, 0, Incr, 2, Same},
		{true, 2, -1, Incr | GT, 0, Skipped},
		{true, inf, -inf, Incr, 0, NaN},
		{true, 0, math.Copysign(0, -1), 0, 0, Same},
	} {
		for _, enc := range []value.Encoding{value.ListPack, value.SkipList} {
			h, lim := newHeap(t), value.DefaultLimits()
			v := value.Value{Type: value.ZSet, Enc: enc}
			if c.known {
				Add(h, lim, &v, c.current, []byte("a"), 0)
			}
			got, outcome := Add(h, lim, &v, c.score, []byte("a"), c.flags)
			if outcome != c.outcome || outcome < Skipped && got != c.want {
				t.Errorf("%+v, encoding %d: %v, %v", c, enc, got, outcome)
			}
			score, ok := Score(&v, []byte("a"))
			want, wantOk := c.want, true
			if outcome >= Skipped {
				want, wantOk = c.current, c.known
			}
			if ok != wantOk || score != want && ok {
				t.Errorf("%+v, encoding %d: then %v %v", c, enc, score, ok)
			}
		}
	}
}

func TestNegativeZero(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	for enc, negative := range map[value.Encoding]bool{value.ListPack: false, value.SkipList: true} {
		v := value.Value{Type: value.ZSet, Enc: enc}
		Add(h, lim, &v, math.Copysign(0, -1), []byte("b"), 0)
		Add(h, lim, &v, 0, []byte("a"), 0)
		if score, _ := Score(&v, []byte("b")); math.Signbit(score) != negative {
			t.Errorf("encoding %d: -0 reads as %v", enc, score)
		}
		if rank, _, _ := Rank(&v, []byte("a"), false); rank != 0 {
			t.Errorf("encoding %d: -0 and 0 are not ordered by member", enc)
		}
	}
}

func TestParse(t *testing.T) {
	r, ok := ParseScoreRange([]byte("(-inf"), []byte("1e3"))
	if want := (ScoreRange{math.Inf(-1), 1000, true, false}); !ok || r != want {
		t.Errorf("%+v %v", r, ok)
	}
	for _, bad := range []string{"nan", "1x", " 1", "((1", "[1"} {
		if _, ok := ParseScoreRange([]byte(bad), []byte("1")); ok {
			t.Errorf("%q is a score", bad)
		}
	}
	l, ok := ParseLexRange([]byte("-"), []byte("(x"))
	if !ok || l.Min.Kind != Lowest || l.Max.Kind != Exclusive || string(l.Max.Member) != "x" {
		t.Errorf("%+v %v", l, ok)
	}
	if _, ok := ParseLexRange([]byte("["), []byte("+")); !ok {
		t.Error("the empty member is no bound")
	}
	for _, bad := range []string{"", "x", "+1", "--"} {
		if _, ok := ParseLexRange([]byte("-"), []byte(bad)); ok {
			t.Errorf("%q is a bound", bad)
		}
	}
}

func TestLexRanges(t *testing.T) {
	bounds := []string{"-", "+", "[", "(", "[m00003", "(m00003", "[m00003x", "(z", "[z", "[a"}
	for _, enc := range []value.Encoding{value.ListPack, value.SkipList} {
		h, lim := newHeap(t), value.DefaultLimits()
		v := value.Value{Type: value.ZSet, Enc: enc}
		for i := range 9 {
			Add(h, lim, &v, 1, fmt.Appendf(nil, "m%05d", i), 0)
		}
		for _, min := range bounds {
			for _, max := range bounds {
				r, _ := ParseLexRange([]byte(min), []byte(max))
				from, to := r.Interval(&v)
				for i, p := range pairs(&v) {
					if in := r.Contains([]byte(p.member)); in != (i >= from && i < to) {
						t.Errorf("encoding %d, %s %s: [%d,%d), but %s is in: %v", enc, min, max, from, to, p.member, in)
					}
				}
			}
		}
	}
}

func TestRandomForms(t *testing.T) {
	for _, n := range []int{40, 400} {
		h, lim, rng := newHeap(t), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
		v := fill(h, lim, n, linear)
		for _, count := range []int{1, n / 8, n / 2, n, n + 5} {
			drawn := map[string]int{}
			rounds := 100*n/min(count, n) + 1
			for range rounds {
				before := len(drawn)
				calls := 0
				RandomDistinct(&v, rng, count, func(m []byte, s float64) {
					if want, _ := strconv.ParseFloat(string(m[1:]), 64); want != s {
						t.Fatalf("%s with score %v", m, s)
					}
					drawn[string(m)]++
					calls++
				})
				if calls != min(count, n) || before == 0 && len(drawn) != calls {
					t.Fatalf("%d calls for %d", calls, count)
				}
			}
			mean := float64(rounds*min(count, n)) / float64(n)
			for m, c := range drawn {
				if math.Abs(float64(c)-mean) > 6*math.Sqrt(mean) {
					t.Errorf("%q drawn %d times, mean %.1f", m, c, mean)
				}
			}
			if len(drawn) != n {
				t.Errorf("%d of %d ever drawn", len(drawn), n)
			}
		}
		drawn, total := map[string]int{}, 0
		Random(&v, rng, 3000, func(m []byte, _ float64) bool { drawn[string(m)]++; total++; return total < 2500 })
		if total != 2500 || len(drawn) < n*9/10 {
			t.Errorf("%d draws of %d members", total, len(drawn))
		}
	}
}

func TestFreeStep(t *testing.T) {
	h, lim := newHeap(t), value.DefaultLimits()
	v := fill(h, lim, 10_000, linear)
	if FreeEffort(&v) != 10_000 {
		t.Errorf("effort %d", FreeEffort(&v))
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
	v := fill(h, lim, 9, linear)
	block, ok := Packed(&v)
	if !ok {
		t.Fatal("a small set is not packed")
	}
	loaded, ok := LoadListpack(h, lim, slices.Clone(block))
	if !ok || Check(&loaded) != nil || Len(&loaded) != Len(&v) {
		t.Errorf("loaded %v with %d entries, %v", ok, Len(&loaded), Check(&loaded))
	}
	less := *lim
	less.ZSetMaxListpackEntries = 2
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
		"a member twice":         []byte("\x11\x00\x00\x00\x04\x00\x81\x61\x02\x01\x01\x81\x61\x02\x02\x01\xff"),
		"a member without score": []byte("\x0f\x00\x00\x00\x03\x00\x81\x61\x02\x01\x01\x81\x63\x02\xff"),
		"falling scores":         []byte("\x11\x00\x00\x00\x04\x00\x81\x61\x02\x02\x01\x81\x62\x02\x01\x01\xff"),
		"falling members":        []byte("\x11\x00\x00\x00\x04\x00\x81\x62\x02\x01\x01\x81\x61\x02\x01\x01\xff"),
	} {
		if _, ok := LoadListpack(h, lim, bad); ok {
			t.Errorf("%s is accepted", name)
		}
	}
}

// model is a sorted set kept as a sorted slice.
type model []pair

func (m *model) remove(member string) (pair, bool) {
	i := slices.IndexFunc(*m, func(p pair) bool { return p.member == member })
	if i < 0 {
		return pair{}, false
	}
	p := (*m)[i]
	*m = slices.Delete(*m, i, i+1)
	return p, true
}

func (m *model) add(p pair) {
	i, _ := slices.BinarySearchFunc(*m, p, compare)
	*m = slices.Insert(*m, i, p)
}

// FuzzZSet runs operations of three bytes on sets with tiny thresholds.
func FuzzZSet(f *testing.F) {
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
		lim := &value.Limits{ZSetMaxListpackEntries: int(shape % 32), ZSetMaxListpackValue: int(shape/32) * 2}
		v, want := value.Value{Type: value.ZSet}, model{}
		for ; len(ops) >= 3; ops = ops[3:] {
			member := strings.Repeat(strconv.Itoa(int(ops[1])), 1+int(ops[1]%4))
			score := float64(int8(ops[2])) / 4
			if ops[2]%32 == 7 {
				score = math.Inf(int(int8(ops[2])))
			}
			switch op := ops[0] % 16; op {
			case 0, 1, 2, 3:
				_, known := want.remove(member)
				if Remove(h, &v, []byte(member)) != known {
					t.Fatalf("remove %q: known %v", member, known)
				}
			case 4:
				r := ScoreRange{Min: score, Max: score + 3, MinExclusive: ops[1]%2 == 0, MaxExclusive: ops[1]%3 == 0}
				from, to := r.Interval(&v)
				RemoveRange(h, &v, from, to)
				want = slices.DeleteFunc(want, func(p pair) bool { return r.Contains(p.score) })
			case 5:
				ApplyLimits(h, lim, &v)
			case 6:
				c := Copy(h, &v)
				if err := checkMemory(h, &v, &c); err != nil {
					t.Fatal(err)
				}
				Free(h, &v)
				v = c
			case 7:
				Prepare(h, lim, &v, int(ops[1]%40), int(ops[2]%20))
			default:
				flags := Flags(0)
				if op < 11 {
					flags = Incr
				}
				p, known := want.remove(member)
				expect, outcome := decide(p.score, known, score, flags)
				if outcome == NaN {
					expect = p.score
				}
				want.add(pair{member, expect})
				if got, o := Add(h, lim, &v, score, []byte(member), flags); o != outcome || got != expect && o != NaN {
					t.Fatalf("add %q %v: %v %v, want %v %v", member, score, got, o, expect, outcome)
				}
			}
			if err := Check(&v); err != nil {
				t.Fatal(err)
			}
			if Len(&v) != len(want) {
				t.Fatalf("%d members, want %d", Len(&v), len(want))
			}
			checkQueries(t, &v, want, member, score)
		}
		if got := pairs(&v); !slices.Equal(got, want) {
			t.Fatalf("members %v, want %v", got, want)
		}
		seen := map[string]bool{}
		for cursor := uint64(0); ; {
			if cursor = Scan(&v, cursor, func(m []byte, _ float64) { seen[string(m)] = true }); cursor == 0 {
				break
			}
		}
		if len(seen) != len(want) {
			t.Fatalf("scan saw %d of %d", len(seen), len(want))
		}
		Free(h, &v)
		if err := checkMemory(h); err != nil {
			t.Fatal(err)
		}
	})
}

func checkQueries(t *testing.T, v *value.Value, want model, member string, score float64) {
	t.Helper()
	i := slices.IndexFunc(want, func(p pair) bool { return p.member == member })
	rank, got, ok := Rank(v, []byte(member), false)
	back, _, _ := Rank(v, []byte(member), true)
	if ok != (i >= 0) || ok && (rank != i || back != len(want)-1-i || got != want[i].score) {
		t.Fatalf("rank of %q: %d, %v, %v; want %d", member, rank, got, ok, i)
	}
	for _, r := range []ScoreRange{{score, score, false, false}, {score, math.Inf(1), true, false}, {math.Inf(-1), score, true, true}} {
		from, to := r.Interval(v)
		visited := 0
		r.Visit(v, func(_ []byte, score float64) bool {
			if !r.Contains(score) {
				t.Errorf("%+v visits %v", r, score)
			}
			visited++
			return true
		})
		if visited != to-from {
			t.Errorf("%+v visits %d of %d", r, visited, to-from)
		}
		// All but the scores above this one may be left out.
		r.Skim(v, func(low, high float64) bool {
			if !(low <= high) || low < r.Min || high > r.Max {
				t.Errorf("%+v is asked for %v to %v", r, low, high)
			}
			return high <= score
		}, func(_ []byte, s float64) bool {
			if !r.Contains(s) {
				t.Errorf("%+v skims %v", r, s)
			}
			if s > score {
				visited--
			}
			return true
		})
		for _, p := range want {
			if r.Contains(p.score) && p.score <= score {
				visited--
			}
		}
		if visited != 0 {
			t.Errorf("%+v: skimming from %v on leaves %d out", r, score, visited)
		}
		for i, p := range want {
			if r.Contains(p.score) != (i >= from && i < to) {
				t.Fatalf("%+v: [%d,%d), but rank %d has %v", r, from, to, i, p.score)
			}
		}
	}
	if n := len(want); n > 0 {
		from := len(member) * 7 % n
		var got []pair
		Range(v, from, from+1, true, func(m []byte, s float64) bool {
			got = append(got, pair{string(bytes.Clone(m)), s})
			return true
		})
		slices.Reverse(got)
		if !slices.Equal(got, want[:from+1]) {
			t.Fatalf("backwards from %d: %v", from, got)
		}
	}
}

// Valkey 9.1 needs between 76.6 and 91.2 bytes for a member of 16 bytes with a
// random score, by how full its table happens to be, and 79.7 with 600 members.
func TestMemory(t *testing.T) {
	for total, limit := range map[int]float64{600: 66, 100_000: 65} {
		h, lim, rng := newHeap(t), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
		v := value.Value{Type: value.ZSet}
		for i := range total {
			Add(h, lim, &v, rng.Float64()*1e6, fmt.Appendf(nil, "member:%09d", i), 0)
		}
		per := float64(Memory(h, &v, 0)) / float64(total)
		t.Logf("%d members: %.1f bytes each", total, per)
		if per > limit {
			t.Errorf("%d members: %.1f bytes each, at most %.0f", total, per, limit)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, total := range []int{100, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h, lim, rng := newHeap(b), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
			v := value.Value{Type: value.ZSet}
			for i := range total {
				Add(h, lim, &v, rng.Float64()*1e6, fmt.Appendf(nil, "member:%09d", i), 0)
			}
			member := []byte("member:000000000")
			for b.Loop() {
				copy(member[7:], fmt.Sprintf("%09d", rng.IntN(total)))
				Add(h, lim, &v, rng.Float64()*1e6, member, 0)
			}
			b.ReportMetric(float64(Memory(h, &v, 0))/float64(total), "bytes/member")
		})
	}
}

func BenchmarkRange100(b *testing.B) {
	h, lim, rng := newHeap(b), value.DefaultLimits(), rand.New(rand.NewPCG(1, 1))
	v := fill(h, lim, 1_000_000, func(int) float64 { return rng.Float64() })
	for b.Loop() {
		Range(&v, rng.IntN(999_000), 100, false, func([]byte, float64) bool { return true })
	}
}
