package rdb

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// ReadOptions say how a file is read.
type ReadOptions struct {
	Heap   *offheap.Heap
	Limits *value.Limits
	// Relaxed accepts versions that are not known.
	Relaxed bool
	// SkipChecksum does without the checksum (rdbchecksum).
	SkipChecksum bool
	// FieldsNowMillis drops fields of hashes that have expired then; 0 keeps all.
	FieldsNowMillis int64
}

// RecordType says what a record is.
type RecordType uint8

// The records.
const (
	RecordEnd       RecordType = iota // the end; the checksum is right
	RecordKey                         // Key, Info and Object
	RecordAux                         // Name and Text
	RecordSelectDB                    // DB
	RecordResizeDB                    // Keys and Expires
	RecordFunction                    // Text
	RecordModuleAux                   // Name: of a module; what it wrote was passed over
	RecordSlotInfo                    // of a foreign server; passed over
)

// Record is one record of a file. Name, Key and texts are valid until the next.
type Record struct {
	Type          RecordType
	DB            int
	Keys, Expires uint64
	Name, Text    []byte
	Key           []byte
	Kind          Kind
	Info          KeyInfo
	Object        Object // the reader's caller owns the value
}

// Reader reads a file from front to back.
type Reader struct {
	d      decoder
	opts   ReadOptions
	key    []byte
	name   []byte
	doing  string
	Valkey bool // the magic
	// Version is that of the file.
	Version int
	// Checksum reports, at the end, whether the file had a checksum.
	Checksum bool
}

// NewReader reads the header. The error is ErrCorrupt for what is no RDB file,
// ErrVersion, or that of r.
func NewReader(r io.Reader, o ReadOptions) (*Reader, error) {
	now := hash.IgnoreExpiry
	if o.FieldsNowMillis != 0 {
		now = o.FieldsNowMillis
	}
	f := &Reader{
		d:    decoder{in: input{r: r, noSum: o.SkipChecksum}, heap: o.Heap, lim: o.Limits, fieldsNow: now},
		opts: o, doing: "start",
	}
	head, err := f.d.in.take(9)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("REDIS0")):
	case bytes.HasPrefix(head, []byte("VALKEY")):
		f.Valkey = true
	default:
		return nil, SignatureError(head)
	}
	f.Version, err = strconv.Atoi(string(head[6:]))
	if err != nil || !AcceptedFile(f.Version, f.Valkey, o.Relaxed) {
		return nil, VersionError(f.Version)
	}
	return f, nil
}

// Offset returns how many bytes were read.
func (f *Reader) Offset() int64 { return f.d.in.offset() }

// Doing returns what was last being read, for messages about errors.
func (f *Reader) Doing() string { return f.doing }

// Next returns the next record. After RecordEnd or an error there is none.
func (f *Reader) Next() (r Record, err error) {
	r.Info = KeyInfo{Expiry: -1, IdleSeconds: -1, Frequency: -1}
	for {
		f.doing = "read-type"
		op, err := f.d.in.byte()
		if err != nil {
			return r, err
		}
		if !f.Valkey && op >= foreignOpcodeMin && op <= foreignOpcodeMax {
			r.Kind = Kind(op)
			return r, &ForeignTypeError{Type: op, Version: f.Version}
		}
		info := true
		switch op {
		case opExpirySeconds:
			f.doing = "read-expire"
			var b []byte
			if b, err = f.d.in.take(4); err == nil {
				r.Info.Expiry = 1000 * (int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(int8(b[3]))<<24)
			}
		case opExpiryMillis:
			f.doing = "read-expire"
			var bits uint64
			bits, err = f.d.in.uint64()
			r.Info.Expiry = int64(bits)
		case opFrequency:
			f.doing = "read-freq"
			var b byte
			b, err = f.d.in.byte()
			r.Info.Frequency = int(b)
		case opIdle:
			f.doing = "read-idle"
			var n uint64
			if n, err = f.d.in.length(); err == nil {
				r.Info.IdleSeconds = int64(min(n, math.MaxInt32))
			}
		default:
			info = false
			err = f.record(op, &r)
		}
		if err != nil || !info {
			return r, err
		}
	}
}

func (f *Reader) record(op byte, r *Record) (err error) {
	in := &f.d.in
	switch op {
	case opEnd:
		f.doing = "check-sum"
		return f.checksum()
	case opAux:
		f.doing = "read-aux"
		r.Type = RecordAux
		if r.Name, err = f.keepName(); err != nil {
			return err
		}
		r.Text, err = in.string()
		return err
	case opSelectDB:
		f.doing = "read-len"
		r.Type = RecordSelectDB
		n, err := in.length()
		r.DB = int(min(n, math.MaxInt32))
		return err
	case opResizeDB:
		f.doing = "read-len"
		r.Type = RecordResizeDB
		return f.d.lengths(&r.Keys, &r.Expires)
	case opSlotInfo:
		f.doing = "read-len"
		r.Type = RecordSlotInfo
		var slot, keys, expires uint64
		return f.d.lengths(&slot, &keys, &expires)
	case opFunction:
		f.doing = "read-functions"
		r.Type = RecordFunction
		r.Text, err = in.string()
		return err
	case opFunctionOld:
		return corrupt("Pre-release function format not supported.")
	case opModuleAux:
		f.doing = "read-module-aux"
		return f.moduleAux(r)
	case opSlotImport:
		return corrupt("slot import state outside of a cluster")
	}
	return f.keyRecord(Kind(op), r)
}

func (f *Reader) keepName() ([]byte, error) {
	s, err := f.d.in.string()
	f.name = append(f.name[:0], s...)
	return f.name, err
}

func (f *Reader) keyRecord(k Kind, r *Record) error {
	r.Type, r.Kind = RecordKey, k
	if !k.Known() {
		return fmt.Errorf("%w: %d", ErrKind, k)
	}
	f.doing = "read-key"
	key, err := f.d.in.string()
	if err != nil {
		return err
	}
	f.key = append(f.key[:0], key...)
	r.Key = f.key
	f.doing = "read-object-value"
	r.Object, err = f.d.object(k)
	return err
}

// checksum compares the last eight bytes with the checksum. Files before
// version 5 have none.
func (f *Reader) checksum() error {
	if f.Version < 5 {
		return nil
	}
	in := &f.d.in
	in.account()
	sum := in.sum
	want, err := in.uint64()
	if err != nil {
		return err
	}
	f.Checksum = want != 0
	if want != 0 && !f.opts.SkipChecksum && want != sum {
		return fmt.Errorf("%w: %x expected, %x found", ErrChecksum, want, sum)
	}
	return nil
}

// moduleAux passes over what a module wrote.
func (f *Reader) moduleAux(r *Record) error {
	r.Type = RecordModuleAux
	id, err := f.d.in.length()
	if err != nil {
		return err
	}
	f.name = appendModuleName(f.name[:0], id)
	r.Name = f.name
	if op, err := f.d.in.length(); err != nil || op != modUint {
		return orCorrupt(err, "module aux")
	}
	if _, err := f.d.in.length(); err != nil { // before or after the keys
		return err
	}
	return f.skipModule()
}

func orCorrupt(err error, what string) error {
	if err != nil {
		return err
	}
	return corrupt("%s", what)
}

// skipModule passes over the annotated parts of what a module wrote.
func (f *Reader) skipModule() error {
	in := &f.d.in
	for {
		op, err := in.length()
		if err != nil {
			return err
		}
		switch op {
		case modEnd:
			return nil
		case modInt, modUint:
			_, err = in.length()
		case modString:
			_, err = in.string()
		case modFloat:
			_, err = in.take(4)
		case modDouble:
			_, err = in.take(8)
		default:
			err = corrupt("part of a module's value of unknown kind %d", op)
		}
		if err != nil {
			return err
		}
	}
}

// appendModuleName appends the nine characters of which the upper 54 bits of a
// module's ID are made.
func appendModuleName(dst []byte, id uint64) []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for shift := 58; shift >= 10; shift -= 6 {
		dst = append(dst, letters[id>>shift&63])
	}
	return dst
}
