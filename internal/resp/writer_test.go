package resp

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// check panics unless the output is consistent.
func (w *Writer) check() {
	refBytes, before := 0, w.sent
	for _, r := range w.refs {
		if r.at < before || r.at > len(w.buf) {
			panic("resp: a reference lies outside the unsent output")
		}
		before = r.at
		refBytes += len(r.data)
	}
	if refBytes != w.refBytes || w.sent > len(w.buf) {
		panic("resp: the counts of the output are wrong")
	}
}

// output returns everything that waits to be sent.
func (w *Writer) output() string {
	w.check()
	var out strings.Builder
	for _, piece := range w.Vector(make([][]byte, 0, 1000)) {
		out.Write(piece)
	}
	if out.Len() != w.Len() {
		panic("resp: Len is wrong")
	}
	return out.String()
}

func TestReplies(t *testing.T) {
	longDouble, _ := number.ParseLongDouble([]byte("10.5"))
	tests := []struct {
		name         string
		write        func(w *Writer)
		resp2, resp3 string
	}{
		{"ok", (*Writer).OK, "+OK\r\n", "+OK\r\n"},
		{"status", func(w *Writer) { w.SimpleString("PONG") }, "+PONG\r\n", "+PONG\r\n"},
		{"error", func(w *Writer) { w.Error("ERR syntax error") }, "-ERR syntax error\r\n", "-ERR syntax error\r\n"},
		{"error with line ends", func(w *Writer) { w.Errorf("ERR unknown '%s'\r\n\n", "a\r\nb") }, "-ERR unknown 'a  b'\r\n", "-ERR unknown 'a  b'\r\n"},
		{"zero", func(w *Writer) { w.Int(0) }, ":0\r\n", ":0\r\n"},
		{"two digits", func(w *Writer) { w.Int(42) }, ":42\r\n", ":42\r\n"},
		{"smallest integer", func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{"true", func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		{"false", func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\nb")) }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"},
		{"empty bulk", func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{"bulk of 16 bytes", func(w *Writer) { w.BulkString("0123456789abcdef") }, "$16\r\n0123456789abcdef\r\n", "$16\r\n0123456789abcdef\r\n"},
		{"integer as bulk", func(w *Writer) { w.BulkInt(-123) }, "$4\r\n-123\r\n", "$4\r\n-123\r\n"},
		{"null", (*Writer).Null, "$-1\r\n", "_\r\n"},
		{"null array", (*Writer).NullArray, "*-1\r\n", "_\r\n"},
		{"empty array", (*Writer).EmptyArray, "*0\r\n", "*0\r\n"},
		{"array", func(w *Writer) { w.ArrayHeader(12) }, "*12\r\n", "*12\r\n"},
		{"map", func(w *Writer) { w.MapHeader(6) }, "*12\r\n", "%6\r\n"},
		{"set", func(w *Writer) { w.SetHeader(100) }, "*100\r\n", "~100\r\n"},
		{"push", func(w *Writer) { w.PushHeader(3) }, "*3\r\n", ">3\r\n"},
		{"double", func(w *Writer) { w.Double(3.14) }, "$4\r\n3.14\r\n", ",3.14\r\n"},
		{"integral double", func(w *Writer) { w.Double(100) }, "$3\r\n100\r\n", ",100\r\n"},
		{"infinite double", func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		{"not a number", func(w *Writer) { w.Double(math.NaN()) }, "$3\r\nnan\r\n", ",nan\r\n"},
		{"human double", func(w *Writer) { w.HumanDouble(1e20) }, "$21\r\n100000000000000000000\r\n", ",100000000000000000000\r\n"},
		{"human long double", func(w *Writer) { w.HumanLongDouble(longDouble) }, "$4\r\n10.5\r\n", ",10.5\r\n"},
		{"big number", func(w *Writer) { w.BigNumber("12345678901234567890123") }, "$23\r\n12345678901234567890123\r\n", "(12345678901234567890123\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", []byte("some\r\ntext")) }, "$10\r\nsome\r\ntext\r\n", "=14\r\ntxt:some\r\ntext\r\n"},
		{"verbatim of a short kind", func(w *Writer) { w.Verbatim("x", nil) }, "$0\r\n\r\n", "=4\r\nx  :\r\n"},
		{"raw", func(w *Writer) { w.Raw([]byte(":1\r\n")); w.RawString(":2\r\n") }, ":1\r\n:2\r\n", ":1\r\n:2\r\n"},
		{"reference", func(w *Writer) { w.BulkRef([]byte("large"), nil) }, "$5\r\nlarge\r\n", "$5\r\nlarge\r\n"},
		{"deferred array", func(w *Writer) { d := w.Defer(); w.Int(1); w.SetArrayLen(d, 1) }, "*1\r\n:1\r\n", "*1\r\n:1\r\n"},
		{"deferred map", func(w *Writer) { d := w.Defer(); w.OK(); w.SetMapLen(d, 5) }, "*10\r\n+OK\r\n", "%5\r\n+OK\r\n"},
		{"deferred set", func(w *Writer) { d := w.Defer(); w.OK(); w.SetSetLen(d, 1234) }, "*1234\r\n+OK\r\n", "~1234\r\n+OK\r\n"},
		{"deferred push", func(w *Writer) { d := w.Defer(); w.OK(); w.SetPushLen(d, 99) }, "*99\r\n+OK\r\n", ">99\r\n+OK\r\n"},
		{"nested deferred", func(w *Writer) {
			outer := w.Defer()
			inner := w.Defer()
			w.BulkRef([]byte("r"), nil)
			w.SetArrayLen(inner, 10)
			w.Int(7)
			w.SetArrayLen(outer, 100)
		}, "*100\r\n*10\r\n$1\r\nr\r\n:7\r\n", "*100\r\n*10\r\n$1\r\nr\r\n:7\r\n"},
	}
	for _, test := range tests {
		for protocol, want := range map[Protocol]string{RESP2: test.resp2, RESP3: test.resp3} {
			w := NewWriter(protocol, nil)
			w.OK()
			test.write(w)
			if got := w.output(); got != "+OK\r\n"+want {
				t.Errorf("%s in RESP%d: %q, want %q", test.name, protocol, got, want)
			}
		}
	}
	w := NewWriter(RESP3, nil)
	w.AttributeHeader(1)
	if got := w.output(); got != "|1\r\n" {
		t.Errorf("attribute: %q", got)
	}
	var zero Writer
	zero.Null()
	if got := zero.output(); got != "$-1\r\n" || zero.Protocol() != RESP2 {
		t.Errorf("the zero value speaks RESP%d: %q", zero.Protocol(), got)
	}
}

func TestMarks(t *testing.T) {
	w := NewWriter(RESP2, nil)
	w.OK()
	mark := w.Mark()
	w.Error("WRONGTYPE no")
	if got := string(w.ErrorSince(mark)); got != "WRONGTYPE no" {
		t.Errorf("error %q", got)
	}
	w.Rewind(mark)
	released := 0
	w.BulkRef([]byte("12345"), func() { released++ })
	if w.ErrorSince(mark) != nil || w.BytesSince(mark) != len("$5\r\n12345\r\n") {
		t.Errorf("error %q, %d bytes", w.ErrorSince(mark), w.BytesSince(mark))
	}
	if got := string(w.Since(mark)); got != "$5\r\n\r\n" {
		t.Errorf("buffered since the mark: %q", got)
	}
	w.Rewind(mark)
	if got := w.output(); got != "+OK\r\n" || released != 1 {
		t.Errorf("%q after Rewind, released %d times", got, released)
	}
}

// TestBufferIsLent: an idle writer holds no memory.
func TestBufferIsLent(t *testing.T) {
	w := NewWriter(RESP2, nil)
	lent := make([]byte, 0, 1024)
	w.SetBuffer(lent)
	w.OK()
	if w.TakeBuffer() != nil {
		t.Fatal("the buffer is taken while output waits")
	}
	w.Consume(2)
	previous := w.SetBuffer(make([]byte, 10, 2048))
	if cap(previous) != 1024 || w.output() != "K\r\n" {
		t.Fatalf("previous buffer of %d bytes, output %q", cap(previous), w.output())
	}
	w.Consume(3)
	if taken := w.TakeBuffer(); cap(taken) != 2048 || len(taken) != 0 || w.BufferCap() != 0 {
		t.Fatalf("taken %d/%d, %d left", len(taken), cap(taken), w.BufferCap())
	}
}

// FuzzOutputQueue appends, sends in pieces and compares with a plain string.
func FuzzOutputQueue(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x83\x04\xff\x10\x07\x20\x05\x06\xc0\x03\x03\xff"))
	f.Add(bytes.Repeat([]byte("\x02\x41\x05\x90\x03\x06"), 40))
	f.Add(bytes.Repeat([]byte("\x04\x04\x84\x01\xf0\x06"), 30))
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 2000 {
			return
		}
		w := NewWriter(RESP2, nil)
		var model string
		added, released := 0, 0
		value := bytes.Repeat([]byte("v"), 40_000)
		bulk := func(size int) string {
			return "$" + strconv.Itoa(size) + "\r\n" + string(value[:size]) + "\r\n"
		}
		for _, step := range steps {
			size := int(step>>3) * 7
			switch step & 7 {
			case 0:
				w.Int(int64(size))
				model += ":" + strconv.Itoa(size) + "\r\n"
			case 1:
				w.Bulk(value[:size])
				model += bulk(size)
			case 2:
				added++
				w.BulkRef(value[:size], func() { released++ })
				model += bulk(size)
			case 3:
				d := w.Defer()
				added++
				w.BulkRef(value[:size], func() { released++ })
				w.SetArrayLen(d, size)
				model += "*" + strconv.Itoa(size) + "\r\n" + bulk(size)
			case 4:
				w.Bulk(value[:size*100])
				model += bulk(size * 100)
			case 5:
				mark := w.Mark()
				added++
				w.BulkRef(value[:size], func() { released++ })
				w.Rewind(mark)
			case 6:
				sent := min(len(model), size*size)
				w.Consume(sent)
				model = model[sent:]
			case 7:
				w.SetBuffer(make([]byte, 0, size))
			}
			if got := w.output(); got != model {
				t.Fatalf("output of %d bytes differs from the model of %d bytes", len(got), len(model))
			}
			if pieces := w.Vector(make([][]byte, 0, 2)); len(model) > 0 && len(pieces) == 0 {
				t.Fatal("a short vector holds nothing")
			}
		}
		w.Consume(len(model))
		w.Discard()
		if added != released {
			t.Fatalf("%d references, %d released", added, released)
		}
	})
}

// FuzzRoundTrip: what the writer writes as an array of bulk strings, the
// parser reads as a command.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("SET\x00key\x00value"), uint8(1))
	f.Add([]byte("\x00\x00\r\n\x00"+strings.Repeat("x", 300)), uint8(50))
	f.Fuzz(func(t *testing.T, joined []byte, pieceBytes uint8) {
		if len(joined) > 4096 {
			return
		}
		args := bytes.Split(joined, []byte{0})
		w := NewWriter(RESP2, nil)
		w.ArrayHeader(len(args))
		want := make([]string, len(args))
		for i, arg := range args {
			w.Bulk(arg)
			want[i] = string(arg)
		}
		got := parseAll(t, w.Bytes(), int(pieceBytes)+1, DefaultLimits())
		if len(got.Commands) != 1 || strings.Join(got.Commands[0], "\x00") != strings.Join(want, "\x00") {
			t.Fatalf("%q became %+v", want, got)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	value := []byte("0123456789abcdef")
	for _, bench := range []struct {
		name  string
		write func(w *Writer)
	}{
		{"OK", (*Writer).OK},
		{"Int", func(w *Writer) { w.Int(12345) }},
		{"Bulk-16", func(w *Writer) { w.Bulk(value) }},
		{"Double", func(w *Writer) { w.Double(3.14159) }},
		{"Array-10", func(w *Writer) {
			w.ArrayHeader(10)
			for range 10 {
				w.Bulk(value)
			}
		}},
		{"Deferred-10", func(w *Writer) {
			d := w.Defer()
			for range 10 {
				w.Bulk(value)
			}
			w.SetArrayLen(d, 10)
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			w := NewWriter(RESP2, make([]byte, 0, 4096))
			b.ReportAllocs()
			for b.Loop() {
				bench.write(w)
				w.Consume(w.Len())
			}
		})
	}
}

// Room that is made for bulk strings must be enough, and no more than it says.
func TestBulkSize(t *testing.T) {
	var dst []byte
	size := 0
	for _, n := range []int{0, 1, 9, 10, 99, 100, 12345} {
		size += BulkSize(n)
	}
	dst = GrowForBulks(dst, size)
	room := cap(dst)
	for _, n := range []int{0, 1, 9, 10, 99, 100, 12345} {
		before := len(dst)
		if dst = AppendBulk(dst, make([]byte, n)); len(dst)-before != BulkSize(n) {
			t.Errorf("%d bytes take %d, not %d", n, len(dst)-before, BulkSize(n))
		}
	}
	if cap(dst) != room {
		t.Errorf("the room of %d has become %d", room, cap(dst))
	}
}

// AppendShortBulk must do what AppendBulk does, whatever room there is.
func TestAppendShortBulk(t *testing.T) {
	text := []byte(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 5))
	for n := range 80 {
		for _, behind := range []int{0, 1, 15, 64} {
			for _, room := range []int{0, n + 7, 86, 87, 200} {
				value := text[3 : 3+n : 3+n+behind]
				want := AppendBulk([]byte("before"), value)
				got := AppendShortBulk(append(make([]byte, 0, len("before")+room), "before"...), value)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes, %d behind them, room for %d: %q, want %q", n, behind, room, got, want)
				}
			}
		}
	}
}
