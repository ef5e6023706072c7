package hyperloglog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// check walks a sketch and compares its registers with the model.
func check(t *testing.T, b []byte, model *Set) {
	t.Helper()
	if !Valid(b) {
		t.Fatalf("not a sketch: %x", b[:min(len(b), 40)])
	}
	if got, ok := All(b); !ok || *got != *model {
		t.Fatalf("ok %v, registers differ", ok)
	}
}

func FuzzSketch(f *testing.F) {
	f.Add(uint64(1), uint16(300), uint16(3000), byte(51))
	f.Add(uint64(2), uint16(2000), uint16(100), byte(3))
	f.Add(uint64(3), uint16(1500), uint16(16000), byte(32))
	f.Fuzz(func(t *testing.T, seed uint64, steps, sparseMax uint16, runs byte) {
		rng := rand.New(rand.NewPCG(seed, 0))
		b := New()
		var model Set
		near := rng.IntN(Registers)
		for range int(steps) % 3000 {
			index, run := rng.IntN(Registers), byte(rng.IntN(int(runs)%runMax+1)+1)
			if rng.IntN(2) == 0 { // long runs of the same value
				index, run = (near+rng.IntN(50))%Registers, byte(rng.IntN(2)+1)
			}
			raised, changed, ok := Raise(b, index, run, int(sparseMax))
			if !ok || changed != (run > model[index]) {
				t.Fatalf("register %d to %d: changed %v, ok %v", index, run, changed, ok)
			}
			model[index] = max(model[index], run)
			b = raised
			if !IsDense(b) && len(b) > max(int(sparseMax), len(New())) {
				t.Fatalf("%d bytes", len(b))
			}
		}
		check(t, b, &model)
		d, ok := ToDense(b)
		if !ok {
			t.Fatal("corrupt")
		}
		check(t, d, &model)
		stored := make([]byte, DenseBytes)
		copy(stored, d[:headerBytes])
		model.Store(stored)
		if !bytes.Equal(stored, d) {
			t.Fatal("Store")
		}
		n, _ := Count(b)
		if m, _ := Count(d); m != n || model.Count() != n {
			t.Errorf("estimates %d, %d, %d", n, m, model.Count())
		}
		other, union := new(Set), model
		for i := range other {
			other[i] = byte(rng.IntN(52))
			union[i] = max(union[i], other[i])
		}
		if other.Merge(d); *other != union {
			t.Error("Merge")
		}
	})
}

func FuzzCorruptSketches(f *testing.F) {
	f.Add([]byte{0x7f, 0xff}, uint16(5))
	f.Add([]byte{0x7f}, uint16(5))
	f.Add([]byte{0x84, 0x7f, 0xff}, uint16(16383))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, registers []byte, index uint16) {
		b := append(New()[:headerBytes], registers...)
		_, whole := Count(b)
		if _, ok := All(b); ok != whole {
			t.Error("Count and All differ")
		}
		_ = Runs(b)
		if raised, _, ok := Raise(b, int(index)%Registers, 33, 3000); ok {
			if _, ok := All(raised); !ok || !whole {
				t.Error("a corrupt sketch became whole")
			}
		}
	})
}

func TestEstimates(t *testing.T) {
	b := New()
	var element [8]byte
	for i := 1; i <= 100_000; i++ {
		binary.LittleEndian.PutUint64(element[:], uint64(i))
		index, run := Place(element[:])
		b, _, _ = Raise(b, index, run, 3000)
		switch i {
		case 10, 1000, 100_000:
			if n, ok := Count(b); !ok || n < int64(i)*95/100 || n > int64(i)*105/100 {
				t.Errorf("%d of %d", n, i)
			}
		}
	}
}

func BenchmarkUnion10(b *testing.B) {
	d := make([]byte, DenseBytes)
	for i := range d[headerBytes:] {
		d[headerBytes+i] = byte(i * 7)
	}
	for b.Loop() {
		var s Set
		for range 10 {
			s.Merge(d)
		}
		s.Count()
	}
}

func BenchmarkMergeDense(b *testing.B) {
	var packed [registerBytes]byte
	var s Set
	for b.Loop() {
		s.mergeDense(&packed)
	}
}

// typical is the union of sketches of 100,000 elements.
func typical() *Set {
	rng := rand.New(rand.NewPCG(7, 8))
	var s Set
	for range 100_000 {
		i := rng.IntN(Registers)
		s[i] = max(s[i], byte(bits.TrailingZeros64(rng.Uint64())+1))
	}
	return &s
}

func BenchmarkSetCount(b *testing.B) {
	s := typical()
	for b.Loop() {
		s.Count()
	}
}

func BenchmarkCountWords(b *testing.B) {
	s := typical()
	for b.Loop() {
		var h histogram
		s.countWords(&h)
	}
}
