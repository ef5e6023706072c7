package listpack

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// restore condenses a listpack, checks that expanding leads back to it, and returns
// how many bytes the condensed form has.
func restore(t testing.TB, v View, stride int) int {
	t.Helper()
	length := 0
	for _, every := range []int{stride, 7, 1 << 20} {
		cuts := cutsOf(v, every)
		dst := make([]byte, 2*len(v)+64+8*len(cuts))
		n := Condense(dst, v, stride, cuts)
		if n == 0 && longestPart(v, cuts) > pieceSizeMax {
			continue
		}
		if n == 0 {
			t.Fatalf("not condensed: %x", []byte(v))
		}
		back := make(View, len(v))
		Condensed(dst[:n]).Expand(back, stride)
		if !bytes.Equal(back, v) {
			t.Fatalf("stride %d: expanded\n%x, want\n%x, condensed %x", stride, []byte(back), []byte(v), dst[:n])
		}
		checkPieces(t, dst[:n], v, stride, cuts)
		for room := range min(n, 100) {
			if got := Condense(dst[:room], v, stride, cuts); got != 0 {
				t.Fatalf("%d bytes condensed into %d", got, room)
			}
		}
		length = n
	}
	return length
}

// cutsOf returns the positions of every so manyth element but the first.
func cutsOf(v View, every int) (cuts []int) {
	i := 0
	for p := v.First(); p != 0; p = v.Next(p) {
		if i > 0 && i%every == 0 {
			cuts = append(cuts, p)
		}
		i++
	}
	return cuts
}

// longestPart returns how long the longest part between cuts is.
func longestPart(v View, cuts []int) (longest int) {
	from := HeaderSize
	for _, to := range append(cuts, v.End()) {
		longest = max(longest, to-from)
		from = to
	}
	return longest
}

// checkPieces checks that each piece expands to its part of the listpack, behind
// whatever is there, and its beginning to the beginning of that.
func checkPieces(t testing.TB, c Condensed, v View, stride int, cuts []int) {
	t.Helper()
	if c.Pieces() != len(cuts)+1 {
		t.Fatalf("%d pieces, want %d", c.Pieces(), len(cuts)+1)
	}
	from := HeaderSize
	for k, to := range append(cuts, v.End()) {
		for _, at := range []int{HeaderSize, HeaderSize + 9} {
			for _, slack := range []int{0, ExpandSlack} {
				got := c.ExpandPiece(make([]byte, at+to-from+1+slack), at, k, stride)
				if !bytes.Equal(got[at:got.End()], v[from:to]) || got[got.End()] != end || len(got) != at+to-from+1 {
					t.Fatalf("piece %d at %d: %x, want %x", k, at, []byte(got[at:]), []byte(v[from:to]))
				}
			}
		}
		p := from
		for n := 0; p <= to; n++ {
			got := c.ExpandFirst(make([]byte, HeaderSize+to-from+1), HeaderSize, k, stride, n)
			if !bytes.Equal(got[HeaderSize:got.End()], v[from:p]) {
				t.Fatalf("first %d of piece %d: %x, want %x", n, k, []byte(got[HeaderSize:]), []byte(v[from:p]))
			}
			if p == to {
				break
			}
			p = v.after(p)
		}
		from = to
	}
	if got, want := c.PieceSizeMax(), longestPart(v, cuts); got != want {
		t.Fatalf("longest piece of %d bytes, want %d", got, want)
	}
}

// TestCondenseSize pins how much it helps.
func TestCondenseSize(t *testing.T) {
	h := newHeap(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, tc := range []struct {
		name    string
		stride  int
		percent int // at most
		elem    func(i int) string
	}{
		{"neighbours", 1, 15, func(i int) string { return fmt.Sprintf("element:%08d", i) }},
		{"equal", 1, 2, func(int) string { return "element" }},
		{"ascending integers", 1, 21, func(i int) string { return fmt.Sprint(1000000 + i) }},
		{"random integers", 1, 85, func(int) string { return fmt.Sprint(rnd.Uint32() >> 2) }},
		{"random strings", 1, 95, func(int) string { return fmt.Sprintf("%016x", rnd.Uint64()) }},
		{"stream", 5, 80, func(i int) string {
			return []string{"2", fmt.Sprint(i * 3), "0", fmt.Sprintf("%016x", rnd.Uint64()), "4"}[i%5]
		}},
	} {
		lp := New(h, why, 0)
		for i := range 400 {
			lp = Append(h, why, lp, []byte(tc.elem(i)))
		}
		v := At(lp)
		if n := restore(t, v, tc.stride); n*100 > len(v)*tc.percent {
			t.Errorf("%s: %d of %d bytes, want at most %d %%", tc.name, n, len(v), tc.percent)
		}
		Free(h, why, lp)
	}
}

// TestCondenseForeign: what this package would write differently is left alone.
func TestCondenseForeign(t *testing.T) {
	for _, body := range []string{"\xf1\x05\x00\x03", "\xe0\x03abc\x05", "\xf0\x03\x00\x00\x00abc\x08"} {
		b := append([]byte{byte(7 + len(body)), 0, 0, 0, 1, 0}, body...)
		v := View(append(b, end))
		if !Validate(v, true, nil) {
			t.Fatalf("%x is no listpack", b)
		}
		if n := Condense(make([]byte, 100), v, 1, nil); n != 0 {
			t.Errorf("%x condensed into %d bytes", b, n)
		}
	}
	// A string that reads as an integer stays a string.
	restore(t, View("\x0b\x00\x00\x00\x01\x00\x8212\x03\xff"[:11]), 1)
}

func FuzzCondense(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		seed := make([]byte, 200)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHeap(t)
		lp := New(h, why, 0)
		in := input{data}
		stride := int(in.next()%6) + 1
		for step := 0; len(in.data) > 0 && step < 200; step++ {
			last := At(lp).Len() - 1
			var similar Elem
			if last >= 0 {
				similar = At(lp).Get(At(lp).Seek(last - int(in.next())%min(last+1, stride)))
				similar.Str = bytes.Clone(similar.Str)
			}
			switch in.next() % 5 {
			case 0:
				lp = Append(h, why, lp, []byte(in.elem()))
			case 1:
				lp = Append(h, why, lp, similar.Append(nil))
			case 2:
				lp = AppendInt(h, why, lp, similar.Int+int64(in.next())-40)
			case 3:
				lp = AppendInt(h, why, lp, math.MinInt64>>(in.next()%64)+int64(in.next()))
			case 4:
				s := append(similar.Append(nil), in.elem()...)
				lp = Append(h, why, lp, s[:min(len(s), 1+int(in.next()))])
			}
		}
		restore(t, At(lp), stride)
		Free(h, why, lp)
	})
}

func benchmarkNode(b *testing.B, stride int, elem func(i int) string) (h *offheap.Heap, lp offheap.Ref) {
	h = newHeap(b)
	lp = New(h, why, 0)
	for i := 0; At(lp).Size() < 8000; i++ {
		lp = Append(h, why, lp, []byte(elem(i)))
	}
	return h, lp
}

func BenchmarkCondense(b *testing.B) {
	for _, tc := range []struct {
		name   string
		stride int
		elem   func(i int) string
	}{
		{"neighbours", 1, func(i int) string { return fmt.Sprintf("element:%08d", i) }},
		{"random", 1, func(i int) string { return fmt.Sprintf("%016x", uint64(i)*0x9E3779B97F4A7C15) }},
		{"named", 1, func(i int) string { return fmt.Sprintf("element:%012d", uint64(i)*0x9E3779B97F4A7C15>>25) }},
		{"stream", 5, func(i int) string {
			return []string{"2", fmt.Sprint(i * 3), "0", fmt.Sprintf("%016x", uint64(i)*0x9E3779B97F4A7C15), "4"}[i%5]
		}},
	} {
		h, lp := benchmarkNode(b, tc.stride, tc.elem)
		v := At(lp)
		dst := make([]byte, 2*len(v))
		n := Condense(dst, v, tc.stride, nil)
		perElem := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(v.Len()), "ns/elem")
		}
		b.Run(tc.name+"/condense", func(b *testing.B) {
			for b.Loop() {
				Condense(dst, v, tc.stride, nil)
			}
			perElem(b)
		})
		back := make([]byte, len(v))
		b.Run(tc.name+"/expand", func(b *testing.B) {
			for b.Loop() {
				Condensed(dst[:n]).Expand(back, tc.stride)
			}
			perElem(b)
		})
		Free(h, why, lp)
	}
}
