package rdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// fileOf returns a file of a magic and records, with its end and checksum.
func fileOf(magic string, records ...[]byte) []byte {
	b := append([]byte(magic), slices.Concat(records...)...)
	b = append(b, opEnd)
	return AppendChecksum(b, checksum.CRC64(0, b))
}

// keysOf returns what happens to a file: the keys that were read, and the error.
func keysOf(h *offheap.Heap, file []byte, relaxed bool) (keys []string, err error) {
	f, err := NewReader(bytes.NewReader(file), ReadOptions{Heap: h, Limits: value.DefaultLimits(), Relaxed: relaxed})
	for err == nil {
		var rec Record
		if rec, err = f.Next(); err != nil || rec.Type == RecordEnd {
			return keys, err
		}
		if rec.Type == RecordKey {
			keys = append(keys, string(rec.Key))
		}
	}
	return nil, err
}

// stringKey is the record of the key k with the value v.
var stringKey = []byte("\x00\x01k\x01v")

// TestForeignFiles reads whole files of all magics and versions under both
// settings of rdb-version-check.
func TestForeignFiles(t *testing.T) {
	h := newHeap(t)
	const strict, relaxed = 1, 2
	for _, c := range []struct {
		magic string
		in    int // where it is read
	}{
		{"REDIS0000", 0}, {"REDIS0001", strict | relaxed}, {"REDIS0009", strict | relaxed}, {"REDIS0011", strict | relaxed},
		{"REDIS0012", relaxed}, {"REDIS0013", relaxed}, {"REDIS0079", relaxed}, {"REDIS0080", 0}, {"REDIS0081", 0},
		{"VALKEY000", 0}, {"VALKEY011", 0}, {"VALKEY012", 0}, {"VALKEY079", 0}, {"VALKEY080", strict | relaxed},
		{"VALKEY081", relaxed}, {"VALKEY999", relaxed}, {"REDIS00x1", 0}, {"VALKEYxyz", 0},
	} {
		for setting, mode := range map[bool]int{false: strict, true: relaxed} {
			keys, err := keysOf(h, fileOf(c.magic, stringKey), setting)
			switch {
			case c.in&mode == 0 && !errors.Is(err, ErrVersion):
				t.Errorf("%s, relaxed %v: %v instead of a refused version", c.magic, setting, err)
			case c.in&mode != 0 && (err != nil || len(keys) != 1):
				t.Errorf("%s, relaxed %v: %q, %v", c.magic, setting, keys, err)
			}
		}
	}
	for _, magic := range []string{"REDIS1011", "REDIS", "RADIS0011", "valkey080", "KVASIR080"} {
		if _, err := keysOf(h, fileOf(magic, stringKey, stringKey), true); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v instead of a wrong signature", magic, err)
		}
	}
}

// TestForeignTypes reads files with types that mean something else in each
// history: those behind Redis's magic are refused by name, whatever the version.
func TestForeignTypes(t *testing.T) {
	h := newHeap(t)
	// A hash with one field that could expire, in version 80.
	hash := []byte("\x16\x01h\x01\x01f\x01v\xff\xff\xff\xff\xff\xff\xff\xff")
	if keys, err := keysOf(h, fileOf("VALKEY080", stringKey, hash), false); err != nil || len(keys) != 2 {
		t.Errorf("version 80: %q, %v", keys, err)
	}
	for _, magic := range []string{"REDIS0001", "REDIS0011", "REDIS0012", "REDIS0079"} {
		for op := 22; op <= 243; op++ {
			keys, err := keysOf(h, fileOf(magic, stringKey, []byte{byte(op)}, hash[1:]), true)
			foreign, ok := errors.AsType[*ForeignTypeError](err)
			if !ok || int(foreign.Type) != op || !errors.Is(err, ErrKind) || len(keys) != 1 {
				t.Errorf("%s, type %d: %q, %v", magic, op, keys, err)
			}
		}
	}
}

// TestSlotInfo reads files with the sizes of slots, as an opcode, which Redis
// writes, and as an auxiliary field, which Valkey writes.
func TestSlotInfo(t *testing.T) {
	h := newHeap(t)
	opcode := []byte("\xf4" + "\x05" + "\x41\x00" + "\x80\x00\x01\x86\xa0") // slot 5: 256 keys, 100000 that expire
	far := []byte("\xf4" + "\x80\xff\xff\xff\xff" + "\x81\x7f\xff\xff\xff\xff\xff\xff\xff" + "\x00")
	aux := []byte("\xfa" + "\x09slot-info" + "\x07" + "1,2,3,0")
	for _, magic := range []string{"REDIS0011", "REDIS0012", "VALKEY080"} {
		file := fileOf(magic, opcode, stringKey, aux, far, opcode, stringKey, aux)
		if keys, err := keysOf(h, file, true); err != nil || len(keys) != 2 {
			t.Errorf("%s: %q, %v", magic, keys, err)
		}
		for i := range file {
			if _, err := keysOf(h, file[:i], true); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d: %v", magic, i, err)
			}
		}
	}
	// Something else than a length.
	if _, err := keysOf(h, fileOf("VALKEY080", []byte("\xf4\x05\xc0\x01\x00"), stringKey), true); err == nil {
		t.Error("an encoded string is taken for a length")
	}
	e := Encoder{Format: Format{Version: Version}}
	e.SlotInfo(1, 2, 3, 0)
	if !bytes.Equal(e.Out, aux) {
		t.Errorf("writes %s", fmt.Sprintf("%q", e.Out))
	}
}
