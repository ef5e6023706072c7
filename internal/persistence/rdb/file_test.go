package rdb

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func newHeap(t *testing.T) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return pool.NewHeap()
}

// sample is a value of every type.
func sample(h *offheap.Heap) map[string]value.Value {
	lim := value.DefaultLimits()
	l := list.NewBuilder(h, lim)
	l.Push([]byte("a"))
	l.Push([]byte("1"))
	s := value.Value{Type: value.Set, Enc: value.ListPack}
	set.Add(h, lim, &s, []byte("x"))
	z := value.Value{Type: value.ZSet, Enc: value.SkipList}
	zset.Add(h, lim, &z, 1.5, []byte("m"), 0)
	zset.Add(h, lim, &z, -2, []byte("n"), 0)
	f := value.Value{Type: value.Hash, Enc: value.ListPack}
	hash.Set(h, lim, &f, []byte("f"), []byte("v"), hash.NoExpiry, false, 0)
	x := stream.New(h)
	o := stream.Open(h, &x)
	o.Append(lim, stream.ID{Millis: 1, Seq: 1}, [][]byte{[]byte("k"), []byte("v")})
	g, _ := o.CreateGroup([]byte("g"), stream.ID{Millis: 1, Seq: 1}, stream.UnknownRead)
	c, _ := g.CreateConsumer([]byte("c"), 1000)
	p := g.Assign(stream.ID{Millis: 1, Seq: 1}, c)
	p.DeliveryMillis, p.Deliveries = 2000, 3
	return map[string]value.Value{"l": l.Finish(), "s": s, "z": z, "h": f, "x": x}
}

var sampleKeys = []string{"l", "s", "z", "h", "x"}

// write returns a file of the sample.
func write(t *testing.T, h *offheap.Heap, version int) []byte {
	e := Encoder{Format: Format{Version: version}}
	e.Header()
	e.Aux("aux", "text")
	e.Function([]byte("code"))
	e.SelectDB(3)
	e.ResizeDB(6, 1)
	e.StringKey([]byte("k"), KeyInfo{Expiry: 1234567890123, IdleSeconds: 70, Frequency: -1}, []byte("string"))
	values := sample(h)
	for _, key := range sampleKeys {
		v := values[key]
		if err := e.ValueKey([]byte(key), KeyInfo{-1, -1, 5}, &v); err != nil {
			t.Fatal(err)
		}
	}
	e.End()
	return AppendChecksum(e.Out, checksum.CRC64(0, e.Out))
}

// read returns the records of a file as text.
func read(r io.Reader, h *offheap.Heap) (string, error) {
	f, err := NewReader(r, ReadOptions{Heap: h, Limits: value.DefaultLimits()})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		rec, err := f.Next()
		if err != nil {
			return b.String(), err
		}
		switch rec.Type {
		case RecordEnd:
			return b.String(), nil
		case RecordAux:
			fmt.Fprintf(&b, "aux %s %s\n", rec.Name, rec.Text)
		case RecordFunction:
			fmt.Fprintf(&b, "function %s\n", rec.Text)
		case RecordSelectDB:
			fmt.Fprintf(&b, "db %d\n", rec.DB)
		case RecordResizeDB:
			fmt.Fprintf(&b, "size %d %d\n", rec.Keys, rec.Expires)
		case RecordKey:
			// What is in a value is told by its payload.
			text := string(rec.Object.Text)
			if !rec.Object.IsString() {
				e := Encoder{Format: Format{Version: Version}}
				if err := e.DumpValue(&rec.Object.Value); err != nil {
					return "", err
				}
				text = hex.EncodeToString(e.Out[:len(e.Out)-payloadFooter])
			}
			fmt.Fprintf(&b, "key %s %v %s\n", rec.Key, rec.Info, text)
		}
	}
}

// TestVersions writes files of all versions that can be written and reads them
// as a whole and byte by byte.
func TestVersions(t *testing.T) {
	h := newHeap(t)
	for version, magic := range map[int]string{VersionRedis70: "REDIS0010", VersionRedis72: "REDIS0011", Version: "VALKEY080"} {
		file := write(t, h, version)
		if string(file[:9]) != magic {
			t.Errorf("version %d begins with %q", version, file[:9])
		}
		whole, err := read(bytes.NewReader(file), h)
		if err != nil {
			t.Fatal(version, err)
		}
		slow, err := read(iotest.OneByteReader(bytes.NewReader(file)), h)
		if err != nil || slow != whole {
			t.Errorf("version %d, byte by byte: %v\n%s", version, err, slow)
		}
		for i := range file {
			if _, err := read(bytes.NewReader(file[:i]), h); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("version %d cut at %d: %v", version, i, err)
			}
		}
	}
	v := value.Value{Type: value.Hash}
	hash.Set(h, value.DefaultLimits(), &v, []byte("f"), []byte("v"), 99, false, 0)
	if _, ok := KindOf(&v, VersionRedis72); ok {
		t.Error("a hash with a field that expires has a kind in version 11")
	}
}

// TestFileBytes fails when the format of a file changes.
func TestFileBytes(t *testing.T) {
	h := newHeap(t)
	for version, want := range goldenFiles {
		if got := hex.EncodeToString(write(t, h, version)); got != want {
			t.Errorf("version %d:\n got %s\nwant %s", version, got, want)
		}
	}
}

// goldenFiles were read by the servers of their time.
var goldenFiles = map[int]string{
	10: "524544495330303130fa036175780474657874f504636f6465fe03fb0601fccb04fb711f010000f8404600016b06737472696e67f90512016c01020c0c00000002008161020101fff905020173010178f90505017a02016d000000000000f83f016e00000000000000c0f9051001680d0d0000000200816602817602fff9051301780110000000000000000100000000000000011d1d0000000a00010100010101816b0200010201000100018176020401ff0101010101000001010167010181ffffffffffffffff0100000000000000010000000000000001d00700000000000003010163e8030000000000000100000000000000010000000000000001ff717a8c52c809012c",
	80: "56414c4b4559303830fa036175780474657874f504636f6465fe03fb0601fccb04fb711f010000f8404600016b06737472696e67f90512016c01020c0c00000002008161020101fff9051401730a0a0000000100817802fff90505017a02016d000000000000f83f016e00000000000000c0f9051001680d0d0000000200816602817602fff9051501780110000000000000000100000000000000011d1d0000000a00010100010101816b0200010201000100018176020401ff0101010101000001010167010181ffffffffffffffff0100000000000000010000000000000001d00700000000000003010163e803000000000000ffffffffffffffff0100000000000000010000000000000001ffe161987377edb2be",
}

// TestSpill writes a value in pieces that are never larger than asked for.
func TestSpill(t *testing.T) {
	h := newHeap(t)
	lim := value.DefaultLimits()
	v := value.Value{Type: value.Set, Enc: value.HashTable}
	for i := range 5000 {
		set.Add(h, lim, &v, fmt.Appendf(nil, "member:%d", i))
	}
	write := func(spill int) (all []byte) {
		e := Encoder{Format: Format{Version: Version}}
		if spill > 0 {
			e.SpillBytes = spill
			e.Spill = func() {
				if len(e.Out) > spill+32 {
					t.Errorf("%d bytes at once", len(e.Out))
				}
				all = append(all, e.Out...)
				e.Out = e.Out[:0]
			}
		}
		if err := e.ValueKey([]byte("k"), KeyInfo{-1, -1, -1}, &v); err != nil {
			t.Fatal(err)
		}
		e.String(bytes.Repeat([]byte("0123"), 10000))
		return append(all, e.Out...)
	}
	if !bytes.Equal(write(0), write(512)) {
		t.Error("pieces do not make the whole")
	}
}

// TestVersionRules are those of rdb-version-check.
func TestVersionRules(t *testing.T) {
	for _, c := range []struct {
		version           int
		strict, relaxed   bool
		redisFile, vkFile bool // strict
	}{
		{0, false, false, false, false}, {1, true, true, true, false}, {11, true, true, true, false},
		{12, false, true, false, false}, {79, false, true, false, false}, {80, true, true, false, true}, {81, false, true, false, false},
	} {
		if Accepted(c.version, false) != c.strict || Accepted(c.version, true) != c.relaxed ||
			AcceptedFile(c.version, false, false) != c.redisFile || AcceptedFile(c.version, true, false) != c.vkFile {
			t.Errorf("version %d", c.version)
		}
	}
}

// FuzzFile reads whatever there is.
func FuzzFile(f *testing.F) {
	for _, text := range goldenFiles {
		raw, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) { read(bytes.NewReader(b), newHeap(t)) })
}
