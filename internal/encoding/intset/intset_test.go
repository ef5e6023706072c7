package intset

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeSet

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

func members(v View) []int64 {
	all := []int64{}
	for i := range v.Len() {
		all = append(all, v.Get(i))
	}
	return all
}

// TestFormat pins the bytes: they are in RDB files.
func TestFormat(t *testing.T) {
	h := newHeap(t)
	is := New(h, why)
	for _, tc := range []struct {
		add  int64
		want string
	}{
		{5, "\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00"},
		{-2, "\x02\x00\x00\x00\x02\x00\x00\x00\xfe\xff\x05\x00"},
		{1 << 16, "\x04\x00\x00\x00\x03\x00\x00\x00\xfe\xff\xff\xff\x05\x00\x00\x00\x00\x00\x01\x00"},
		{-1 << 40, "\x08\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff" +
			"\xfe\xff\xff\xff\xff\xff\xff\xff\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"},
	} {
		var added bool
		if is, added = Add(h, why, is, tc.add); !added {
			t.Errorf("%d was there", tc.add)
		}
		if got := string(At(is)); got != tc.want {
			t.Errorf("after %d: %x, want %x", tc.add, got, tc.want)
		}
	}
	is, _ = Remove(h, why, is, -1<<40)
	if got := At(is); got.width() != 8 || got.Min() != -2 || got.Max() != 1<<16 {
		t.Errorf("after Remove: %x", []byte(got))
	}
	Free(h, why, is)
}

func TestValidateRefuses(t *testing.T) {
	good := "\x02\x00\x00\x00\x02\x00\x00\x00\xfe\xff\x05\x00"
	if !Validate([]byte(good), true) {
		t.Fatal("a good set is refused")
	}
	for what, b := range map[string]string{
		"nothing":         "",
		"half a header":   good[:6],
		"no members":      "\x02\x00\x00\x00\x00\x00\x00\x00",
		"width 3":         "\x03" + good[1:],
		"too short":       good[:10],
		"too long":        good + "\x00\x00",
		"overflow":        "\x08\x00\x00\x00\x00\x00\x00\x20",
		"equal members":   "\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\x05\x00",
		"falling members": "\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\xfe\xff",
	} {
		if Validate([]byte(b), true) {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestRandom(t *testing.T) {
	h := newHeap(t)
	is := New(h, why)
	for n := range int64(10) {
		is, _ = Add(h, why, is, n*n)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	hits := make(map[int64]bool)
	for range 300 {
		hits[At(is).Random(rnd.IntN)] = true
	}
	if len(hits) != 10 {
		t.Errorf("only %d of 10 members came up", len(hits))
	}
	dup := Copy(h, why, At(is))
	if !bytes.Equal(At(dup), At(is)) {
		t.Error("the copy differs")
	}
	Free(h, why, is)
	Free(h, why, dup)
}

// FuzzEdit applies edits to an intset and to a sorted slice.
func FuzzEdit(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, bits := range []int{4, 8, 15, 16, 31, 32, 63} {
		var seed []byte
		for range 60 {
			n := int64(rnd.Uint64()>>(64-bits)) - 1<<(bits-1)
			seed = binary.LittleEndian.AppendUint64(append(seed, byte(rnd.Uint32())), uint64(n))
		}
		f.Add(seed)
	}
	f.Add(binary.LittleEndian.AppendUint64([]byte{0}, math.MaxUint64>>1+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHeap(t)
		is := New(h, why)
		model := []int64{}
		width := 2
		for ; len(data) >= 9; data = data[9:] {
			n := int64(binary.LittleEndian.Uint64(data[1:]))
			at, was := slices.BinarySearch(model, n)
			if index, found := At(is).Search(n); index != at || found != was || At(is).Contains(n) != was {
				t.Fatalf("%d found %t at %d, want %t at %d", n, found, index, was, at)
			}
			var changed bool
			if data[0]%4 != 0 {
				is, changed = Add(h, why, is, n)
				if changed == was {
					t.Fatalf("Add(%d) %t", n, changed)
				}
				if !was {
					model = slices.Insert(model, at, n)
				}
				width = max(width, widthOf(n))
			} else {
				is, changed = Remove(h, why, is, n)
				if changed != was {
					t.Fatalf("Remove(%d) %t", n, changed)
				}
				if was {
					model = slices.Delete(model, at, at+1)
				}
			}
			v := At(is)
			if got := members(v); !slices.Equal(got, model) {
				t.Fatalf("members %d, want %d", got, model)
			}
			if len(model) > 0 && (!Validate(v, true) || v.Min() != model[0] || v.Max() != model[len(model)-1]) {
				t.Fatalf("malformed: %x", []byte(v))
			}
			if v.width() != width || v.Size() != HeaderSize+width*len(model) {
				t.Fatalf("width %d, size %d; want width %d", v.width(), v.Size(), width)
			}
			if !h.Pool().Fits(is, v.Size()) {
				t.Fatalf("%d bytes lie in a block of %d", v.Size(), h.Pool().SizeOf(is))
			}
		}
		Free(h, why, is)
	})
}

// FuzzValidate: whatever Validate accepts can be read in full.
func FuzzValidate(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00"))
	f.Add([]byte("\x08\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Validate(b, true) {
			for i, n := range members(View(b)) {
				if index, found := View(b).Search(n); !found || index != i {
					t.Fatalf("member %d not found", n)
				}
			}
		}
	})
}

func BenchmarkContains(b *testing.B) {
	h := newHeap(b)
	is := New(h, why)
	for n := range int64(512) {
		is, _ = Add(h, why, is, n*100)
	}
	v := At(is)
	n := int64(0)
	for b.Loop() {
		v.Contains(n & 0xFFFF)
		n += 7919
	}
	Free(h, why, is)
}

func BenchmarkAdd(b *testing.B) {
	h := newHeap(b)
	for b.Loop() {
		is := New(h, why)
		for n := range int64(512) {
			is, _ = Add(h, why, is, n*7919%512)
		}
		Free(h, why, is)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/member")
}
