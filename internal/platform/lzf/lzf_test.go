package lzf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestDecompressKnownBlocks(t *testing.T) {
	for _, c := range []struct{ block, want string }{
		{"", ""},
		{"0261" + "6263", "abc"},
		{"0061" + "2000", "aaaa"},
		{"0061" + "e0ff00", strings.Repeat("a", 265)},
		{"016162" + "8001" + "0063", "abababab"[:8] + "c"},
	} {
		block, err := hex.DecodeString(c.block)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, len(c.want))
		n, err := Decompress(dst, block)
		if err != nil || string(dst[:n]) != c.want {
			t.Errorf("%s expands to %q, %v, want %q", c.block, dst[:n], err, c.want)
		}
		if len(c.want) > 0 {
			if _, err := Decompress(dst[:len(dst)-1], block); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s fits in %d bytes", c.block, len(dst)-1)
			}
			if n, err := Decompress(dst, block[:len(block)-1]); err == nil && n == len(c.want) {
				t.Errorf("%s expands even when cut short", c.block)
			}
		}
	}
	for _, bad := range []string{"05", "0061" + "2001", "20", "2000", "e000", "0061" + "e0"} {
		block, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decompress(make([]byte, 1000), block); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func roundTrip(t *testing.T, src []byte) int {
	t.Helper()
	var c Compressor
	dst := make([]byte, len(src)+len(src)/16+16)
	n := c.Compress(dst, src)
	back := make([]byte, len(src))
	m, err := Decompress(back, dst[:n])
	if err != nil || m != len(src) || !bytes.Equal(back, src) {
		t.Fatalf("%d bytes come back as %d, %v", len(src), m, err)
	}
	if n > 0 {
		if got := c.Compress(dst[:n-1], src); got != 0 {
			t.Fatalf("%d bytes of output were squeezed into %d", n, n-1)
		}
		if got := c.Compress(dst, src); got != n {
			t.Fatalf("the same input gives %d bytes, then %d", n, got)
		}
	}
	return n
}

func TestCompressSavesSpace(t *testing.T) {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 200))
	if n := roundTrip(t, text); n > len(text)/20 {
		t.Errorf("%d bytes of repeated text compress to %d", len(text), n)
	}
	if n := roundTrip(t, make([]byte, 100_000)); n > 1300 {
		t.Errorf("zeros compress to %d bytes", n)
	}
	random := make([]byte, 50_000)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	roundTrip(t, random)
	var c Compressor
	if n := c.Compress(make([]byte, len(random)-4), random); n != 0 {
		t.Errorf("noise compresses to %d bytes", n)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("abcabcabcabcd"))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0}, 300))
	f.Fuzz(func(t *testing.T, src []byte) { roundTrip(t, src) })
}

// model expands byte by byte, as the format is described.
func model(block []byte, room int) (out []byte, ok bool) {
	for len(block) > 0 {
		b := block[0]
		block = block[1:]
		if b>>5 == 0 {
			n := int(b) + 1
			if n > len(block) {
				return nil, false
			}
			out = append(out, block[:n]...)
			block = block[n:]
		} else {
			length := int(b >> 5)
			if length == 7 {
				if len(block) == 0 {
					return nil, false
				}
				length += int(block[0])
				block = block[1:]
			}
			if len(block) == 0 {
				return nil, false
			}
			from := len(out) - int(b&31)*256 - int(block[0]) - 1
			block = block[1:]
			for range length + 2 {
				if from < 0 {
					return nil, false
				}
				out = append(out, out[from])
				from++
			}
		}
		if len(out) > room {
			return nil, false
		}
	}
	return out, true
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte{0, 'a', 0x20, 0}, uint16(4))
	f.Add([]byte{0, 'a', 0xe0, 0xff, 0}, uint16(300))
	f.Fuzz(func(t *testing.T, block []byte, room uint16) {
		dst := make([]byte, room)
		n, err := Decompress(dst, block)
		want, ok := model(block, int(room))
		if ok != (err == nil) || ok && !bytes.Equal(dst[:n], want) {
			t.Fatalf("%x in %d bytes: %x, %v; the model says %x, %v", block, room, dst[:n], err, want, ok)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	src := []byte(strings.Repeat(`{"id":12345,"name":"some name","tags":["a","b"]}`, 100))
	dst := make([]byte, len(src))
	var c Compressor
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		c.Compress(dst, src)
	}
}
