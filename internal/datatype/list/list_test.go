package list

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

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

func limits(fill, depth int) *value.Limits {
	lim := value.DefaultLimits()
	lim.ListMaxListpackSize, lim.ListCompressDepth = fill, depth
	return lim
}

func empty() value.Value { return value.Value{Type: value.List, Enc: value.ListPack} }

func build(h *offheap.Heap, lim *value.Limits, elems ...string) value.Value {
	v := empty()
	for _, e := range elems {
		push(h, lim, &v, true, e)
	}
	return v
}

func push(h *offheap.Heap, lim *value.Limits, v *value.Value, tail bool, elems ...string) {
	var args [][]byte
	for _, e := range elems {
		args = append(args, []byte(e))
	}
	Push(h, lim, v, args, tail)
}

func contents(v *value.Value) []string {
	elems := []string{}
	Range(v, 0, Len(v), func(elem []byte) { elems = append(elems, string(elem)) })
	return elems
}

func numbers(from, to int) []string {
	var elems []string
	for i := from; i < to; i++ {
		elems = append(elems, strconv.Itoa(i))
	}
	return elems
}

// TestEncodings pins when a list changes its encoding.
func TestEncodings(t *testing.T) {
	const lp, ql = value.ListPack, value.QuickList
	long := strings.Repeat("x", 5000)
	for _, tc := range []struct {
		what  string
		fill  int
		elems []string
		edit  func(h *offheap.Heap, lim *value.Limits, v *value.Value)
		want  value.Encoding
	}{
		{"at the limit", 4, numbers(0, 4), nil, lp},
		{"past the limit", 4, numbers(0, 5), nil, ql},
		{"past the size", -2, []string{long, long}, nil, ql},
		{"within the size", -3, []string{long, long}, nil, lp},
		{"by count, past 8 KiB", 100, []string{long, long}, nil, ql},
		{"many at once", 4, nil, func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			push(h, lim, v, true, numbers(0, 5)...)
		}, ql},
		{"popped to more than half", 4, numbers(0, 5), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Pop(h, lim, v, 2, false, func([]byte) {})
		}, ql},
		{"popped to half, in two nodes", 4, numbers(0, 5), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Trim(h, lim, v, 3, 4)
		}, ql},
		{"popped to half, in one node", 4, numbers(0, 5), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Trim(h, lim, v, 1, 2)
		}, lp},
		{"a large one replaced", -2, []string{"a", "b"}, func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Set(h, lim, v, 0, []byte(long+long))
		}, ql},
		{"a large one replaced by a small one", -2, []string{long + long}, func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Set(h, lim, v, 0, []byte("a"))
		}, lp},
		{"an index that is not there", 4, numbers(0, 4), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			if Set(h, lim, v, 4, []byte("x")) {
				t.Error("Set found index 4")
			}
		}, ql},
		{"a pivot that is not there", 4, numbers(0, 4), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			if Insert(h, lim, v, []byte("none"), []byte("x"), true) {
				t.Error("Insert found none")
			}
		}, ql},
		{"emptied", 4, numbers(0, 5), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Trim(h, lim, v, 9, 0)
		}, lp},
		{"the limit raised", 4, numbers(0, 6), func(h *offheap.Heap, lim *value.Limits, v *value.Value) {
			Remove(h, limits(-2, 0), v, []byte("5"), 0)
			Remove(h, limits(-2, 0), v, []byte("4"), 0)
		}, lp},
	} {
		h := newHeap(t)
		lim := limits(tc.fill, 0)
		v := build(h, lim, tc.elems...)
		if tc.edit != nil {
			tc.edit(h, lim, &v)
		}
		if v.Enc != tc.want {
			t.Errorf("%s: encoding %d, want %d", tc.what, v.Enc, tc.want)
		}
		if Len(&v) == 0 && v.Root != 0 {
			t.Errorf("%s: an empty list has memory", tc.what)
		}
		Free(h, &v)
	}
}

func TestPositions(t *testing.T) {
	h := newHeap(t)
	for _, fill := range []int{-2, 2} {
		v := build(h, limits(fill, 0), "a", "b", "c", "1", "2", "3", "c", "c")
		for _, tc := range []struct {
			elem             string
			rank, limit, max int
			want             []int
		}{
			{"c", 1, 1, 0, []int{2}},
			{"c", 2, 1, 0, []int{6}},
			{"c", 1, 0, 0, []int{2, 6, 7}},
			{"c", -1, 0, 0, []int{7, 6, 2}},
			{"c", -2, 1, 0, []int{6}},
			{"c", 1, 0, 6, []int{2}},
			{"c", -1, 0, 2, []int{7, 6}},
			{"c", 4, 0, 0, nil},
			{"3", 1, 2, 0, []int{5}},
			{"x", 1, 0, 0, nil},
		} {
			var got []int
			Positions(&v, []byte(tc.elem), tc.rank, tc.max, new(listpack.Buffers), func(index int) bool {
				got = append(got, index)
				return len(got) != tc.limit
			})
			if !slices.Equal(got, tc.want) {
				t.Errorf("fill %d, %+v: %v", fill, tc, got)
			}
		}
		Free(h, &v)
	}
}

func TestBounds(t *testing.T) {
	for _, tc := range []struct{ length, start, stop, from, count int }{
		{5, 0, -1, 0, 5},
		{5, 1, 2, 1, 2},
		{5, -2, -1, 3, 2},
		{5, -99, 1, 0, 2},
		{5, 3, 99, 3, 2},
		{5, 5, 9, 0, 0},
		{5, 3, 2, 0, 0},
		{5, 0, -6, 0, 0},
		{0, 0, -1, 0, 0},
	} {
		if from, count := Bounds(tc.length, tc.start, tc.stop); from != tc.from || count != tc.count {
			t.Errorf("%+v: from %d, count %d", tc, from, count)
		}
	}
}

// TestBuilder loads the nodes of lists into new ones.
func TestBuilder(t *testing.T) {
	h := newHeap(t)
	lim := limits(2, 1)
	for _, elems := range [][]string{nil, {"a"}, {"a", "b"}, numbers(0, 3), numbers(0, 9)} {
		v := build(h, lim, elems...)
		nodes, pushed := NewBuilder(h, lim), NewBuilder(h, lim)
		Nodes(&v, func(n quicklist.NodeInfo) {
			if !n.Compressed {
				nodes.AppendListpack(listpack.View(n.Data))
			}
		})
		for _, e := range elems {
			pushed.Push([]byte(e))
		}
		for what, loaded := range map[string]value.Value{"nodes": nodes.Finish(), "elements": pushed.Finish()} {
			if !Equal(&loaded, &v) || loaded.Enc != v.Enc || loaded.Root == 0 != (len(elems) == 0) {
				t.Errorf("%q by %s: %q, %+v", elems, what, contents(&loaded), loaded)
			}
			Free(h, &loaded)
		}
		Free(h, &v)
	}
	b := NewBuilder(h, lim)
	b.AppendPlain([]byte("a"))
	v := b.Finish()
	if v.Enc != value.QuickList || !slices.Equal(contents(&v), []string{"a"}) {
		t.Errorf("plain node: %+v", v)
	}
	Free(h, &v)
	b = NewBuilder(h, lim)
	b.Push([]byte("a"))
	b.Discard()
}

// FuzzEdit applies edits to a list and to a slice.
func FuzzEdit(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for fill := range byte(6) {
		for depth := range byte(3) {
			seed := []byte{fill, depth}
			for range 250 {
				seed = append(seed, byte(rnd.Uint32()))
			}
			f.Add(seed)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHeap(t)
		in := input{data: data}
		lim := limits([]int{-1, -2, 1, 2, 5, 16}[in.next()%6], int(in.next()%3))
		v := empty()
		model := []string{}
		for step := 0; len(in.data) > 0 && step < 120; step++ {
			op, s, n := in.next()%11, in.elem(), int(int8(in.next()))
			at := 0
			if len(model) > 0 {
				at = int(in.next()) % len(model)
			} else {
				op %= 2
			}
			switch op {
			case 0, 2:
				push(h, lim, &v, true, s, "more")
				model = append(model, s, "more")
			case 1, 3:
				push(h, lim, &v, false, s, "more")
				model = slices.Insert(model, 0, "more", s)
			case 4:
				tail := n%2 == 0
				var popped []string
				Pop(h, lim, &v, n/16, tail, func(e []byte) { popped = append(popped, string(e)) })
				want := max(min(n/16, len(model)), 0)
				if tail {
					slices.Reverse(popped)
					at = len(model) - want
				} else {
					at = 0
				}
				if !slices.Equal(popped, model[at:at+want]) {
					t.Fatalf("popped %.100q, want %.100q", popped, model[at:at+want])
				}
				model = slices.Delete(model, at, at+want)
			case 5:
				if !Set(h, lim, &v, at-len(model), []byte(s)) {
					t.Fatalf("Set did not find index %d of %d", at, len(model))
				}
				model[at] = s
			case 6:
				pivot := model[at]
				after := n > 0
				if !Insert(h, lim, &v, []byte(pivot), []byte(s), after) {
					t.Fatalf("Insert did not find %.30q", pivot)
				}
				at = slices.Index(model, pivot)
				if after {
					at++
				}
				model = slices.Insert(model, at, s)
			case 7:
				target := model[at]
				got := Remove(h, lim, &v, []byte(target), n/32)
				var want int
				if model, want = remove(model, target, n/32); got != want {
					t.Fatalf("Remove took out %d, want %d", got, want)
				}
			case 8:
				from, kept := Bounds(len(model), at/4, n/2)
				if got := Trim(h, lim, &v, at/4, n/2); got != len(model)-kept {
					t.Fatalf("Trim took out %d, want %d", got, len(model)-kept)
				}
				model = slices.Clone(model[from : from+kept])
			case 9:
				fromTail, toTail := n%2 == 0, n > 0
				moved := model[0]
				rest := model[1:]
				if fromTail {
					moved = model[len(model)-1]
					rest = model[:len(model)-1]
				}
				Rotate(h, lim, &v, fromTail, toTail, func(e []byte) {
					if string(e) != moved {
						t.Fatalf("rotated %.30q, want %.30q", e, moved)
					}
				})
				model = slices.Clone(rest)
				if toTail {
					model = append(model, moved)
				} else {
					model = slices.Insert(model, 0, moved)
				}
			case 10:
				copied := Copy(h, &v)
				if !Equal(&copied, &v) || copied.Enc != v.Enc || FreeEffort(&copied) != FreeEffort(&v) {
					t.Fatalf("copy %+v, original %+v", copied, v)
				}
				push(h, lim, &copied, true, "one more")
				if Equal(&copied, &v) {
					t.Fatal("the copy changed the original")
				}
				Free(h, &copied)
			}
			verify(t, h, &v, model)
		}
		Free(h, &v)
	})
}

// verify checks the list against want: what it holds, and that it has no
// memory but what Memory says.
func verify(t *testing.T, h *offheap.Heap, v *value.Value, want []string) {
	if got := contents(v); !slices.Equal(got, want) || Len(v) != len(want) {
		t.Fatalf("Len %d, holds %.300q, want %.300q", Len(v), got, want)
	}
	if got := Memory(h, v, 0); int64(got) != h.Used() || (v.Root == 0) != (len(want) == 0) {
		t.Fatalf("Memory %d, used %d, root %#x", got, h.Used(), v.Root)
	}
	var scratch Scratch
	for i, e := range want {
		if i%5 != 0 && i != len(want)-1 {
			continue
		}
		for _, index := range []int{i, i - len(want)} {
			if got, ok := Index(v, index, &scratch); !ok || string(got) != e {
				t.Fatalf("index %d: %.30q, want %.30q", index, got, e)
			}
		}
	}
	for _, index := range []int{len(want), -len(want) - 1} {
		if got, ok := Index(v, index, &scratch); ok {
			t.Fatalf("index %d: %.30q, want none", index, got)
		}
	}
}

// remove is Remove on a slice.
func remove(model []string, s string, count int) (kept []string, removed int) {
	kept = []string{}
	limit := count
	if count < 0 {
		slices.Reverse(model)
		limit = -count
	}
	for _, e := range model {
		if e == s && (limit == 0 || removed < limit) {
			removed++
		} else {
			kept = append(kept, e)
		}
	}
	if count < 0 {
		slices.Reverse(kept)
	}
	return kept, removed
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

func (in *input) elem() string {
	kind, n := in.next(), int(in.next())
	switch kind % 8 {
	case 0:
		return strconv.Itoa(n << (kind % 50))
	case 1:
		return strings.Repeat("m", n*8)
	case 2:
		return strings.Repeat("large", n*(2+int(kind)))
	}
	return string(rune('a' + n%5))
}

func BenchmarkPushPop(b *testing.B) {
	h := newHeap(b)
	lim := value.DefaultLimits()
	for _, length := range []int{0, 100, 100000} {
		b.Run(fmt.Sprint("length=", length), func(b *testing.B) {
			v := build(h, lim, numbers(0, length)...)
			elems := [][]byte{[]byte("element:0001")}
			for b.Loop() {
				Push(h, lim, &v, elems, true)
				Pop(h, lim, &v, 1, false, func([]byte) {})
			}
			Free(h, &v)
		})
	}
}

// TestFreeStep frees lists of both encodings, and one of many nodes in many steps.
func TestFreeStep(t *testing.T) {
	h := newHeap(t)
	long := make([]string, 1000)
	for i := range long {
		long[i] = strconv.Itoa(i)
	}
	for _, c := range []struct {
		elems []string
		steps int
	}{{nil, 1}, {[]string{"a"}, 1}, {long, 100}} {
		v := build(h, limits(1, 0), c.elems...)
		steps := 1
		for !FreeStep(h, &v, 72) { // 10 nodes
			steps++
		}
		if steps != c.steps || v.Root != 0 {
			t.Errorf("%d elements: %d steps, want %d; %+v is left", len(c.elems), steps, c.steps, v)
		}
	}
}
