package rdb

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

// KeyInfo is what a file keeps of a key besides its value.
type KeyInfo struct {
	Expiry      int64 // Unix milliseconds; -1: none
	IdleSeconds int64 // since the last access; -1: not kept
	Frequency   int   // LFU counter; -1: not kept
}

// The methods of Encoder below write the records of a file:
//
//	header, auxiliary fields, function libraries,
//	for each database: its number, its size, its keys
//	end, checksum
//
// The checksum covers all before it and is the business of who writes the
// bytes: see End.

// Header writes the magic and the version.
func (e *Encoder) Header() {
	magic := "REDIS0"
	if e.Version > foreignMax {
		magic = "VALKEY"
	}
	e.Out = fmt.Appendf(e.Out, "%s%03d", magic, e.Version)
}

// Aux writes an auxiliary field.
func (e *Encoder) Aux(name, val string) {
	e.Out = append(e.Out, opAux)
	e.String([]byte(name))
	e.String([]byte(val))
}

// AuxInt writes an auxiliary field that is a number.
func (e *Encoder) AuxInt(name string, val int64) { e.Aux(name, strconv.FormatInt(val, 10)) }

// SlotInfo writes how large a hash slot is whose keys follow, for readers that
// make room in advance.
func (e *Encoder) SlotInfo(slot int, keys, expires, volatiles int64) {
	e.Aux("slot-info", fmt.Sprintf("%d,%d,%d,%d", slot, keys, expires, volatiles))
}

// Function writes the source of a function library.
func (e *Encoder) Function(code []byte) {
	e.Out = append(e.Out, opFunction)
	e.String(code)
}

// SelectDB makes the keys that follow those of a database.
func (e *Encoder) SelectDB(db int) {
	e.Out = append(e.Out, opSelectDB)
	e.length(uint64(db))
}

// ResizeDB writes how many keys a database has and how many of them expire.
func (e *Encoder) ResizeDB(keys, expires int64) {
	e.Out = append(e.Out, opResizeDB)
	e.length(uint64(keys))
	e.length(uint64(expires))
}

// StringKey writes a key that holds a string.
func (e *Encoder) StringKey(key []byte, info KeyInfo, text []byte) {
	e.key(KindString, key, info)
	e.String(text)
	e.mayspill()
}

// ValueKey writes a key that holds something else. The error is
// ErrInexpressible; nothing is written then.
func (e *Encoder) ValueKey(key []byte, info KeyInfo, v *value.Value) error {
	k, ok := KindOf(v, e.Version)
	if !ok {
		return ErrInexpressible
	}
	e.key(k, key, info)
	e.value(k, v)
	e.mayspill()
	return nil
}

func (e *Encoder) key(k Kind, key []byte, info KeyInfo) {
	if info.Expiry >= 0 {
		e.Out = append(e.Out, opExpiryMillis)
		e.millis(info.Expiry)
	}
	if info.IdleSeconds >= 0 {
		e.Out = append(e.Out, opIdle)
		e.length(uint64(info.IdleSeconds))
	}
	if info.Frequency >= 0 {
		e.Out = append(e.Out, opFrequency, byte(info.Frequency))
	}
	e.kind(k)
	e.String(key)
}

// End writes the end mark. What must follow is the checksum of all bytes from
// the header to the mark, or 0 for none, by AppendChecksum.
func (e *Encoder) End() { e.Out = append(e.Out, opEnd) }

// AppendChecksum appends the last eight bytes of a file.
func AppendChecksum(dst []byte, sum uint64) []byte { return binary.LittleEndian.AppendUint64(dst, sum) }
