package rdb

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/lzf"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

const (
	inputRoom = 64 << 10
	// growStep is how much room is made at once for bytes that have not come
	// yet, whatever a length promises.
	growStep = 1 << 20
	// stringMax is the longest string that is read; no server writes longer ones.
	stringMax = 1 << 32
)

// input is the bytes of a payload or of a file, taken from the front.
type input struct {
	r   io.Reader // nil: all is in buf
	buf []byte
	pos int

	base int64 // offset of buf in the file

	sum    uint64
	summed int // up to where buf is in sum
	noSum  bool

	plain []byte // what LZF data or an integer became
}

// take returns the next n bytes, valid until the next call.
func (in *input) take(n int) ([]byte, error) {
	if len(in.buf)-in.pos < n {
		if err := in.fill(n); err != nil {
			return nil, err
		}
	}
	b := in.buf[in.pos : in.pos+n : in.pos+n]
	in.pos += n
	return b, nil
}

// fill makes n bytes available.
func (in *input) fill(n int) error {
	if in.r == nil {
		return corrupt("%d bytes expected where %d are left", n, len(in.buf)-in.pos)
	}
	in.account()
	in.base += int64(in.pos)
	rest := in.buf[in.pos:]
	if cap(in.buf) > 8*growStep && n+len(rest) < inputRoom {
		in.buf = make([]byte, 0, inputRoom) // a large string has gone by
	}
	in.buf = append(in.buf[:0], rest...)
	in.pos, in.summed = 0, 0
	for len(in.buf) < n {
		if len(in.buf) == cap(in.buf) {
			room := max(inputRoom, min(n, len(in.buf)+max(growStep, len(in.buf))))
			in.buf = append(make([]byte, 0, room), in.buf...)
		}
		got, err := in.r.Read(in.buf[len(in.buf):cap(in.buf)])
		in.buf = in.buf[:len(in.buf)+got]
		if got == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// account brings the checksum up to the present position.
func (in *input) account() {
	if !in.noSum {
		in.sum = checksum.CRC64(in.sum, in.buf[in.summed:in.pos])
	}
	in.summed = in.pos
}

// offset returns how many bytes were taken.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// left returns how many bytes may be left: exactly, if all are there.
func (in *input) left() uint64 {
	if in.r == nil {
		return uint64(len(in.buf) - in.pos)
	}
	return math.MaxInt64
}

func (in *input) byte() (byte, error) {
	b, err := in.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (in *input) uint64() (uint64, error) {
	b, err := in.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// lengthOrForm reads a number; encoded says that it names the form of a string.
func (in *input) lengthOrForm() (n uint64, encoded bool, err error) {
	first, err := in.byte()
	if err != nil {
		return 0, false, err
	}
	switch {
	case first>>6 == len6:
		return uint64(first & 0x3f), false, nil
	case first>>6 == len14:
		b, err := in.byte()
		return uint64(first&0x3f)<<8 | uint64(b), false, err
	case first>>6 == lenEncoded:
		return uint64(first & 0x3f), true, nil
	case first == len32:
		b, err := in.take(4)
		if err != nil {
			return 0, false, err
		}
		return uint64(binary.BigEndian.Uint32(b)), false, nil
	case first == len64:
		b, err := in.take(8)
		if err != nil {
			return 0, false, err
		}
		return binary.BigEndian.Uint64(b), false, nil
	}
	return 0, false, corrupt("length begins with %#x", first)
}

func (in *input) length() (uint64, error) {
	n, encoded, err := in.lengthOrForm()
	if err == nil && encoded {
		return 0, corrupt("a string form where a length is expected")
	}
	return n, err
}

// count reads how many elements follow, each of at least one byte.
func (in *input) count() (int, error) {
	n, err := in.length()
	if err != nil {
		return 0, err
	}
	if n > in.left() || n > math.MaxInt64 {
		return 0, corrupt("%d elements announced where %d bytes are left", n, in.left())
	}
	return int(n), nil
}

// string reads a string. It is valid until the next call; an integer is
// written as text.
func (in *input) string() ([]byte, error) {
	n, encoded, err := in.lengthOrForm()
	if err != nil {
		return nil, err
	}
	if !encoded {
		return in.bytes(n)
	}
	switch n {
	case encInt8:
		b, err := in.take(1)
		if err != nil {
			return nil, err
		}
		return in.integer(int64(int8(b[0]))), nil
	case encInt16:
		b, err := in.take(2)
		if err != nil {
			return nil, err
		}
		return in.integer(int64(int16(binary.LittleEndian.Uint16(b)))), nil
	case encInt32:
		b, err := in.take(4)
		if err != nil {
			return nil, err
		}
		return in.integer(int64(int32(binary.LittleEndian.Uint32(b)))), nil
	case encLZF:
		return in.lzf()
	}
	return nil, corrupt("string of unknown form %d", n)
}

func (in *input) bytes(n uint64) ([]byte, error) {
	if n > in.left() || n > stringMax {
		return nil, corrupt("string of %d bytes where %d are left", n, in.left())
	}
	return in.take(int(n))
}

func (in *input) integer(n int64) []byte {
	in.plain = number.AppendInt(in.plain[:0], n)
	return in.plain
}

// lzf reads a compressed string. Three bytes become at most 264, so that what a
// header promises is bounded by what is there.
func (in *input) lzf() ([]byte, error) {
	packed, err := in.length()
	if err != nil {
		return nil, err
	}
	size, err := in.length()
	if err != nil {
		return nil, err
	}
	if size > stringMax || size > packed*88+264 {
		return nil, corrupt("%d compressed bytes cannot become %d", packed, size)
	}
	b, err := in.bytes(packed)
	if err != nil {
		return nil, err
	}
	if cap(in.plain) < int(size) || cap(in.plain) > growStep {
		in.plain = make([]byte, size)
	}
	in.plain = in.plain[:size]
	if n, err := lzf.Decompress(in.plain, b); err != nil || n != int(size) {
		return nil, corrupt("compressed string of %d bytes does not have %d", packed, size)
	}
	return in.plain, nil
}

// textDouble reads a score of the old kind.
func (in *input) textDouble() (float64, error) {
	n, err := in.byte()
	if err != nil {
		return 0, err
	}
	switch n {
	case 255:
		return math.Inf(-1), nil
	case 254:
		return math.Inf(1), nil
	case 253:
		return math.NaN(), nil
	}
	b, err := in.take(int(n))
	if err != nil {
		return 0, err
	}
	d, ok := parseScore(b)
	if !ok {
		return 0, corrupt("score %q", b)
	}
	return d, nil
}

func (in *input) double() (float64, error) {
	bits, err := in.uint64()
	return math.Float64frombits(bits), err
}
