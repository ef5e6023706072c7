package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve answers every command read from one accepted connection with the next
// script line's reply, and reports the commands as "SET k v".
func serve(t *testing.T, network string, replies ...string) (addr string, commands <-chan string) {
	t.Helper()
	listenAddr := "127.0.0.1:0"
	if network == "unix" {
		listenAddr = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, listenAddr)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, len(replies)+1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(seen)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		r := NewReader(nc, DefaultLimits)
		for _, reply := range replies {
			v, err := r.Read()
			if err != nil {
				return
			}
			seen <- strings.Join(v.Strings(), " ")
			if _, err := io.WriteString(nc, reply); err != nil {
				return
			}
		}
		// Hold the connection until the client leaves.
		_, _ = r.Read()
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String(), seen
}

func dial(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Dial(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func wantCommands(t *testing.T, commands <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-commands; got != w {
			t.Errorf("server saw %q, want %q", got, w)
		}
	}
}

func TestDialSetsConnectionUp(t *testing.T) {
	addr, commands := serve(t, "tcp", "%0\r\n", "+OK\r\n", "+OK\r\n", "+PONG\r\n")
	c := dial(t, Options{Addr: addr, User: "u", Password: "p", Resp3: true, Name: "me", DB: 4})
	v, err := c.Do(context.Background(), "PING")
	if err != nil || v.Str != "PONG" {
		t.Fatalf("PING: %v, %v", v, err)
	}
	wantCommands(t, commands, "HELLO 3 AUTH u p", "CLIENT SETNAME me", "SELECT 4", "PING")
}

func TestDialUnixAndPasswordAlone(t *testing.T) {
	addr, commands := serve(t, "unix", "+OK\r\n", ":1\r\n")
	c := dial(t, Options{Network: "unix", Addr: addr, Password: "p"})
	v, err := c.Do(context.Background(), "INCR", "k")
	if err != nil || v.Kind != Integer || v.Int != 1 {
		t.Fatalf("INCR: %v, %v", v, err)
	}
	wantCommands(t, commands, "AUTH p", "INCR k")
}

func TestDialReportsRefusal(t *testing.T) {
	addr, _ := serve(t, "tcp", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
	_, err := Dial(context.Background(), Options{Addr: addr, User: "u", Password: "p"})
	var refused ServerError
	if !errors.As(err, &refused) || refused.Code() != "WRONGPASS" {
		t.Fatalf("error %v, want WRONGPASS", err)
	}
}

func TestErrorReplyIsAValue(t *testing.T) {
	addr, _ := serve(t, "tcp", "-WRONGTYPE Operation\r\n")
	v, err := dial(t, Options{Addr: addr}).Do(context.Background(), "GET", "k")
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind != Error || v.Err() == nil || v.Err().Error() != "WRONGTYPE Operation" {
		t.Fatalf("got %+v", v)
	}
}

func TestPipeline(t *testing.T) {
	addr, _ := serve(t, "tcp", "$1\r\na\r\n", "$1\r\nb\r\n", "$1\r\nc\r\n")
	c := dial(t, Options{Addr: addr, ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	large := strings.Repeat("x", 3*writeBufferBytes)
	for _, key := range []string{"a", large, "c"} {
		if err := c.Send("GET", key); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "b", "c"} {
		v, err := c.Receive()
		if err != nil || v.Str != want {
			t.Fatalf("got %v, %v, want %s", v, err, want)
		}
	}
}

func TestPushes(t *testing.T) {
	const stream = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n"
	t.Run("callback", func(t *testing.T) {
		addr, _ := serve(t, "tcp", stream)
		var pushed []Value
		c := dial(t, Options{Addr: addr, OnPush: func(v Value) { pushed = append(pushed, v) }})
		v, err := c.Do(context.Background(), "PING")
		if err != nil || v.Str != "OK" || len(pushed) != 1 || pushed[0].Elems[0].Str != "invalidate" {
			t.Fatalf("reply %v, %v, pushes %v", v, err, pushed)
		}
	})
	t.Run("received", func(t *testing.T) {
		addr, _ := serve(t, "tcp", stream)
		c := dial(t, Options{Addr: addr})
		if err := errors.Join(c.Send("PING"), c.Flush()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []Kind{Push, SimpleString} {
			if v, err := c.Receive(); err != nil || v.Kind != want {
				t.Fatalf("got %v, %v, want %v", v, err, want)
			}
		}
	})
}

func TestContextEndsDo(t *testing.T) {
	addr, commands := serve(t, "tcp", "")
	c := dial(t, Options{Addr: addr})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-commands // the command has arrived, so Do waits for its reply
		cancel()
	}()
	if _, err := c.Do(ctx, "BLPOP", "k", "0"); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, err := c.Do(context.Background(), "PING"); !errors.Is(err, ErrClosed) {
		t.Fatalf("error after cancellation %v, want ErrClosed", err)
	}
}

func TestReadBehindReply(t *testing.T) {
	addr, _ := serve(t, "tcp", "+OK\r\nraw bytes")
	c := dial(t, Options{Addr: addr})
	if v, err := c.Do(context.Background(), "SYNC"); err != nil || v.Str != "OK" {
		t.Fatalf("got %v, %v", v, err)
	}
	raw := make([]byte, len("raw bytes"))
	if _, err := io.ReadFull(c, raw); err != nil || string(raw) != "raw bytes" {
		t.Fatalf("got %q, %v", raw, err)
	}
}

func TestAppendCommandMatchesSend(t *testing.T) {
	args := []string{"SET", "", "a\r\nb", strings.Repeat("y", 300)}
	client, server := net.Pipe()
	defer server.Close()
	c := NewConn(client, Options{})
	defer c.Close()
	go func() { _ = errors.Join(c.Send(args...), c.Flush()) }()
	want := AppendCommand(nil, args...)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(server, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func read(text string, limits Limits) (Value, error) {
	return NewReader(bufio.NewReader(strings.NewReader(text)), limits).Read()
}

func TestReadKinds(t *testing.T) {
	bulk := func(s string) Value { return Value{Kind: Bulk, Str: s} }
	integer := func(n int64) Value { return Value{Kind: Integer, Int: n} }
	for _, test := range []struct {
		wire string
		want Value
	}{
		{"+OK\r\n", Value{Kind: SimpleString, Str: "OK"}},
		{"-ERR x\r\n", Value{Kind: Error, Str: "ERR x"}},
		{":-9223372036854775808\r\n", integer(-1 << 63)},
		{":9223372036854775807\r\n", integer(1<<63 - 1)},
		{"$0\r\n\r\n", bulk("")},
		{"$4\r\na\r\nb\r\n", bulk("a\r\nb")},
		{"$-1\r\n", Value{}},
		{"*-1\r\n", Value{}},
		{"_\r\n", Value{}},
		{"*0\r\n", Value{Kind: Array, Elems: []Value{}}},
		{"*2\r\n:1\r\n*1\r\n$-1\r\n", Value{Kind: Array, Elems: []Value{integer(1), {Kind: Array, Elems: []Value{{}}}}}},
		{"%1\r\n$1\r\nk\r\n:5\r\n", Value{Kind: Map, Elems: []Value{bulk("k"), integer(5)}}},
		{"~1\r\n:5\r\n", Value{Kind: Set, Elems: []Value{integer(5)}}},
		{">1\r\n+x\r\n", Value{Kind: Push, Elems: []Value{{Kind: SimpleString, Str: "x"}}}},
		{",1.5\r\n", Value{Kind: Double, Str: "1.5", Float: 1.5}},
		{"#t\r\n", Value{Kind: Bool, Int: 1}},
		{"#f\r\n", Value{Kind: Bool}},
		{"(-123456789012345678901\r\n", Value{Kind: BigNumber, Str: "-123456789012345678901"}},
		{"=7\r\ntxt:a\nb\r\n", Value{Kind: Verbatim, Format: [3]byte{'t', 'x', 't'}, Str: "a\nb"}},
		{"!5\r\nERR x\r\n", Value{Kind: Error, Str: "ERR x"}},
		{"|1\r\n+ttl\r\n:5\r\n:1\r\n", Value{Kind: Integer, Int: 1,
			Attrs: []Value{{Kind: SimpleString, Str: "ttl"}, integer(5)}}},
	} {
		got, err := read(test.wire, DefaultLimits)
		if err != nil {
			t.Errorf("%q: %v", test.wire, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.wire, diff)
		}
	}
}

func TestReadRejects(t *testing.T) {
	limits := Limits{Depth: 2, LineBytes: 16, BulkBytes: 10, Elements: 4}
	for _, wire := range []string{
		"x\r\n", "+OK\n", ":\r\n", ":1a\r\n", ":9223372036854775808\r\n", ":-9223372036854775809\r\n",
		"$11\r\n", "$-2\r\n", "$1\r\nab\r\n", "*5\r\n", "*-2\r\n", "%3\r\n", "%-1\r\n",
		"*1\r\n*1\r\n*0\r\n", "+01234567890123456\r\n", "#x\r\n", ",abc\r\n", "(12a\r\n", "(\r\n", "_x\r\n",
		"=3\r\ntxt\r\n", "*1\r\n>1\r\n:1\r\n",
	} {
		v, err := read(wire, limits)
		var protocol *ProtocolError
		if !errors.As(err, &protocol) {
			t.Errorf("%q: got %+v, %v, want a protocol error", wire, v, err)
		}
	}
}

func TestReadEndOfStream(t *testing.T) {
	if _, err := read("", DefaultLimits); err != io.EOF {
		t.Errorf("empty stream: %v", err)
	}
	const whole = "*2\r\n|1\r\n+a\r\n:1\r\n$3\r\nabc\r\n%1\r\n,1\r\n#t\r\n"
	for n := 1; n < len(whole); n++ {
		if _, err := read(whole[:n], DefaultLimits); err != io.ErrUnexpectedEOF {
			t.Errorf("%q: %v, want unexpected EOF", whole[:n], err)
		}
	}
}

func TestReadLargerThanBuffer(t *testing.T) {
	long := strings.Repeat("0123456789", 500_000)
	v, err := read(fmt.Sprintf("*2\r\n$%d\r\n%s\r\n+%s\r\n", len(long), long, long[:readBufferBytes*2]), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if v.Elems[0].Str != long || v.Elems[1].Str != long[:readBufferBytes*2] {
		t.Fatal("content differs")
	}
}

// TestReadAcrossBufferEnds lets replies end anywhere in the buffer, so that the
// bytes behind them make the buffer move.
func TestReadAcrossBufferEnds(t *testing.T) {
	var wire strings.Builder
	const count = 20_000
	for i := range count {
		fmt.Fprintf(&wire, "$%d\r\n%s\r\n", 5+i%13, strings.Repeat(string(rune('a'+i%26)), 5+i%13))
	}
	r := NewReader(iotest.HalfReader(strings.NewReader(wire.String())), DefaultLimits)
	for i := range count {
		v, err := r.Read()
		if want := strings.Repeat(string(rune('a'+i%26)), 5+i%13); err != nil || v.Str != want {
			t.Fatalf("reply %d is %q, %v, want %q", i, v.Str, err, want)
		}
	}
}

func TestValueAccess(t *testing.T) {
	v, err := read("*4\r\n$1\r\na\r\n$2\r\n12\r\n$1\r\nb\r\n#t\r\n", DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := v.Lookup("a")
	if n, err := a.Integer(); n != 12 || err != nil {
		t.Errorf("a: %d, %v", n, err)
	}
	if _, ok := v.Lookup("12"); ok {
		t.Error("a value was taken for a key")
	}
	if diff := cmp.Diff([]string{"a", "12", "b", "true"}, v.Strings()); diff != "" {
		t.Error(diff)
	}
}

// FuzzReader holds the reader to its limits and checks that what it accepts it
// reads again alike after encoding.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n", "*2\r\n:1\r\n$-1\r\n", "%1\r\n+a\r\n~1\r\n#t\r\n", ">1\r\n,inf\r\n",
		"|1\r\n+a\r\n:1\r\n=5\r\ntxt:a\r\n", "*2147483648\r\n", "$4294967296\r\n", "(12\r\n", "!1\r\nx\r\n",
	} {
		f.Add(seed)
	}
	limits := Limits{Depth: 8, LineBytes: 64, BulkBytes: 1 << 20, Elements: 1 << 20}
	f.Fuzz(func(t *testing.T, wire string) {
		v, err := read(wire, limits)
		if err != nil {
			return
		}
		encoded := appendValue(nil, v)
		again, err := read(string(encoded), limits)
		if err != nil {
			t.Fatalf("%q, encoded again as %q: %v", wire, encoded, err)
		}
		if second := appendValue(nil, again); string(second) != string(encoded) {
			t.Fatalf("%q was read as %q, then as %q", wire, encoded, second)
		}
	})
}

func appendValue(b []byte, v Value) []byte {
	if v.Attrs != nil {
		b = fmt.Appendf(b, "|%d\r\n", len(v.Attrs)/2)
		for _, a := range v.Attrs {
			b = appendValue(b, a)
		}
	}
	switch v.Kind {
	case Null:
		return append(b, "_\r\n"...)
	case SimpleString:
		return fmt.Appendf(b, "+%s\r\n", v.Str)
	case Error:
		return fmt.Appendf(b, "!%d\r\n%s\r\n", len(v.Str), v.Str)
	case Integer:
		return fmt.Appendf(b, ":%d\r\n", v.Int)
	case Bulk:
		return fmt.Appendf(b, "$%d\r\n%s\r\n", len(v.Str), v.Str)
	case Double:
		return fmt.Appendf(b, ",%s\r\n", v.Str)
	case Bool:
		return fmt.Appendf(b, "#%c\r\n", "ft"[v.Int])
	case BigNumber:
		return fmt.Appendf(b, "(%s\r\n", v.Str)
	case Verbatim:
		return fmt.Appendf(b, "=%d\r\n%s:%s\r\n", len(v.Str)+4, v.Format[:], v.Str)
	}
	n := len(v.Elems)
	if v.Kind == Map {
		n /= 2
	}
	b = fmt.Appendf(b, "%c%d\r\n", map[Kind]byte{Array: '*', Map: '%', Set: '~', Push: '>'}[v.Kind], n)
	for _, e := range v.Elems {
		b = appendValue(b, e)
	}
	return b
}
