// Package resp speaks the protocol: Parser cuts the bytes of a connection
// into commands, Writer lays out replies.
//
// Vocabulary:
//
//   - frame: the bytes of one command, from its first byte to the end of its
//     last line.
//   - multibulk: the binary-safe form of a command, an array of bulk strings
//     (*2\r\n$3\r\nGET\r\n$1\r\nk\r\n).
//   - inline: the form typed by hand, words on a line, with quotes.
//   - header: a length line, *N or $N.
//   - RESP2, RESP3: the two reply dialects. A connection starts with RESP2 and
//     may ask for RESP3; commands look the same in both.
//
// Both ends work on memory of the caller's. Parser returns arguments that
// alias the buffer it was given and keeps nothing but a few numbers between
// calls. Writer appends to a buffer that can be taken away and given back, so
// that only connections with replies under way hold one. Neither allocates
// once its slices have grown.
package resp

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Status says what Parser.Next found at the start of a buffer.
type Status uint8

const (
	// Incomplete: the frame goes on beyond the buffer. Call again with the
	// same frame and more bytes; Missing tells how many at least.
	Incomplete Status = iota
	// Complete: a command; its arguments are returned.
	Complete
	// Empty: bytes that ask for nothing, a blank line or a multibulk without
	// elements. Skip them and go on. (A replica's link counts a blank line
	// as a sign of life.)
	Empty
	// Invalid: the stream cannot be understood from here on. Err has the
	// details; reply and close.
	Invalid
)

// Limits bounds what a client may send. The zero value is not useful; start
// from DefaultLimits.
type Limits struct {
	// MaxBulkBytes is the longest argument (proto-max-bulk-len);
	// math.MaxInt64 for a replication stream.
	MaxBulkBytes int64
	// MaxMultibulk is the largest number of arguments.
	MaxMultibulk int
	// MaxInlineBytes is how much is buffered at most while the end of an
	// inline command or of a header has not been seen.
	MaxInlineBytes int
	// Authenticated is false while the client still has to authenticate: it
	// then gets by with little, so that strangers cannot make the server
	// buffer much.
	Authenticated bool
}

const (
	unauthenticatedMultibulkMax = 10
	unauthenticatedBulkBytesMax = 16384

	defaultBulkBytesMax   = 512 << 20
	defaultInlineBytesMax = 64 << 10

	multibulkMax = math.MaxInt32
)

const (
	lineEndBytes     = 2 // \r\n
	argumentBytesMin = 6 // $0\r\n\r\n
	bulkUnknown      = -1
)

// DefaultLimits returns the limits of an authenticated client under the
// default configuration.
func DefaultLimits() Limits {
	return Limits{
		MaxBulkBytes:   defaultBulkBytesMax,
		MaxMultibulk:   multibulkMax,
		MaxInlineBytes: defaultInlineBytesMax,
		Authenticated:  true,
	}
}

// multibulk returns the largest number of arguments taken without complaint.
func (l *Limits) multibulk() int {
	if l.Authenticated {
		return l.MaxMultibulk
	}
	return min(l.MaxMultibulk, unauthenticatedMultibulkMax)
}

// bulkBytes returns the longest argument taken without complaint.
func (l *Limits) bulkBytes() int64 {
	if l.Authenticated {
		return l.MaxBulkBytes
	}
	return min(l.MaxBulkBytes, unauthenticatedBulkBytesMax)
}

// Parser is the state of one connection's request stream: nothing between
// frames, and four numbers within one. The zero value is ready.
//
// A frame that is complete in the buffer takes the short way: collect, one
// pass. A frame that arrives in pieces is looked at twice, however many the
// pieces: advance checks it in steps as it grows and remembers only where to
// go on; when it is complete, collect gathers the arguments. So the cost is
// linear, no list of partial arguments is kept, and the caller may move an
// incomplete frame to another buffer between calls.
type Parser struct {
	// Offsets are relative to the frame's start.
	at      int   // where parsing goes on; 0 until the *N header is known
	scanned int   // no line end lies in [at,scanned)
	left    int   // arguments still to come
	bulk    int64 // length of the argument at at; bulkUnknown before its header

	problem problem
	got     byte // the byte found where problem says it should not be
}

// Next parses one frame at the start of buf. A complete command's arguments
// replace those in args, whose array is used again if it is large enough; they
// alias buf and are valid as long as the caller leaves its bytes alone.
// consumed is the frame's length for Complete and Empty, else 0. While a frame
// is Incomplete, the next buffer must begin with the same bytes.
//
// Unquoting an inline command rewrites its line in place.
func (p *Parser) Next(buf []byte, args [][]byte, limits *Limits) (argv [][]byte, consumed int, status Status) {
	if p.at == 0 {
		if argv, consumed = collect(buf, args, limits.multibulk(), limits.bulkBytes()); consumed != 0 {
			p.scanned = 0
			return argv, consumed, Complete
		}
	}
	args = args[:0]
	if len(buf) == 0 {
		return args, 0, Incomplete
	}
	if buf[0] != '*' {
		return p.nextInline(buf, args, limits)
	}
	switch status = p.advance(buf, limits); status {
	case Complete:
		consumed = p.at
		if argv, _ = collect(buf[:consumed], args, multibulkMax, math.MaxInt64); argv == nil {
			panic("resp: the bytes of an incomplete frame have changed")
		}
		p.Reset()
		return argv, consumed, Complete
	case Empty:
		consumed = p.at
		p.Reset()
	}
	return args, consumed, status
}

// Reset forgets an incomplete frame and an error.
func (p *Parser) Reset() { *p = Parser{} }

// Missing tells how many bytes, at least, an incomplete frame still needs,
// have of them being there. Inside a large argument the number is exact up to
// the argument's end, so that the rest of it can be read straight to its
// place. It is what the client announced: memory for it should be set aside
// only within the client's own budget.
func (p *Parser) Missing(have int) int64 {
	if p.at == 0 || p.bulk == bulkUnknown {
		return 1
	}
	return p.bulk + lineEndBytes - int64(have-p.at) + int64(p.left-1)*argumentBytesMin
}

// Receiving returns the announced length of the argument that an incomplete frame
// ends within, 0 where it ends between arguments.
func (p *Parser) Receiving() int64 {
	if p.at == 0 || p.bulk == bulkUnknown {
		return 0
	}
	return p.bulk
}

// The headers of short arguments as little-endian words: "$d\r\n" and "$dd\r",
// and the bytes of them that are not digits.
const (
	oneDigitHeader     = '$' | '\r'<<16 | '\n'<<24
	oneDigitHeaderMask = 0xffff00ff
	twoDigitHeader     = '$' | '\r'<<24
	twoDigitHeaderMask = 0xff0000ff
	lineEnd            = '\r' | '\n'<<8
)

// collect takes a well-formed multibulk frame at the start of buf apart. It
// returns nil and 0 for everything else: incomplete, inline, empty, over a
// limit, or wrong; advance finds out which.
func collect(buf []byte, args [][]byte, countMax int, bulkBytesMax int64) (argv [][]byte, consumed int) {
	if len(buf) < 4 || buf[0] != '*' {
		return nil, 0
	}
	count, at := int(buf[1]-'0'), 4
	if buf[2] != '\r' || buf[3] != '\n' {
		if count, at = header(buf, 0); at == 0 {
			return nil, 0
		}
	} else if count > 9 {
		return nil, 0
	}
	// The division keeps a claimed count from reserving memory that no bytes
	// stand for.
	if count == 0 || count > countMax || count > (len(buf)-at)/argumentBytesMin {
		return nil, 0
	}
	args = slices.Grow(args[:0], count)[:count]
	for i := range args {
		if len(buf)-at < argumentBytesMin {
			return nil, 0
		}
		size, start := 0, 0
		word := load32(buf, at)
		if word&oneDigitHeaderMask == oneDigitHeader {
			size, start = int(byte(word>>8)-'0'), at+4
			if size > 9 {
				return nil, 0
			}
		} else if tens := byte(word>>8) - '1'; word&twoDigitHeaderMask == twoDigitHeader && buf[at+4] == '\n' && tens < 9 {
			units := byte(word>>16) - '0'
			if units > 9 {
				return nil, 0
			}
			size, start = int(tens)*10+10+int(units), at+5
		} else if buf[at] != '$' {
			return nil, 0
		} else if size, start = header(buf, at); start == 0 {
			return nil, 0
		}
		if size > len(buf)-start-lineEndBytes || int64(size) > bulkBytesMax {
			return nil, 0
		}
		end := start + size
		if load16(buf, end) != lineEnd {
			return nil, 0
		}
		args[i] = buf[start:end:end]
		at = end + lineEndBytes
	}
	return args, at
}

// load32 returns the 4 bytes at buf[at:], which must exist: collect has just
// compared at with the length, and checking again costs it a fifth of its time.
func load32(buf []byte, at int) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(buf)), at))[:])
}

// load16 is load32 for 2 bytes.
func load16(buf []byte, at int) uint16 {
	return binary.LittleEndian.Uint16((*[2]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(buf)), at))[:])
}

// headerDigitsMax bounds the lengths that header reads; longer ones are left
// to advance.
const headerDigitsMax = 18

// header reads the positive number behind the type byte at buf[at] and returns
// it with the offset behind its line end, or 0, 0 if that is not what stands
// there in full.
func header(buf []byte, at int) (value, next int) {
	line := buf[at+1:]
	if len(line) > headerDigitsMax+lineEndBytes {
		line = line[:headerDigitsMax+lineEndBytes]
	}
	for i, c := range line {
		if d := c - '0'; d <= 9 && (i > 0 || d != 0) {
			value = value*10 + int(d)
			continue
		}
		if c == '\r' && i > 0 && i <= headerDigitsMax && i+1 < len(line) && line[i+1] == '\n' {
			return value, at + 1 + i + lineEndBytes
		}
		break
	}
	return 0, 0
}

// advance goes on checking a multibulk frame from where it was left.
func (p *Parser) advance(buf []byte, limits *Limits) Status {
	if p.at == 0 {
		value, ok, status := p.headerLine(buf, limits, problemBigMultibulkCount)
		if status != Complete {
			return status
		}
		switch {
		case !ok || value > int64(limits.MaxMultibulk):
			return p.fail(problemMultibulkLength)
		case value > int64(limits.multibulk()):
			return p.fail(problemUnauthenticatedMultibulk)
		case value <= 0:
			return Empty
		}
		p.left, p.bulk = int(value), bulkUnknown
	}
	for p.left > 0 {
		if p.bulk == bulkUnknown {
			value, ok, status := p.headerLine(buf, limits, problemBigBulkCount)
			if status != Complete {
				return status
			}
			switch {
			case !ok || value < 0 || value > limits.MaxBulkBytes:
				return p.fail(problemBulkLength)
			case value > limits.bulkBytes():
				return p.fail(problemUnauthenticatedBulk)
			}
			p.bulk = value
		}
		if int64(len(buf)-p.at)-lineEndBytes < p.bulk {
			return Incomplete
		}
		end := p.at + int(p.bulk)
		if binary.LittleEndian.Uint16(buf[end:]) != lineEnd {
			return p.fail(problemLineEnd)
		}
		p.at = end + lineEndBytes
		p.scanned = p.at
		p.bulk = bulkUnknown
		p.left--
	}
	return Complete
}

// headerLine reads the header at p.at and, if status is Complete, moves behind
// it. ok tells whether it held an integer. tooLong is the problem of a line
// whose end does not come.
func (p *Parser) headerLine(buf []byte, limits *Limits, tooLong problem) (value int64, ok bool, status Status) {
	from := max(p.at, p.scanned)
	found := bytes.IndexByte(buf[from:], '\r')
	if found < 0 {
		p.scanned = len(buf)
		if len(buf)-p.at > limits.MaxInlineBytes {
			return 0, false, p.fail(tooLong)
		}
		return 0, false, Incomplete
	}
	end := from + found
	p.scanned = end
	if end+1 == len(buf) {
		return 0, false, Incomplete
	}
	if p.at > 0 && buf[p.at] != '$' {
		p.got = buf[p.at]
		return 0, false, p.fail(problemNotBulk)
	}
	if buf[end+1] != '\n' {
		return 0, false, p.fail(problemLineEnd)
	}
	value, ok = number.ParseInt(buf[p.at+1 : end])
	p.at = end + lineEndBytes
	p.scanned = p.at
	return value, ok, Complete
}

func (p *Parser) fail(problem problem) Status {
	p.problem = problem
	return Invalid
}
