package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
)

// outcome is what a whole stream comes to.
type outcome struct {
	replies int
	errors  []string // error replies, then what ended the stream if anything
}

// scanAll scans a stream that arrives in pieces of the sizes given, over and
// over; without sizes, at once.
func scanAll(stream []byte, sizes ...int) outcome {
	var (
		s   replyScanner
		out outcome
	)
	for turn := 0; len(stream) > 0; turn++ {
		size := len(stream)
		if len(sizes) > 0 {
			size = min(max(sizes[turn%len(sizes)], 1), size)
		}
		piece := stream[:size]
		stream = stream[size:]
		for len(piece) > 0 {
			consumed, replies, err := s.scan(piece)
			out.replies += replies
			piece = piece[consumed:]
			if err == nil {
				break
			}
			out.errors = append(out.errors, err.Error())
			if _, ok := err.(errorReply); !ok {
				return out
			}
		}
	}
	return out
}

func TestScannerCountsReplies(t *testing.T) {
	tests := []struct {
		stream string
		want   outcome
	}{
		{"+OK\r\n+OK\r\n", outcome{replies: 2}},
		{"+OK\r\n+O", outcome{replies: 1}},
		{"$3\r\nfoo\r\n$0\r\n\r\n$-1\r\n", outcome{replies: 3}},
		{"$4\r\n\r\n\r\n\r\n", outcome{replies: 1}},
		{"*2\r\n*0\r\n*1\r\n$1\r\nx\r\n:5\r\n", outcome{replies: 2}},
		{"*-1\r\n_\r\n", outcome{replies: 2}},
		{"%1\r\n+a\r\n*1\r\n:1\r\n", outcome{replies: 1}},
		{">2\r\n+a\r\n+b\r\n+OK\r\n", outcome{replies: 1}},
		{"|1\r\n+a\r\n+b\r\n+OK\r\n", outcome{replies: 1}},
		{"*2\r\n-ERR nested\r\n|1\r\n+a\r\n+b\r\n+OK\r\n", outcome{replies: 1}},
		{"-ERR a\r\n+OK\r\n!5\r\nERR b\r\n:1\r\n", outcome{4, []string{"ERR a", "ERR b"}}},
		{"?", outcome{0, []string{"protocol error: got '?' as reply type byte"}}},
		{"+OK\r\n$x\r\n", outcome{1, []string{"protocol error: bad length after '$'"}}},
		{"$-2\r\n", outcome{0, []string{"protocol error: negative length after '$'"}}},
		{"%-1\r\n!-1\r\n+OK\r\n", outcome{replies: 3}},
		{">-1\r\n", outcome{0, []string{"protocol error: negative length after '>'"}}},
		{"*\r\n", outcome{0, []string{"protocol error: bad length after '*'"}}},
		{"*1\rx", outcome{0, []string{"protocol error: bad line end"}}},
		{"$1\r\nxy", outcome{0, []string{"protocol error: bulk is longer than announced"}}},
		{"$1\r\nx\ry", outcome{0, []string{"protocol error: bulk is longer than announced"}}},
		{"$9999999999999999\r\n", outcome{0, []string{"protocol error: bad length after '$'"}}},
		{"*1\r\n>1\r\n+a\r\n", outcome{0, []string{"protocol error: push inside a reply"}}},
	}
	for _, test := range tests {
		for _, sizes := range [][]int{nil, {1}, {2, 3}} {
			if got := scanAll([]byte(test.stream), sizes...); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("%q in pieces of %v: %+v, want %+v", test.stream, sizes, got, test.want)
			}
		}
	}
}

func TestScannerBoundsErrorText(t *testing.T) {
	got := scanAll([]byte("-"+strings.Repeat("x", 10*errorTextBytesMax)+"\r\n"), 100)
	if got.replies != 1 || len(got.errors[0]) != errorTextBytesMax {
		t.Errorf("%d replies, error of %d bytes", got.replies, len(got.errors[0]))
	}
}

func TestScannerDoesNotAllocate(t *testing.T) {
	stream := []byte(strings.Repeat("+OK\r\n$16\r\n0123456789abcdef\r\n*2\r\n:1\r\n:2\r\n", 100))
	var s replyScanner
	if n := testing.AllocsPerRun(10, func() {
		if _, replies, err := s.scan(stream); replies != 300 || err != nil {
			t.Fatalf("%d replies, error %v", replies, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// appendReply appends a random reply, nested up to depth.
func appendReply(dst []byte, random *rand.Rand, depth int) []byte {
	kinds := "+-:_#,($!="
	if depth > 0 {
		kinds += "*%~|"
	}
	kind := kinds[random.IntN(len(kinds))]
	switch kind {
	case '$', '!', '=':
		body := make([]byte, random.IntN(40))
		for i := range body {
			body[i] = "\r\n$*+x"[random.IntN(6)]
		}
		return fmt.Appendf(dst, "%c%d\r\n%s\r\n", kind, len(body), body)
	case '*', '%', '~', '|':
		n := random.IntN(5)
		dst = fmt.Appendf(dst, "%c%d\r\n", kind, n)
		if kind == '%' || kind == '|' {
			n *= 2
		}
		if kind == '|' {
			n++ // the element that the attribute describes
		}
		for range n {
			dst = appendReply(dst, random, depth-1)
		}
		return dst
	}
	return fmt.Appendf(dst, "%c%d\r\n", kind, random.IntN(1000))
}

// FuzzScannerFindsEveryReply builds streams of known replies and has them
// arrive in pieces.
func FuzzScannerFindsEveryReply(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, 1+int(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, size int) {
		random := rand.New(rand.NewPCG(seed, 0))
		var stream []byte
		want := 1 + random.IntN(20)
		for range want {
			if random.IntN(4) == 0 {
				stream = append(stream, ">1\r\n"...)
				stream = appendReply(stream, random, 2)
			}
			stream = appendReply(stream, random, 4)
		}
		got := scanAll(stream, size, 1, 7)
		if got.replies != want {
			t.Errorf("%d replies, want %d in %q; errors %q", got.replies, want, stream, got.errors)
		}
	})
}

// FuzzScannerOnAnyBytes checks that pieces make no difference, and that streams
// which the client's reader decodes to the end are counted alike.
func FuzzScannerOnAnyBytes(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n", "$3\r\nfoo\r\n*1\r\n:1\r\n", "-ERR\r\n!3\r\nERR\r\n", "%1\r\n+a\r\n+b\r\n>1\r\n+x\r\n_\r\n",
		"|1\r\n+a\r\n+b\r\n#t\r\n", "*3\r\n:1\r\n", "$-1\r\n*-1\r\n", "$99999999999999999999\r\n", "*999999999\r\n:1\r\n",
	} {
		f.Add([]byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		whole, pieces := scanAll(stream), scanAll(stream, size, 1, 5)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Errorf("%q: %+v at once, %+v in pieces", stream, whole, pieces)
		}
		reader := client.NewReader(bytes.NewReader(stream), client.Limits{Depth: 16, LineBytes: 1 << 16, BulkBytes: 1 << 16, Elements: 1 << 16})
		decoded := 0
		for {
			value, err := reader.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return // The reader looks into what the scanner only skips.
			}
			if value.Kind != client.Push {
				decoded++
			}
		}
		if whole.replies != decoded {
			t.Errorf("%q: the reader decodes %d replies, the scanner counts %d, errors %q", stream, decoded, whole.replies, whole.errors)
		}
	})
}

func TestErrorReplyIsNoProtocolError(t *testing.T) {
	var s replyScanner
	_, _, err := s.scan([]byte("-ERR protocol error\r\n"))
	if errors.Is(err, errProtocol) {
		t.Error("an error reply is taken for a protocol error")
	}
}
