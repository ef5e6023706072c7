package bitmap

import (
	"bytes"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// plain holds one bit per element.
func plain(m []byte) []bool {
	all := make([]bool, 8*len(m))
	for i := range all {
		all[i] = m[i/8]>>(7-i%8)&1 == 1
	}
	return all
}

func FuzzRanges(f *testing.F) {
	f.Add(uint64(1), uint16(0), uint16(1), uint16(7), byte(2))
	f.Add(uint64(2), uint16(1000), uint16(3), uint16(7999), byte(0))
	f.Add(uint64(3), uint16(1000), uint16(0), uint16(65535), byte(255))
	f.Add(uint64(4), uint16(515), uint16(1500), uint16(1503), byte(1))
	f.Fuzz(func(t *testing.T, seed uint64, size, from, to uint16, density byte) {
		rng := rand.New(rand.NewPCG(seed, 0))
		m := make([]byte, int(size)%4096+1)
		for i := range m {
			if byte(rng.Uint32()) <= density {
				m[i] = byte(rng.Uint32())
			} else if density > 200 {
				m[i] = 0xff
			}
		}
		all := plain(m)
		first, last := int(from)%len(all), int(to)%len(all)
		if first > last {
			first, last = last, first
		}
		count, found := 0, map[bool]int{false: -1, true: -1}
		for i := first; i <= last; i++ {
			if all[i] {
				count++
			}
			if found[all[i]] < 0 {
				found[all[i]] = i
			}
			if Get(m, i) != all[i] {
				t.Fatalf("bit %d", i)
			}
		}
		if n := CountBits(m, first, last); n != count {
			t.Errorf("%d ones in %d..%d, not %d", n, first, last, count)
		}
		for _, on := range []bool{false, true} {
			if at := Find(m, first, last, on); at != found[on] {
				t.Errorf("%v in %d..%d at %d, not %d", on, first, last, at, found[on])
			}
		}
		Set(m, first, !all[first])
		all[first] = !all[first]
		for i, on := range plain(m) {
			if on != all[i] {
				t.Fatalf("bit %d after a change of %d", i, first)
			}
		}
	})
}

func TestCountOfAllLengths(t *testing.T) {
	m := make([]byte, 1200)
	for i := range m {
		m[i] = byte(i*7 + i>>8)
	}
	for _, start := range []int{0, 1, 5} {
		want := 0
		for n := range m[start:] {
			if got := Count(m[start : start+n]); got != want {
				t.Fatalf("%d bytes from %d: %d, not %d", n, start, got, want)
			}
			want += bits.OnesCount8(m[start+n])
		}
	}
	if n := Count(bytes.Repeat([]byte{0xff}, 1<<20)); n != 8<<20 {
		t.Errorf("%d", n)
	}
}

func FuzzCombine(f *testing.F) {
	f.Add(uint64(1), byte(2), uint16(100))
	f.Add(uint64(2), byte(1), uint16(0))
	f.Add(uint64(3), byte(17), uint16(40000))
	f.Fuzz(func(t *testing.T, seed uint64, count byte, size uint16) {
		rng := rand.New(rand.NewPCG(seed, 0))
		sources := make([][]byte, int(count)%20+1)
		longest := 0
		for i := range sources {
			sources[i] = make([]byte, rng.IntN(int(size)+1))
			for k := range sources[i] {
				sources[i][k] = byte(rng.Uint32())
			}
			longest = max(longest, len(sources[i]))
		}
		at := func(s []byte, i int) byte {
			if i < len(s) {
				return s[i]
			}
			return 0
		}
		got := make([]byte, longest)
		for op, apply := range []func(a, b byte) byte{
			And: func(a, b byte) byte { return a & b },
			Or:  func(a, b byte) byte { return a | b },
			Xor: func(a, b byte) byte { return a ^ b },
		} {
			for i := range got {
				got[i] = byte(rng.Uint32())
			}
			Combine(got, Operation(op), sources)
			for i := range got {
				want := at(sources[0], i)
				for _, s := range sources[1:] {
					want = apply(want, at(s, i))
				}
				if got[i] != want {
					t.Fatalf("operation %d, byte %d: %x, not %x", op, i, got[i], want)
				}
			}
		}
		inverse := make([]byte, len(sources[0]))
		Combine(inverse, Not, sources[:1])
		for i, b := range sources[0] {
			if inverse[i] != ^b {
				t.Fatalf("inverse, byte %d", i)
			}
		}
	})
}

func FuzzField(f *testing.F) {
	f.Add(uint64(1), uint16(7), byte(9), int64(300), int64(-5), true)
	f.Add(uint64(2), uint16(63), byte(64), int64(-1<<63), int64(-1), true)
	f.Add(uint64(3), uint16(1), byte(63), int64(1<<62), int64(1<<62), false)
	f.Fuzz(func(t *testing.T, seed uint64, offset uint16, width byte, val, increment int64, signed bool) {
		fld := Field{Offset: int(offset) % 1000, Bits: int(width)%63 + 1, Signed: signed}
		if signed && width == 64 {
			fld.Bits = 64
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		m := make([]byte, (fld.End()+7)/8+rng.IntN(3))
		for i := range m {
			m[i] = byte(rng.Uint32())
		}
		all := plain(m)
		fld.Set(m, val)
		for i, on := range plain(m) {
			want := all[i]
			if k := i - fld.Offset; k >= 0 && k < fld.Bits {
				want = uint64(val)>>(fld.Bits-1-k)&1 == 1
			}
			if on != want {
				t.Fatalf("%+v: bit %d", fld, i)
			}
		}
		// The sum, exactly.
		low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(fld.Bits))
		if signed {
			high.Rsh(high, 1)
			low.Neg(high)
		}
		high.Sub(high, big.NewInt(1))
		modulus := new(big.Int).Lsh(big.NewInt(1), uint(fld.Bits))
		old := fld.Get(m)
		if big.NewInt(old).Cmp(low) < 0 || big.NewInt(old).Cmp(high) > 0 || (old-val)<<(64-fld.Bits) != 0 {
			t.Fatalf("%+v: %d set, %d got", fld, val, old)
		}
		sum := new(big.Int).Add(big.NewInt(old), big.NewInt(increment))
		fits := sum.Cmp(low) >= 0 && sum.Cmp(high) <= 0
		saturated, wrapped := new(big.Int).Set(sum), new(big.Int).Mod(sum, modulus)
		if wrapped.Cmp(high) > 0 {
			wrapped.Sub(wrapped, modulus)
		}
		if sum.Cmp(high) > 0 {
			saturated = high
		} else if sum.Cmp(low) < 0 {
			saturated = low
		}
		// As in Valkey, differences wrap around in 64 bits for increments that
		// no field of less than 64 bits can take.
		if fld.Bits >= 63 || increment < 1<<61 && increment > -1<<61 {
			if got, _ := fld.Add(old, increment, Saturate); got != saturated.Int64() {
				t.Errorf("%+v: %d%+d saturates at %d, not %v", fld, old, increment, got, saturated)
			}
		}
		if got, _ := fld.Add(old, increment, Wrap); got != wrapped.Int64() {
			t.Errorf("%+v: %d%+d wraps to %d, not %v", fld, old, increment, got, wrapped)
		}
		if got, ok := fld.Add(old, increment, Fail); ok != fits || ok && got != sum.Int64() {
			t.Errorf("%+v: %d%+d is %d, %v", fld, old, increment, got, ok)
		}
	})
}

func BenchmarkCount10MB(b *testing.B) {
	m := make([]byte, 10<<20)
	b.SetBytes(int64(len(m)))
	for b.Loop() {
		Count(m)
	}
}

func BenchmarkAnd10MB(b *testing.B) {
	sources := [][]byte{make([]byte, 10<<20), make([]byte, 10<<20)}
	dst := make([]byte, 10<<20)
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		Combine(dst, And, sources)
	}
}

// Where a bitmap begins and ends must not change what Count finds.
func TestCountAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	m := make([]byte, 40<<10)
	for i := range m {
		m[i] = byte(rng.Uint32())
	}
	for from := range 130 {
		part := m[from : len(m)-rng.IntN(len(m)-from)]
		if n, want := Count(part), countWords(part); n != want {
			t.Fatalf("%d ones in %d bytes from %d on, not %d", n, len(part), from, want)
		}
	}
	for length := alignFrom - 2; length < alignFrom+70; length++ {
		if n, want := Count(m[1:1+length]), countWords(m[1:1+length]); n != want {
			t.Fatalf("%d ones in %d bytes, not %d", n, length, want)
		}
	}
}
