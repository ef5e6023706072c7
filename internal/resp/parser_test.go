package resp

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed is what a parser made of a stream: the commands, and how it ended.
type parsed struct {
	Commands [][]string
	Empty    int
	Rest     int    // bytes of an incomplete frame
	Err      string // reply text of a protocol error
}

// parseAll feeds stream to a Parser in pieces of the given size, moving the
// unfinished frame to a new buffer each time as a server may.
func parseAll(t testing.TB, stream []byte, pieceBytes int, limits Limits) parsed {
	var (
		p    Parser
		out  parsed
		args [][]byte
		buf  []byte
	)
	for {
		piece := stream[:min(pieceBytes, len(stream))]
		stream = stream[len(piece):]
		buf = append(bytes.Clone(buf), piece...)
		for {
			argv, consumed, status := p.Next(buf, args, &limits)
			if (status == Complete || status == Empty) != (consumed > 0) {
				t.Fatalf("status %d consumes %d bytes", status, consumed)
			}
			if status == Incomplete {
				if missing := p.Missing(len(buf)); missing < 1 {
					t.Fatalf("an incomplete frame misses %d bytes", missing)
				}
				break
			}
			switch status {
			case Invalid:
				out.Err = p.Err().Reply
				return out
			case Empty:
				out.Empty++
			case Complete:
				command := make([]string, len(argv))
				for i, arg := range argv {
					command[i] = string(arg)
				}
				out.Commands = append(out.Commands, command)
			}
			args = argv
			buf = buf[consumed:]
		}
		if len(stream) == 0 {
			out.Rest = len(buf)
			return out
		}
	}
}

func TestParseCommands(t *testing.T) {
	big := strings.Repeat("v", 100_000)
	tests := []struct {
		name, stream string
		want         parsed
	}{
		{"multibulk", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n", parsed{Commands: [][]string{{"SET", "k", "value"}}}},
		{"two-digit lengths", "*2\r\n$3\r\nGET\r\n$12\r\nabcdefghijkl\r\n", parsed{Commands: [][]string{{"GET", "abcdefghijkl"}}}},
		{"long argument", "*2\r\n$4\r\nECHO\r\n$100000\r\n" + big + "\r\n", parsed{Commands: [][]string{{"ECHO", big}}}},
		{"empty argument", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", parsed{Commands: [][]string{{"ECHO", ""}}}},
		{"binary argument", "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\x00\n\r\n", parsed{Commands: [][]string{{"ECHO", "\r\n\x00\n"}}}},
		{"pipeline", "*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nPING\r\n", parsed{Commands: [][]string{{"PING"}, {"PING"}, {"PING"}}}},
		{"ten arguments", "*10\r\n" + strings.Repeat("$1\r\na\r\n", 10), parsed{Commands: [][]string{strings.Split("aaaaaaaaaa", "")}}},
		{"nothing asked", "\r\n\n*0\r\n*-1\r\n*-5\r\n   \r\nPING\n", parsed{Empty: 6, Commands: [][]string{{"PING"}}}},
		{"incomplete", "*2\r\n$3\r\nGET\r\n$5\r\nab", parsed{Rest: 19}},
		{"incomplete line", "GET ke", parsed{Rest: 6}},
		{"inline", "SET  k\t 'a b'\r\n", parsed{Commands: [][]string{{"SET", "k", "a b"}}}},
		{"inline escapes", `ECHO "\x41\n\r\t\b\a\q\\\"" '\'\n'` + "\n", parsed{Commands: [][]string{{"ECHO", "A\n\r\t\b\aq\\\"", `'\n`}}}},
		{"inline quotes within words", `a"b c"d 'x'"y"` + "\n", parsed{Commands: [][]string{{"ab cd", "xy"}}}},
		{"inline empty word", `ECHO ""` + "\n", parsed{Commands: [][]string{{"ECHO", ""}}}},
		{"inline short hex", `ECHO "\x4" "\xzz"` + "\n", parsed{Commands: [][]string{{"ECHO", "x4", "xzz"}}}},
		{"inline single-quoted backslash before the last quote", `ECHO 'abc\'` + "\n", parsed{Commands: [][]string{{"ECHO", `abc\`}}}},
		{"inline other spaces", "ECHO \x0b\x0ca\x0bb\n", parsed{Commands: [][]string{{"ECHO", "a\x0bb"}}}},
		{"inline carriage return between words", "ECHO a\rb\n", parsed{Commands: [][]string{{"ECHO", "a", "b"}}}},
		{"inline backslash before the last quote", `ECHO "abc\"` + "\n", parsed{Commands: [][]string{{"ECHO", `abc\`}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, pieceBytes := range []int{1, 2, 3, 7, 16, 1000, len(test.stream)} {
				if len(test.stream)/pieceBytes > 1000 {
					continue // a buffer is copied for each piece
				}
				got := parseAll(t, []byte(test.stream), pieceBytes, DefaultLimits())
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Fatalf("in pieces of %d bytes (-want +got):\n%s", pieceBytes, diff)
				}
			}
		})
	}
}

func TestProtocolErrors(t *testing.T) {
	long := strings.Repeat("1", 70_000)
	stranger := DefaultLimits()
	stranger.Authenticated = false
	small := DefaultLimits()
	small.MaxBulkBytes = 1000
	tests := []struct {
		stream, want string
		limits       Limits
	}{
		{long, "too big inline request", DefaultLimits()},
		{"\x00" + strings.Repeat("AAAAAAA\n", 10_000), "too big inline request", DefaultLimits()},
		{"*" + long, "too big mbulk count string", DefaultLimits()},
		{"*x\r\n", "invalid multibulk length", DefaultLimits()},
		{"*01\r\n", "invalid multibulk length", DefaultLimits()},
		{"*\r\n", "invalid multibulk length", DefaultLimits()},
		{"*2147483648\r\n", "invalid multibulk length", DefaultLimits()},
		{"*3\rx", "invalid CRLF in request", DefaultLimits()},
		{"*11\r\n", "unauthenticated multibulk length", stranger},
		{"*1\r\n$16385\r\n", "unauthenticated bulk length", stranger},
		{"*1\r\n$" + long, "too big bulk count string", DefaultLimits()},
		{"*1\r\n:1\r\n", "expected '$', got ':'", DefaultLimits()},
		{"*1\r\n\r\n", "expected '$', got ' '", DefaultLimits()},
		{"*1\r\n\x00\r\n", "expected '$', got '\x00'", DefaultLimits()},
		{"*1\r\n$1\rx", "invalid CRLF in request", DefaultLimits()},
		{"*1\r\n$-1\r\n", "invalid bulk length", DefaultLimits()},
		{"*1\r\n$a\r\n", "invalid bulk length", DefaultLimits()},
		{"*1\r\n$05\r\n", "invalid bulk length", DefaultLimits()},
		{"*1\r\n$9223372036854775807\r\n", "invalid bulk length", DefaultLimits()},
		{"*1\r\n$1001\r\n", "invalid bulk length", small},
		{"*1\r\n$3\r\nabcde", "invalid CRLF in request", DefaultLimits()},
		{"ECHO \"abc\r\n", "unbalanced quotes in request", DefaultLimits()},
		{"ECHO 'abc\r\n", "unbalanced quotes in request", DefaultLimits()},
	}
	for _, test := range tests {
		for _, pieceBytes := range []int{1000, len(test.stream), 1} {
			if pieceBytes == 1 && len(test.stream) > 1000 {
				continue // a buffer is copied for each piece
			}
			got := parseAll(t, []byte(test.stream), pieceBytes, test.limits)
			if want := "ERR Protocol error: " + test.want; got.Err != want {
				t.Errorf("%.20q in pieces of %d bytes: error %q, want %q", test.stream, pieceBytes, got.Err, want)
			}
		}
	}
}

// TestStrangersWithinLimits: what a client needs to authenticate passes.
func TestStrangersWithinLimits(t *testing.T) {
	limits := DefaultLimits()
	limits.Authenticated = false
	stream := "*10\r\n" + strings.Repeat("$1\r\na\r\n", 9) + "$16384\r\n" + strings.Repeat("b", 16384) + "\r\n"
	for _, pieceBytes := range []int{100, len(stream)} {
		got := parseAll(t, []byte(stream), pieceBytes, limits)
		if len(got.Commands) != 1 || len(got.Commands[0]) != 10 || got.Err != "" {
			t.Fatalf("in pieces of %d bytes: %d commands, error %q", pieceBytes, len(got.Commands), got.Err)
		}
	}
}

// TestUnlimitedBulk: a replication stream's lengths cannot overflow.
func TestUnlimitedBulk(t *testing.T) {
	limits := DefaultLimits()
	limits.MaxBulkBytes = math.MaxInt64
	got := parseAll(t, []byte("*1\r\n$9223372036854775807\r\nabc"), 1000, limits)
	if got.Rest == 0 || got.Err != "" {
		t.Fatalf("got %+v, want an incomplete frame", got)
	}
}

// TestMissingIsExact: a buffer grown by what is missing ends with the argument.
func TestMissingIsExact(t *testing.T) {
	var p Parser
	limits := DefaultLimits()
	frame := []byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n" + strings.Repeat("v", 1000) + "\r\n")
	for have := 1; have < len(frame); have++ {
		if _, _, status := p.Next(frame[:have], nil, &limits); status != Incomplete {
			t.Fatalf("%d bytes: status %d", have, status)
		}
		missing := p.Missing(have)
		if have >= len("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n") {
			if missing != int64(len(frame)-have) {
				t.Fatalf("%d of %d bytes: %d missing", have, len(frame), missing)
			}
		} else if missing < 1 || missing > int64(len(frame)-have) {
			t.Fatalf("%d of %d bytes: %d missing", have, len(frame), missing)
		}
	}
}

// TestLargeFrameIsLinear: a frame of many arguments in small pieces advances
// past each argument once.
func TestLargeFrameIsLinear(t *testing.T) {
	const count, pieceBytes = 100_000, 16 << 10
	frame := []byte("*" + strconv.Itoa(count) + "\r\n" + strings.Repeat("$3\r\nabc\r\n", count))
	var p Parser
	limits := DefaultLimits()
	for have := pieceBytes; have < len(frame); have += pieceBytes {
		before := p.at
		if _, _, status := p.Next(frame[:have], nil, &limits); status != Incomplete {
			t.Fatalf("%d bytes: status %d", have, status)
		}
		if p.at < have-len("$3\r\nabc\r\n") || p.at <= before {
			t.Fatalf("%d bytes: parsing goes on at %d", have, p.at)
		}
	}
	argv, consumed, status := p.Next(frame, nil, &limits)
	if status != Complete || len(argv) != count || consumed != len(frame) {
		t.Fatalf("status %d, %d arguments, %d bytes", status, len(argv), consumed)
	}
}

func TestParserAllocatesNothing(t *testing.T) {
	var p Parser
	limits := DefaultLimits()
	args := make([][]byte, 0, 8)
	frame := []byte("*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$16\r\n0123456789abcdef\r\n")
	inline := []byte("SET hello 'wor ld'\r\n")
	if n := testing.AllocsPerRun(100, func() {
		p.Next(frame[:20], args, &limits)
		p.Next(frame, args, &limits)
		p.Next(inline, args, &limits)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// referenceParse is the grammar of multibulk requests written down simply: it
// sees the whole stream at once.
func referenceParse(stream []byte, limits Limits) parsed {
	var out parsed
	for len(stream) > 0 {
		frame := string(stream)
		if frame[0] != '*' {
			words, length, state := referenceInline(frame)
			switch {
			case state != "":
				out.Err = state
				return out
			case length == 0:
				out.Rest = len(stream)
				return out
			case len(words) == 0:
				out.Empty++
			default:
				out.Commands = append(out.Commands, words)
			}
			stream = stream[length:]
			continue
		}
		args, length, problem := referenceMultibulk(frame, limits)
		switch {
		case problem != "":
			out.Err = "ERR Protocol error: " + problem
			return out
		case length == 0:
			out.Rest = len(stream)
			return out
		case args == nil:
			out.Empty++
		default:
			out.Commands = append(out.Commands, args)
		}
		stream = stream[length:]
	}
	return out
}

// referenceInline leaves the words to splitWords, which has its own tests.
func referenceInline(frame string) (words []string, length int, problem string) {
	line, _, found := strings.Cut(frame, "\n")
	if !found || strings.Contains(line, "\x00") {
		return nil, 0, ""
	}
	args, ok := splitWords([]byte(strings.TrimSuffix(line, "\r")), nil)
	if !ok {
		return nil, 0, "ERR Protocol error: unbalanced quotes in request"
	}
	for _, arg := range args {
		words = append(words, string(arg))
	}
	return words, len(line) + 1, ""
}

func referenceMultibulk(frame string, limits Limits) (args []string, length int, problem string) {
	line := func(from int) (text string, next int, problem string) {
		end := strings.IndexByte(frame[from:], '\r')
		if end < 0 || from+end+1 == len(frame) {
			return "", 0, ""
		}
		if from > 0 && frame[from] != '$' {
			got := strings.NewReplacer("\r", " ", "\n", " ").Replace(frame[from : from+1])
			return "", 0, fmt.Sprintf("expected '$', got '%s'", got)
		}
		if frame[from+end+1] != '\n' {
			return "", 0, "invalid CRLF in request"
		}
		return frame[from+1 : from+end], from + end + 2, ""
	}
	integer := func(text string) (int64, bool) {
		v, err := strconv.ParseInt(text, 10, 64)
		return v, err == nil && strconv.FormatInt(v, 10) == text
	}
	text, at, problem := line(0)
	if problem != "" || at == 0 {
		return nil, 0, problem
	}
	count, ok := integer(text)
	switch {
	case !ok || count > math.MaxInt32:
		return nil, 0, "invalid multibulk length"
	case count > 10 && !limits.Authenticated:
		return nil, 0, "unauthenticated multibulk length"
	case count <= 0:
		return nil, at, ""
	}
	for range count {
		text, next, problem := line(at)
		if problem != "" || next == 0 {
			return nil, 0, problem
		}
		size, ok := integer(text)
		switch {
		case !ok || size < 0 || size > limits.MaxBulkBytes:
			return nil, 0, "invalid bulk length"
		case size > 16384 && !limits.Authenticated:
			return nil, 0, "unauthenticated bulk length"
		}
		if size > int64(len(frame)-next-2) {
			return nil, 0, ""
		}
		end := next + int(size)
		if frame[end:end+2] != "\r\n" {
			return nil, 0, "invalid CRLF in request"
		}
		args = append(args, frame[next:end])
		at = end + 2
	}
	return args, at, ""
}

func FuzzParser(f *testing.F) {
	for _, seed := range []string{
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*1\r\n$4\r\nPING\r\n",
		"*0\r\n\r\nPING\r\nECHO \"a\\x41\"\r\n*2\r\n$12\r\nabcdefghijkl\r\n$0\r\n\r\n",
		"*12\r\n$1\r\na\r\n", "*1\r\n$20000\r\n", "*1\r\n$3\r\nabcd\r\n", "*2\r\n$1\r\na\r\n:1\r\n",
		"*1\r\n$100\r\n" + strings.Repeat("x", 100) + "\r\n*1\r\n$07\r\n",
		"\x00\n", "*\x00", "$\x00", "*1\r\n$\r\n", "*-1\r\n*1\rx", "*1\r\n$-1\r\n",
	} {
		f.Add([]byte(seed), uint8(3), true)
		f.Add([]byte(seed), uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, stream []byte, pieceBytes uint8, authenticated bool) {
		if len(stream) > 4096 {
			return
		}
		limits := DefaultLimits()
		limits.Authenticated = authenticated
		limits.MaxBulkBytes = 1 << 20
		want := referenceParse(bytes.Clone(stream), limits)
		for _, size := range []int{len(stream) + 1, 1, int(pieceBytes) + 1} {
			if diff := cmp.Diff(want, parseAll(t, stream, size, limits)); diff != "" {
				t.Fatalf("in pieces of %d bytes (-reference +parser):\n%s", size, diff)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct{ name, frame string }{
		{"GET", "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n"},
		{"SET", "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$16\r\n0123456789abcdef\r\n"},
		{"SET-small", "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"},
		{"SET-1KiB", "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1024\r\n" + strings.Repeat("v", 1024) + "\r\n"},
		{"MSET-20", "*21\r\n$4\r\nMSET\r\n" + strings.Repeat("$8\r\nabcdefgh\r\n", 20)},
		{"inline", "SET key:000000000042 0123456789abcdef\r\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var p Parser
			limits := DefaultLimits()
			args := make([][]byte, 0, 32)
			frame := []byte(bench.frame)
			b.ReportAllocs()
			for b.Loop() {
				var status Status
				if args, _, status = p.Next(frame, args, &limits); status != Complete {
					b.Fatal(status)
				}
			}
		})
	}
	b.Run("million-arguments-in-16KiB-pieces", func(b *testing.B) {
		const count = 1_000_000
		frame := []byte("*" + strconv.Itoa(count) + "\r\n" + strings.Repeat("$8\r\nabcdefgh\r\n", count))
		var p Parser
		limits := DefaultLimits()
		args := make([][]byte, 0, count)
		for b.Loop() {
			for have := 16 << 10; ; have += 16 << 10 {
				if _, _, status := p.Next(frame[:min(have, len(frame))], args, &limits); status == Complete {
					break
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/argument")
	})
}
