package checksum

import (
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

func TestCheckValues(t *testing.T) {
	digits := []byte("123456789")
	if got := CRC64(0, digits); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("CRC64 is %#x", got)
	}
	if got := CRC16(digits); got != 0x31c3 {
		t.Errorf("CRC16 is %#x", got)
	}
	if CRC64(0, nil) != 0 || CRC16(nil) != 0 {
		t.Error("the checksum of nothing is not 0")
	}
}

func TestCRC64AgreesWithTheStandardLibrary(t *testing.T) {
	table := crc64.MakeTable(jones)
	rnd := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 300)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	for n := range data {
		want := ^crc64.Update(^uint64(7), table, data[:n]) // the library inverts before and after
		if got := CRC64(7, data[:n]); got != want {
			t.Fatalf("%d bytes: %#x, want %#x", n, got, want)
		}
		if cut := rnd.IntN(n + 1); CRC64(CRC64(7, data[:cut]), data[cut:n]) != want {
			t.Fatalf("%d bytes cut at %d: not continued", n, cut)
		}
	}
}

func TestKeySlot(t *testing.T) {
	for key, want := range map[string]uint16{
		"":                     0,
		"foo":                  12182,
		"bar":                  5061,
		"{foo}bar":             12182,
		"x{foo}{bar}":          12182,
		"123456789":            12739,
		"{user1000}.following": 3443,
		"{user1000}.followers": 3443,
		"foo{}{bar}":           8363,
		"foo{{bar}}zap":        4015,
		"foo{bar}{zap}":        5061,
	} {
		if got := KeySlot([]byte(key)); got != want {
			t.Errorf("slot of %q is %d, want %d", key, got, want)
		}
	}
	if KeySlot([]byte("foo{bar")) != CRC16([]byte("foo{bar"))%Slots {
		t.Error("an unclosed tag is not ignored")
	}
}

func TestPatternSlot(t *testing.T) {
	for pattern, key := range map[string]string{
		"foo": "foo", "{foo}*": "{foo}", "a{foo}[b": "{foo}", "{}a{b}": "{}a{b}", "": "",
		"*{foo}": "-", "{f*}": "-", "foo*": "-", `{foo\}`: "-", "{}*": "-", "{}{a}*": "-",
	} {
		slot, ok := PatternSlot([]byte(pattern))
		if ok != (key != "-") || ok && slot != KeySlot([]byte(key)) {
			t.Errorf("pattern %q: %d, %v", pattern, slot, ok)
		}
	}
}

func BenchmarkCRC64(b *testing.B) {
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		CRC64(0, data)
	}
}

func BenchmarkKeySlot(b *testing.B) {
	key := []byte("key:000000012345")
	for b.Loop() {
		KeySlot(key)
	}
}
