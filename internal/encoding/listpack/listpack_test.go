package listpack

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeList

// newHeap returns a heap that must be empty when the test ends.
func newHeap(tb testing.TB) *offheap.Heap {
	tb.Helper()
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	h := pool.NewHeap()
	tb.Cleanup(func() {
		if used := h.Used(); used != 0 {
			tb.Errorf("%d bytes leaked", used)
		}
		pool.Close()
	})
	return h
}

func build(h *offheap.Heap, elems ...string) offheap.Ref {
	lp := New(h, why, 0)
	for _, e := range elems {
		lp = Append(h, why, lp, []byte(e))
	}
	return lp
}

// contents reads a listpack forwards and checks that it reads the same
// backwards.
func contents(tb testing.TB, v View) []string {
	tb.Helper()
	var scratch Scratch
	elems, back := []string{}, []string{}
	for p := v.First(); p != 0; p = v.Next(p) {
		elems = append(elems, string(v.Bytes(p, &scratch)))
	}
	for p := v.Last(); p != 0; p = v.Prev(p) {
		back = append(back, string(v.Bytes(p, &scratch)))
	}
	slices.Reverse(back)
	if !slices.Equal(elems, back) {
		tb.Fatalf("forwards %q, backwards %q", elems, back)
	}
	return elems
}

// verify checks everything that can be said about a listpack that should hold
// want and was built from these elements alone.
func verify(tb testing.TB, h *offheap.Heap, lp offheap.Ref, want []string) {
	tb.Helper()
	v := At(lp)
	if !Validate(v, true, nil) {
		tb.Fatalf("malformed: %x", []byte(v))
	}
	if got := contents(tb, v); !slices.Equal(got, want) {
		tb.Fatalf("holds %q, want %q", got, want)
	}
	if v.Len() != len(want) || v.Empty() != (len(want) == 0) {
		tb.Fatalf("Len %d, Empty %t, want %d", v.Len(), v.Empty(), len(want))
	}
	if !h.Pool().Fits(lp, v.Size()) {
		tb.Fatalf("%d bytes lie in a block of %d", v.Size(), h.Pool().SizeOf(lp))
	}
	fresh := build(h, want...)
	if !bytes.Equal(At(fresh), v) {
		tb.Fatalf("bytes %x, built afresh %x", []byte(v), []byte(At(fresh)))
	}
	Free(h, why, fresh)
}

// TestFormat pins the bytes: they are in RDB files.
func TestFormat(t *testing.T) {
	for _, tc := range []struct {
		elem, entry string
	}{
		{"0", "00 01"},
		{"127", "7f 01"},
		{"128", "c0 80 02"},
		{"4095", "cf ff 02"},
		{"4096", "f1 00 10 03"},
		{"-1", "df ff 02"},
		{"-4096", "d0 00 02"},
		{"-4097", "f1 ff ef 03"},
		{"32767", "f1 ff 7f 03"},
		{"32768", "f2 00 80 00 04"},
		{"-32769", "f2 ff 7f ff 04"},
		{"8388607", "f2 ff ff 7f 04"},
		{"8388608", "f3 00 00 80 00 05"},
		{"-8388608", "f2 00 00 80 04"},
		{"-2147483648", "f3 00 00 00 80 05"},
		{"2147483648", "f4 00 00 00 80 00 00 00 00 09"},
		{"-9223372036854775808", "f4 00 00 00 00 00 00 00 80 09"},
		{"9223372036854775807", "f4 ff ff ff ff ff ff ff 7f 09"},
		{"9223372036854775808", "93 39323233333732303336383534373735383038 14"},
		{"", "80 01"},
		{"a", "81 61 02"},
		{"01", "82 3031 03"},
		{"-0", "82 2d30 03"},
		{"+1", "82 2b31 03"},
		{strings.Repeat("x", 63), "bf " + strings.Repeat("78", 63) + " 40"},
		{strings.Repeat("x", 64), "e0 40 " + strings.Repeat("78", 64) + " 42"},
		{strings.Repeat("x", 126), "e0 7e " + strings.Repeat("78", 126) + " 01 80"},
		{strings.Repeat("x", 4095), "ef ff " + strings.Repeat("78", 4095) + " 20 81"},
		{strings.Repeat("x", 4096), "f0 00 10 00 00 " + strings.Repeat("78", 4096) + " 20 85"},
		{strings.Repeat("x", 20000), "f0 20 4e 00 00 " + strings.Repeat("78", 20000) + " 01 9c a5"},
	} {
		h := newHeap(t)
		entry, err := hex.DecodeString(strings.ReplaceAll(tc.entry, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		size := EmptySize + len(entry)
		want := append([]byte{byte(size), byte(size >> 8), byte(size >> 16), 0, 1, 0}, entry...)
		want = append(want, 0xFF)
		lp := build(h, tc.elem)
		if got := []byte(At(lp)); !bytes.Equal(got, want) {
			t.Errorf("%.30q: %x, want %x", tc.elem, got, want)
		}
		if got := EntrySizeOf([]byte(tc.elem)); got != len(entry) {
			t.Errorf("%.30q: EntrySizeOf %d, want %d", tc.elem, got, len(entry))
		}
		verify(t, h, lp, []string{tc.elem})
		Free(h, why, lp)
	}
}

func TestIntegersAsIntegers(t *testing.T) {
	h := newHeap(t)
	for shift := range 64 {
		for _, n := range []int64{1 << shift, 1<<shift - 1, -1 << shift, -1<<shift - 1, math.MinInt64} {
			lp := build(h, strconv.FormatInt(n, 10))
			other := PrependInt(h, why, AppendInt(h, why, New(h, why, 0), n), 7)
			other, _ = Delete(h, why, other, At(other).First())
			if !bytes.Equal(At(lp), At(other)) {
				t.Errorf("%d: %x as text, %x as integer", n, []byte(At(lp)), []byte(At(other)))
			}
			if e := At(lp).Get(HeaderSize); !e.IsInt || e.Int != n {
				t.Errorf("%d: read back as %+v", n, e)
			}
			if EntrySizeOfInt(n) != At(lp).EntrySize(HeaderSize) {
				t.Errorf("%d: EntrySizeOfInt %d", n, EntrySizeOfInt(n))
			}
			if At(lp).FindInt(HeaderSize, n, 0) != HeaderSize {
				t.Errorf("%d: not found", n)
			}
			Free(h, why, lp)
			Free(h, why, other)
		}
	}
}

func TestSeek(t *testing.T) {
	h := newHeap(t)
	lp := build(h, "a", "22", "ccc", "4444", "e")
	v := At(lp)
	for index, want := range contents(t, v) {
		for _, i := range []int{index, index - 5} {
			p := v.Seek(i)
			if p == 0 || !v.Equal(p, []byte(want)) {
				t.Errorf("Seek(%d) is not %q", i, want)
			}
		}
	}
	for _, i := range []int{5, -6, math.MaxInt, math.MinInt} {
		if p := v.Seek(i); p != 0 {
			t.Errorf("Seek(%d) = %d", i, p)
		}
	}
	Free(h, why, lp)
}

// TestUnknownCount passes the count that the header can hold in both
// directions.
func TestUnknownCount(t *testing.T) {
	h := newHeap(t)
	lp := New(h, why, 0)
	lp = BatchInsert(h, why, lp, At(lp).End(), slices.Repeat([]Elem{{Int: 5, IsInt: true}}, countUnknown-1))
	for i, want := range []int{countUnknown, countUnknown + 1} {
		lp = AppendInt(h, why, lp, int64(i))
		if got := At(lp).Len(); got != want {
			t.Fatalf("Len %d, want %d", got, want)
		}
	}
	v := At(lp)
	if !Validate(v, true, nil) {
		t.Fatal("refused")
	}
	for _, index := range []int{countUnknown, -1} {
		if p := v.Seek(index); p != v.Last() {
			t.Errorf("Seek(%d) = %d, want %d", index, p, v.Last())
		}
	}
	if v.Seek(countUnknown+1) != 0 || v.Seek(-countUnknown-2) != 0 {
		t.Error("Seek beyond the ends found something")
	}
	lp = DeleteRange(h, why, lp, -3, 2)
	lp = DeleteRange(h, why, lp, 1, math.MaxInt)
	if got := At(lp).Len(); got != 1 {
		t.Errorf("Len %d after deleting, want 1", got)
	}
	Free(h, why, lp)
}

func TestFindSkipsValues(t *testing.T) {
	h := newHeap(t)
	long := strings.Repeat("long", 30)
	lp := build(h, "k1", "k2", "10", "k1", long, "5000", "5000", "v", "k2", "x")
	v := At(lp)
	for elem, index := range map[string]int{"k1": 0, "10": 2, long: 4, "5000": 6, "k2": 8} {
		if p := v.Find(v.First(), []byte(elem), 1); p != v.Seek(index) {
			t.Errorf("%.10q found at %d, want index %d", elem, p, index)
		}
	}
	for _, absent := range []string{"v", "x", "", "1", "010", long + "g"} {
		if p := v.Find(v.First(), []byte(absent), 1); p != 0 {
			t.Errorf("%.10q found at %d", absent, p)
		}
	}
	if p := v.Find(v.Seek(6), []byte("k1"), 0); p != 0 {
		t.Errorf("found before the start, at %d", p)
	}
	Free(h, why, lp)
}

func TestFindAll(t *testing.T) {
	h := newHeap(t)
	lp := build(h, "a", "b", "a", "a", "c")
	v := At(lp)
	for _, tc := range []struct {
		limit int
		last  bool
		want  []int
	}{
		{0, false, []int{0, 2, 3}},
		{0, true, []int{0, 2, 3}},
		{2, false, []int{0, 2}},
		{2, true, []int{2, 3}},
		{9, true, []int{0, 2, 3}},
	} {
		var want []int
		for _, index := range tc.want {
			want = append(want, v.Seek(index))
		}
		if got := v.FindAll(nil, []byte("a"), tc.limit, tc.last); !slices.Equal(got, want) {
			t.Errorf("limit %d, last %t: %v, want %v", tc.limit, tc.last, got, want)
		}
	}
	Free(h, why, lp)
}

// TestStringOfDigits: a listpack of another writer may hold a number as a
// string; it is found and compared as its text.
func TestStringOfDigits(t *testing.T) {
	v := View("\x0a\x00\x00\x00\x01\x00\x81\x35\x02\xff")
	if !Validate(v, true, nil) {
		t.Fatal("refused")
	}
	if !v.Equal(HeaderSize, []byte("5")) || v.Find(HeaderSize, []byte("5"), 0) != HeaderSize || v.Compare(HeaderSize, []byte("5")) != 0 {
		t.Error("not equal to its text")
	}
}

func TestCompare(t *testing.T) {
	h := newHeap(t)
	elems := []string{"", "-5", "10", "9", "a", "ab"}
	lp := build(h, elems...)
	v := At(lp)
	for i := range elems {
		for j, other := range elems {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := v.Compare(v.Seek(i), []byte(other)); got != want {
				t.Errorf("Compare(%q, %q) = %d", elems[i], other, got)
			}
		}
	}
	Free(h, why, lp)
}

func TestMerge(t *testing.T) {
	h := newHeap(t)
	for _, tc := range [][2][]string{
		{{}, {}},
		{{"a"}, {}},
		{{}, {"a"}},
		{{"a", "b", "c"}, {"1"}},
		{{"1"}, {"a", "b", "c"}},
		{{strings.Repeat("x", 3000)}, {strings.Repeat("y", 5000), "z"}},
	} {
		merged := Merge(h, why, build(h, tc[0]...), build(h, tc[1]...))
		verify(t, h, merged, append(slices.Clone(tc[0]), tc[1]...))
		Free(h, why, merged)
	}
}

func TestSplit(t *testing.T) {
	h := newHeap(t)
	elems := []string{"a", "1", strings.Repeat("x", 100), "-5", "z"}
	for index := range elems {
		head, tail := Split(h, why, build(h, elems...), index)
		verify(t, h, head, elems[:index])
		verify(t, h, tail, elems[index:])
		Free(h, why, head)
		Free(h, why, tail)
	}
}

func TestCopy(t *testing.T) {
	h := newHeap(t)
	lp := build(h, "a", "1")
	dup := Copy(h, why, At(lp))
	lp = Append(h, why, lp, []byte("b"))
	verify(t, h, dup, []string{"a", "1"})
	verify(t, h, lp, []string{"a", "1", "b"})
	Free(h, why, lp)
	Free(h, why, dup)
}

func TestRandom(t *testing.T) {
	h := newHeap(t)
	lp := build(h, "k0", "v0", "k1", "v1", "k2", "v2", "k3", "v3")
	v := At(lp)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, stride := range []int{1, 2} {
		n := v.Len() / stride
		hits := make(map[int]int)
		for range 200 {
			picks := make([]int, 5)
			v.Random(picks, stride, rnd.IntN)
			for _, p := range picks {
				hits[p]++
			}
			one := make([]int, 1)
			v.Random(one, stride, rnd.IntN)
			hits[one[0]]++
		}
		if len(hits) != n {
			t.Errorf("stride %d: %d positions picked, want %d", stride, len(hits), n)
		}
		for p := range hits {
			if stride == 2 && v[v.Prev(v.Next(p))+1] != 'k' {
				t.Errorf("picked a value at %d", p)
			}
		}
		for want := range n + 3 {
			picks := v.RandomUnique(make([]int, want), stride, rnd.IntN)
			if len(picks) != min(want, n) || !slices.IsSorted(picks) || len(slices.Compact(slices.Clone(picks))) != len(picks) {
				t.Errorf("stride %d, %d wanted: %v", stride, want, picks)
			}
		}
	}
	Free(h, why, lp)
}

func TestValidateRefuses(t *testing.T) {
	h := newHeap(t)
	lp := build(h, "a", "1000", strings.Repeat("x", 200))
	good := []byte(At(lp))
	for _, tc := range []struct {
		what  string
		spoil func(b []byte) []byte
	}{
		{"nothing", func(b []byte) []byte { return nil }},
		{"a header alone", func(b []byte) []byte { return b[:6] }},
		{"no end mark", func(b []byte) []byte { b[len(b)-1] = 0; return b }},
		{"a size too large", func(b []byte) []byte { b[0]++; return b }},
		{"an end mark in the middle", func(b []byte) []byte { b[HeaderSize] = end; return b }},
		{"an unknown form", func(b []byte) []byte { b[HeaderSize] = 0xF5; return b }},
		{"a string that is too long", func(b []byte) []byte { b[HeaderSize] = headLongString; return b }},
		{"a wrong back length", func(b []byte) []byte { b[HeaderSize+2]++; return b }},
		{"a count too high", func(b []byte) []byte { b[4]++; return b }},
		{"a count too low", func(b []byte) []byte { b[4]--; return b }},
	} {
		b := tc.spoil(slices.Clone(good))
		if Validate(b, true, nil) {
			t.Errorf("accepted %s: %x", tc.what, b)
		}
	}
	seen := 0
	if Validate(good, true, func(v View, p int) bool { seen++; return seen < 2 }) || seen != 2 {
		t.Errorf("refusal by the callback ignored after %d entries", seen)
	}
	if !Validate(good, false, nil) {
		t.Error("shallow check refuses a good listpack")
	}
	Free(h, why, lp)
}

// FuzzEdit applies edits to a listpack and to a slice.
func FuzzEdit(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		seed := make([]byte, 150)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHeap(t)
		lp := New(h, why, 0)
		model := []string{}
		in := input{data}
		for step := 0; len(in.data) > 0 && step < 200; step++ {
			op, s := in.next()%15, in.elem()
			at := 0
			if len(model) > 0 {
				at = int(in.next()) % len(model)
			}
			p := At(lp).Seek(at)
			if op >= 2 && len(model) == 0 {
				op %= 2
			}
			switch op {
			case 0:
				lp = Append(h, why, lp, []byte(s))
				model = append(model, s)
			case 1:
				lp = Prepend(h, why, lp, []byte(s))
				model = slices.Insert(model, 0, s)
			case 2:
				lp = InsertBefore(h, why, lp, p, []byte(s))
				model = slices.Insert(model, at, s)
			case 3:
				lp, p = InsertAfter(h, why, lp, p, []byte(s))
				model = slices.Insert(model, at+1, s)
				if !At(lp).Equal(p, []byte(s)) {
					t.Fatalf("new element is not at %d", p)
				}
			case 4:
				lp = Replace(h, why, lp, p, []byte(s))
				model[at] = s
			case 5:
				lp = ReplaceInt(h, why, lp, p, int64(len(s)))
				model[at] = strconv.Itoa(len(s))
			case 6:
				lp, p = Delete(h, why, lp, p)
				model = slices.Delete(model, at, at+1)
				if p != At(lp).Seek(at) {
					t.Fatalf("after Delete at %d, want index %d", p, at)
				}
			case 7:
				count := int(in.next() % 5)
				lp = DeleteRange(h, why, lp, at-len(model), count)
				model = slices.Delete(model, at, min(at+count, len(model)))
			case 8:
				count := int(in.next() % 5)
				lp, p = DeleteAt(h, why, lp, p, count)
				model = slices.Delete(model, at, min(at+count, len(model)))
				if p != At(lp).Seek(at) {
					t.Fatalf("after DeleteAt at %d, want index %d", p, at)
				}
			case 9:
				elems := []Elem{{Str: []byte(s)}, {Int: -int64(at), IsInt: true}, {Str: []byte("z")}}[:in.next()%4]
				lp = BatchInsert(h, why, lp, p, elems)
				for i, e := range elems {
					model = slices.Insert(model, at+i, string(e.Append(nil)))
				}
			case 10:
				var positions []int
				kept := []string{}
				for i, q := 0, At(lp).First(); q != 0; i, q = i+1, At(lp).Next(q) {
					if in.next()%2 == 0 {
						positions = append(positions, q)
					} else {
						kept = append(kept, model[i])
					}
				}
				lp = BatchDelete(h, why, lp, positions)
				model = kept
			case 11:
				want := slices.Index(model[at:], s)
				found := At(lp).Find(p, []byte(s), 0)
				if want < 0 && found != 0 || want >= 0 && found != At(lp).Seek(at+want) {
					t.Fatalf("%q found at %d from index %d, want index %d", s, found, at, at+want)
				}
			case 12:
				last := in.next()%2 == 0
				lp = Fill(h, why, lp, []byte(s), last, 4096)
				if last {
					model = append(model, s)
				} else {
					model = slices.Insert(model, 0, s)
				}
			case 13:
				a := BeginAppend(h, why, lp, 2*StringSizeMax(len(s))+IntSizeMax, 4096)
				a.String([]byte(s))
				n := int64(in.next()) - 100<<(in.next()%8*8)
				a.Int(n)
				a.String([]byte(s))
				lp = a.End()
				model = append(model, s, strconv.FormatInt(n, 10), s)
			case 14:
				lp = Trim(h, why, lp)
				if h.Pool().SizeOf(lp) != h.Pool().ClassSize(At(lp).Size()) {
					t.Fatalf("%d bytes in a block of %d after Trim", At(lp).Size(), h.Pool().SizeOf(lp))
				}
			}
			verify(t, h, lp, model)
		}
		Free(h, why, lp)
	})
}

type input struct{ data []byte }

func (in *input) next() byte {
	if len(in.data) == 0 {
		return 0
	}
	b := in.data[0]
	in.data = in.data[1:]
	return b
}

// elem makes integers and strings of every form.
func (in *input) elem() string {
	kind, n := in.next(), int64(in.next())
	switch kind % 8 {
	case 0:
		return strconv.FormatInt(n, 10)
	case 1:
		return strconv.FormatInt(n<<(kind%56)-n, 10)
	case 2:
		return strconv.FormatInt(-n<<(kind%56)-1, 10)
	case 3:
		return strings.Repeat("m", int(n)*3)
	case 4:
		return strings.Repeat("L", int(n)*70)
	case 5:
		return fmt.Sprintf("0%d", n)
	}
	return strings.Repeat("s", int(n%66))
}

// FuzzValidate: whatever Validate accepts can be read in full, and edited.
func FuzzValidate(f *testing.F) {
	f.Add([]byte("\x00\x00"), false)
	f.Add([]byte("\x02\x00\x81a\x02\xc1\x02\x02"), true)
	f.Add([]byte("\x01\x00\xe0\x03abc\x05"), false)
	f.Add([]byte("\x01\x00\xf0\x03\x00\x00\x00abc\x08"), false)
	f.Add([]byte("\xff\xff\xf4abcdefgh\x09\xf3abcd\x05\xf2abc\x04\xf1ab\x03"), false)
	f.Add([]byte("\x01\x00\xf0\xff\xff\xff\xff"), false)
	f.Fuzz(func(t *testing.T, body []byte, raw bool) {
		b := body
		if !raw {
			size := len(body) + 5
			b = append([]byte{byte(size), byte(size >> 8), byte(size >> 16), 0}, body...)
			b = append(b, end)
		}
		entries := 0
		if !Validate(b, true, func(v View, p int) bool { entries++; v.Get(p); return true }) {
			return
		}
		v := View(b)
		elems := contents(t, v)
		if len(elems) != entries || v.Len() != entries {
			t.Fatalf("%d elements, %d validated, Len %d", len(elems), entries, v.Len())
		}
		for i, e := range elems {
			if p := v.Find(v.First(), []byte(e), 0); p == 0 || p > v.Seek(i) {
				t.Fatalf("%q found at %d, want at most %d", e, p, v.Seek(i))
			}
		}
		h := newHeap(t)
		lp := Append(h, why, Copy(h, why, v), []byte("x"))
		if got := contents(t, At(lp)); !slices.Equal(got, append(elems, "x")) {
			t.Fatalf("after Append %q", got)
		}
		Free(h, why, lp)
	})
}

func BenchmarkAppend(b *testing.B) {
	h := newHeap(b)
	elem := []byte("element:000001")
	for b.Loop() {
		lp := New(h, why, 0)
		for range 128 {
			lp = Append(h, why, lp, elem)
		}
		Free(h, why, lp)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/128, "ns/elem")
}

func BenchmarkFindAbsent(b *testing.B) {
	h := newHeap(b)
	lp := New(h, why, 0)
	for i := range 128 {
		lp = Append(h, why, lp, fmt.Appendf(nil, "element:%06d", i))
	}
	needle := []byte("element:999999")
	v := At(lp)
	for b.Loop() {
		if v.Find(v.First(), needle, 0) != 0 {
			b.Fatal("found")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/128, "ns/elem")
	Free(h, why, lp)
}

func BenchmarkWalk(b *testing.B) {
	h := newHeap(b)
	lp := New(h, why, 0)
	for i := range 128 {
		lp = Append(h, why, lp, fmt.Appendf(nil, "element:%06d", i))
	}
	v := At(lp)
	for b.Loop() {
		n := 0
		for p := v.First(); p != 0; p = v.Next(p) {
			n += len(v.Get(p).Str)
		}
		if n != 128*14 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/128, "ns/elem")
	Free(h, why, lp)
}
