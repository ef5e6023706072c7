package quicklist

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
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

func build(h *offheap.Heap, fill, depth int, elems ...string) List {
	l := New(h, fill, depth)
	for _, e := range elems {
		l.PushTail([]byte(e))
	}
	return l
}

// shape describes the nodes: "3" is a packed node of three elements, "P" a
// plain one; "~" marks a compressed one.
func shape(l *List) string {
	var b strings.Builder
	for i := range l.Nodes() {
		n := l.Node(i)
		if i > 0 {
			b.WriteByte(' ')
		}
		if n.Compressed {
			b.WriteByte('~')
		}
		if n.Plain {
			b.WriteByte('P')
		} else {
			fmt.Fprint(&b, n.Count)
		}
	}
	return b.String()
}

func contents(l *List) []string {
	elems := []string{}
	var scratch listpack.Scratch
	c, ok := l.Seek(0)
	for ; ok; ok = c.Next() {
		elems = append(elems, string(c.Bytes(&scratch)))
	}
	return elems
}

// verify checks the list's own rules and that it holds want, from any index in
// both directions.
func verify(tb testing.TB, l *List, want []string) {
	tb.Helper()
	if err := l.verify(); err != nil {
		tb.Fatal(err)
	}
	if got := contents(l); !slices.Equal(got, want) || l.Len() != len(want) {
		tb.Fatalf("Len %d, holds %.300q, want %.300q", l.Len(), got, want)
	}
	var scratch listpack.Scratch
	for i := range want {
		if i > 3 && i < len(want)-3 && i%7 != 0 {
			continue
		}
		for _, index := range []int{i, i - len(want)} {
			c, ok := l.Seek(index)
			if !ok || !c.Equal([]byte(want[i])) || string(c.Elem().Append(nil)) != want[i] {
				tb.Fatalf("index %d is not %.30q", index, want[i])
			}
			if ok := c.Prev(); ok != (i > 0) || ok && string(c.Bytes(&scratch)) != want[i-1] {
				tb.Fatalf("before index %d: %t", index, ok)
			}
		}
	}
	for _, index := range []int{len(want), -len(want) - 1, math.MaxInt, math.MinInt} {
		if _, ok := l.Seek(index); ok {
			tb.Fatalf("there is an index %d", index)
		}
	}
}

func numbers(from, to int) []string {
	var elems []string
	for i := from; i < to; i++ {
		elems = append(elems, strconv.Itoa(i))
	}
	return elems
}

// TestShapes pins which element lies in which node: it shows in DEBUG and in
// RDB files.
func TestShapes(t *testing.T) {
	large := strings.Repeat("L", 9000)
	at := func(l *List, index int) *Cursor { c, _ := l.Seek(index); return &c }
	for _, tc := range []struct {
		what  string
		fill  int
		elems []string
		edit  func(l *List)
		want  string
	}{
		{"filled by count", 4, numbers(0, 10), func(l *List) {}, "4 4 2"},
		{"fill 0 is 1", 0, numbers(0, 3), func(l *List) {}, "1 1 1"},
		{"filled from the head", 4, numbers(0, 4), func(l *List) { l.PushHead([]byte("x")) }, "1 4"},
		{"filled by size", -1, slices.Repeat([]string{strings.Repeat("x", 1000)}, 9), func(l *List) {}, "4 4 1"},
		{"a large element is alone", -2, []string{"a", large, "b"}, func(l *List) {}, "1 P 1"},
		{"large by count means 8 KiB", 100, []string{"a", large[:8192], "b", large[:8193]}, func(l *List) {}, "1 1 1 P"},
		{"insert into a full node splits", 4, numbers(0, 4), func(l *List) { l.Insert(at(l, 1), []byte("x"), true) }, "2 3"},
		{"insert before in a full node", 4, numbers(0, 4), func(l *List) { l.Insert(at(l, 1), []byte("x"), false) }, "2 3"},
		{"the halves merge with neighbours", 4, numbers(0, 9), func(l *List) { l.Insert(at(l, 6), []byte("x"), true) }, "4 3 3"},
		{"insert at the edge of full nodes", 4, numbers(0, 8), func(l *List) { l.Insert(at(l, 3), []byte("x"), true) }, "4 1 4"},
		{"insert at the edge goes to the neighbour", 4, numbers(0, 6), func(l *List) { l.Insert(at(l, 3), []byte("x"), true) }, "4 3"},
		{"insert before the first of a full node", 4, numbers(0, 8), func(l *List) {
			l.Delete(0, 1)
			l.Insert(at(l, 3), []byte("x"), false)
		}, "4 4"},
		{"insert a large one splits", -2, numbers(0, 5), func(l *List) { l.Insert(at(l, 1), []byte(large), true) }, "2 P 3"},
		{"insert a large one at the edge", -2, numbers(0, 5), func(l *List) { l.Insert(at(l, 4), []byte(large), true) }, "5 P"},
		{"insert beside a large one", -2, []string{large}, func(l *List) { l.Insert(at(l, 0), []byte("x"), false) }, "1 P"},
		{"replace by a large one", -2, numbers(0, 5), func(l *List) { l.Replace(at(l, 2), []byte(large)) }, "2 P 2"},
		{"replace the only one by a large one", -2, numbers(0, 1), func(l *List) { l.Replace(at(l, 0), []byte(large)) }, "P"},
		{"replace a large one", -2, []string{"a", large, "b"}, func(l *List) { l.Replace(at(l, 1), []byte("x")) }, "1 2"},
		{"replace the last large one", -2, []string{"a", large}, func(l *List) { l.Replace(at(l, 1), []byte("x")) }, "1 1"},
		{"replace large by large", -2, []string{"a", large}, func(l *List) { l.Replace(at(l, 1), []byte(large+"x")) }, "1 P"},
		{"delete across nodes", 4, numbers(0, 12), func(l *List) { l.Delete(2, 7) }, "2 3"},
		{"delete whole nodes", 4, numbers(0, 12), func(l *List) { l.Delete(4, 4) }, "4 4"},
		{"delete from the end", 4, numbers(0, 12), func(l *List) { l.Delete(-5, 99) }, "4 3"},
		{"packed threshold", -2, nil, func(l *List) {
			l.PackedThreshold = 5
			l.PushTail([]byte("1234"))
			l.PushTail([]byte("12345"))
		}, "1 P"},
		{"rotate a large one", -2, []string{"a", large}, func(l *List) { l.Rotate() }, "P 1"},
		{"rotate", 4, numbers(0, 5), func(l *List) { l.Rotate() }, "1 4"},
	} {
		h := newHeap(t)
		l := build(h, tc.fill, 0, tc.elems...)
		tc.edit(&l)
		if got := shape(&l); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.what, got, tc.want)
		}
		if err := l.verify(); err != nil {
			t.Errorf("%s: %v", tc.what, err)
		}
		l.Free()
	}
}

func TestDepth(t *testing.T) {
	h := newHeap(t)
	var elems []string
	for i := range 12 {
		elems = append(elems, fmt.Sprintf("%03d%s", i, strings.Repeat("x", 100)))
	}
	for depth, want := range []string{"2 2 2 2 2 2", "2 ~2 ~2 ~2 ~2 2", "2 2 ~2 ~2 2 2", "2 2 2 2 2 2", "2 2 2 2 2 2"} {
		l := build(h, 2, depth, elems...)
		if got := shape(&l); got != want {
			t.Errorf("depth %d: %s, want %s", depth, got, want)
		}
		verify(t, &l, elems)
		l.Free()
	}
	// What does not compress is marked, and tried again only when it changes.
	l := New(h, 1, 1)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		noise := make([]byte, 200)
		for i := range noise {
			noise[i] = byte(rnd.Uint32())
		}
		l.PushTail(noise)
	}
	if n := l.Node(1); n.Compressed || !n.Tried {
		t.Errorf("noise: %+v", n)
	}
	l.Free()
}

func TestNodesForFiles(t *testing.T) {
	h := newHeap(t)
	l := New(h, -2, 0)
	lp := listpack.Append(h, why, listpack.New(h, why, 0), []byte("a"))
	l.AppendListpack(lp)
	l.AppendPlain([]byte("small but plain"))
	verify(t, &l, []string{"a", "small but plain"})
	if n := l.Node(1); !n.Plain || string(n.Data) != "small but plain" || n.Count != 1 {
		t.Errorf("node 1 is %+v", n)
	}
	if l.NodeListpack(0).Len() != 1 {
		t.Errorf("node 0 holds %d", l.NodeListpack(0).Len())
	}
	if got := l.Memory(0); int64(got) != h.Used() {
		t.Errorf("Memory %d, used %d", got, h.Used())
	}
	l.Delete(1, 1)
	lp = l.Detach()
	if !listpack.At(lp).Equal(listpack.HeaderSize, []byte("a")) {
		t.Error("detached listpack differs")
	}
	listpack.Free(h, why, lp)
}

// TestQueue runs elements through a list: the directory must not creep.
func TestQueue(t *testing.T) {
	h := newHeap(t)
	l := build(h, 1, 0, numbers(0, 100)...)
	limit := l.Memory(0) * 3 / 2
	for i := 100; i < 5000; i++ {
		l.PushTail([]byte(strconv.Itoa(i)))
		l.DropHead()
		if l.Memory(0) > limit {
			t.Fatalf("%d bytes after %d elements", l.Memory(0), i)
		}
	}
	verify(t, &l, numbers(4900, 5000))
	l.Delete(0, 99)
	if got := h.Pool().SizeOf(l.Root()); got > headerBytes+16*nodeBytes {
		t.Errorf("directory for one node takes %d bytes", got)
	}
	l.Free()
}

// FuzzEdit applies edits to a list and to a slice.
func FuzzEdit(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, fill := range []byte{0, 1, 2, 3, 4, 5, 6, 7} {
		for depth := range byte(4) {
			seed := []byte{fill, depth}
			for range 300 {
				seed = append(seed, byte(rnd.Uint32()))
			}
			f.Add(seed)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHeap(t)
		in := input{data: data}
		fill := []int{-1, -2, -5, 1, 2, 3, 4, 16}[in.next()%8]
		l := New(h, fill, int(in.next()%4))
		if in.next()%4 == 0 {
			l.PackedThreshold = 20
		}
		model := []string{}
		if in.next()%2 == 0 {
			// Enough of the same kind that inner nodes are condensed.
			for i := range 120 {
				s := fmt.Sprintf("element:%08d", i)
				l.PushTail([]byte(s))
				model = append(model, s)
			}
		}
		for step := 0; len(in.data) > 0 && step < 150; step++ {
			op, s := in.next()%16, in.elem()
			if in.next()%2 == 0 {
				s = fmt.Sprintf("element:%08d", len(s))
			}
			if len(model) == 0 {
				op %= 2
			}
			at := 0
			if len(model) > 0 {
				at = (int(in.next())<<8 + int(in.next())) % len(model)
			}
			count := int(in.next() % 9)
			switch op {
			case 0, 2, 3:
				l.PushTail([]byte(s))
				model = append(model, s)
			case 1, 4:
				l.PushHead([]byte(s))
				model = slices.Insert(model, 0, s)
			case 5, 6, 7:
				after := op != 5
				c, _ := l.Seek(at)
				l.Insert(&c, []byte(s), after)
				if after {
					at++
				}
				model = slices.Insert(model, at, s)
			case 8, 9:
				c, _ := l.Seek(at - len(model))
				l.Replace(&c, []byte(s))
				model[at] = s
			case 10:
				l.Delete(at, count)
				model = slices.Delete(model, at, min(at+count, len(model)))
			case 11:
				l.Delete(at-len(model), count)
				model = slices.Delete(model, at, min(at+count, len(model)))
			case 12:
				l.DropHead()
				model = slices.Delete(model, 0, 1)
			case 13:
				l.DropTail()
				model = model[:len(model)-1]
			case 14:
				l.Rotate()
				last := len(model) - 1
				model = slices.Insert(model[:last:last], 0, model[last])
			case 15:
				target := model[at]
				fromTail := count%2 == 1
				got := l.Remove([]byte(target), count/2, fromTail)
				var want int
				if model, want = remove(model, target, count/2, fromTail); got != want {
					t.Fatalf("Remove took out %d, want %d", got, want)
				}
			}
			verify(t, &l, model)
		}
		copied := l.Copy()
		verify(t, &copied, model)
		if got := shape(&copied); got != shape(&l) {
			t.Fatalf("copy %s, original %s", got, shape(&l))
		}
		if len(model) > 0 && int64(l.Memory(0)+copied.Memory(0)) != h.Used() {
			t.Fatalf("Memory %d and %d, used %d", l.Memory(0), copied.Memory(0), h.Used())
		}
		copied.Free()
		l.Free()
	})
}

// remove is Remove on a slice.
func remove(model []string, s string, limit int, fromTail bool) (kept []string, removed int) {
	kept = []string{}
	if limit == 0 {
		limit = len(model)
	}
	if fromTail {
		slices.Reverse(model)
	}
	for _, e := range model {
		if e == s && removed < limit {
			removed++
		} else {
			kept = append(kept, e)
		}
	}
	if fromTail {
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
	case 3:
		return ""
	}
	return string(rune('a' + n%5))
}

func benchmarkPush(b *testing.B, push func(l *List, s []byte)) {
	h := newHeap(b)
	elem := bytes.Repeat([]byte("x"), 16)
	l := New(h, -2, 0)
	for b.Loop() {
		push(&l, elem)
		if l.Len() == 1<<20 {
			b.StopTimer()
			l.Free()
			l = New(h, -2, 0)
			b.StartTimer()
		}
	}
	l.Free()
}

// TestCondensed: inner nodes of similar elements take less memory than their
// elements, edits and pops expand them, and they read as what they were.
func TestCondensed(t *testing.T) {
	h := newHeap(t)
	l := New(h, 32, 0)
	var model []string
	for i := range 3_000 {
		s := fmt.Sprintf("element:%08d", i)
		l.PushTail([]byte(s))
		model = append(model, s)
	}
	verify(t, &l, model)
	condensed := func() (n int) {
		for _, d := range l.nodes() {
			if d.condensed() {
				n++
			}
		}
		return n
	}
	nodes := l.Nodes()
	if n := condensed(); n != nodes-2*condenseDistance {
		t.Errorf("%d of %d nodes condensed", n, nodes)
	}
	if bytes := l.Memory(0); bytes > 3_000*8 {
		t.Errorf("%d bytes for 3,000 elements of 16", bytes)
	}
	for i := range nodes {
		n := l.Node(i)
		if v := listpack.View(n.Data); n.Compressed || len(v) != n.Size || !listpack.Validate(v, true, nil) || v.Len() != n.Count {
			t.Fatalf("node %d: %d elements, %d bytes: %x", i, n.Count, n.Size, n.Data)
		}
	}
	c, _ := l.Seek(1_500)
	l.Replace(&c, []byte("other"))
	model[1_500] = "other"
	verify(t, &l, model)
	if n := condensed(); n != nodes-2*condenseDistance-1 {
		t.Errorf("%d of %d nodes condensed after a change of one", n, nodes)
	}
	for range 1_350 {
		l.DropHead()
		l.DropTail()
	}
	model = model[1_350 : len(model)-1_350]
	verify(t, &l, model)
	l.Free()
}

func TestFreeStepIsBounded(t *testing.T) {
	h := newHeap(t)
	l := build(h, 1, 0, numbers(0, 12)...)
	for _, want := range []int{7, 2} {
		if l.FreeStep(5) || l.Nodes() != want {
			t.Fatalf("%d nodes are left after freeing 5, want %d", l.Nodes(), want)
		}
	}
	if !l.FreeStep(5) {
		t.Fatal("not everything was freed")
	}
}

func BenchmarkPushTail(b *testing.B) { benchmarkPush(b, (*List).PushTail) }
func BenchmarkPushHead(b *testing.B) { benchmarkPush(b, (*List).PushHead) }

func BenchmarkIndex(b *testing.B) {
	h := newHeap(b)
	l := New(h, -2, 0)
	for i := range 1 << 20 {
		l.PushTail(fmt.Appendf(nil, "element:%08d", i))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		if _, ok := l.Seek(rnd.IntN(1 << 20)); !ok {
			b.Fatal("not found")
		}
	}
	b.ReportMetric(float64(l.Memory(0))/(1<<20), "bytes/elem")
	l.Free()
}
