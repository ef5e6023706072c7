package server_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/test/harness"
)

// patience bounds every wait of these tests; none of them reaches it.
const patience = 20 * time.Second

// peer is a client that sees the bytes.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func start(t testing.TB, options ...string) *harness.Server {
	t.Helper()
	return harness.Start(t, func() (*harness.Server, error) { return harness.StartNode(options...) })
}

func dial(t testing.TB, s *harness.Server) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &peer{t, conn, bufio.NewReader(conn)}
}

// send sends lines, each an inline command.
func (p *peer) send(lines ...string) {
	p.t.Helper()
	p.write(strings.Join(lines, "\r\n") + "\r\n")
}

func (p *peer) write(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, text); err != nil {
		p.t.Fatal(err)
	}
}

// line reads one line of a reply.
func (p *peer) line() string {
	p.t.Helper()
	text, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("reading a reply: %v", err)
	}
	return strings.TrimRight(text, "\r\n")
}

// expect reads the lines of replies and compares.
func (p *peer) expect(lines ...string) {
	p.t.Helper()
	for i, want := range lines {
		if have := p.line(); have != want {
			p.t.Fatalf("line %d of the replies is %q, not %q", i+1, have, want)
		}
	}
}

// ask sends one command and returns its reply, a status or a string.
func (p *peer) ask(command string) string {
	p.t.Helper()
	p.send(command)
	head := p.line()
	if head == "" || head[0] != '$' {
		return head
	}
	size, err := strconv.Atoi(head[1:])
	if err != nil || size < 0 {
		return head
	}
	value := make([]byte, size+2)
	if _, err := io.ReadFull(p.in, value); err != nil {
		p.t.Fatal(err)
	}
	return string(value[:size])
}

// ended waits for the end of the stream and returns what came before it.
func (p *peer) ended() string {
	p.t.Helper()
	rest, err := io.ReadAll(p.in)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		p.t.Fatal("the connection stays open")
	}
	return string(rest)
}

// field returns a field of a client's line in CLIENT LIST, by its name.
func (p *peer) field(client, name string) string {
	p.t.Helper()
	for line := range strings.Lines(p.ask("CLIENT LIST")) {
		if !strings.Contains(line, " name="+client+" ") {
			continue
		}
		for _, f := range strings.Fields(line) {
			if value, ok := strings.CutPrefix(f, name+"="); ok {
				return value
			}
		}
	}
	return ""
}

// until repeats a question until its answer is as wanted.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// A pipeline that is stopped in the middle goes on where it was, in order, with
// what has come meanwhile.
func TestPipelineGoesOnAfterPause(t *testing.T) {
	for _, threads := range []string{"1", "4"} {
		t.Run(threads+" loops", func(t *testing.T) {
			s := start(t, "--io-threads", threads)
			control, p := dial(t, s), dial(t, s)
			p.send("CLIENT SETNAME p", "SET k 0", `CLIENT PAUSE 1000000 WRITE`, `SET k "a 'b'"`, "APPEND k c", "GET k")
			p.expect("+OK", "+OK", "+OK")
			until(t, "the client waits", func() bool { return control.field("p", "flags") == "b" })
			if have := control.ask("GET k"); have != "0" {
				t.Fatalf("during the pause k is %q", have)
			}
			for i := range 100 {
				p.send("APPEND k " + strconv.Itoa(i%10))
			}
			p.write("*2\r\n$3\r\nGET\r\n$1")
			until(t, "input arrives", func() bool {
				n, _ := strconv.Atoi(control.field("p", "qbuf"))
				return n > 1200
			})
			if have := control.ask("CLIENT UNPAUSE"); have != "+OK" {
				t.Fatal(have)
			}
			p.write("\r\nk\r\n")
			p.expect("+OK", ":6", "$6", "a 'b'c")
			for i := range 100 {
				p.expect(":" + strconv.Itoa(7+i))
			}
			p.expect("$106", "a 'b'c"+strings.Repeat("0123456789", 10))
		})
	}
}

func TestPauseEndsByItself(t *testing.T) {
	s := start(t, "--io-threads", "2")
	p := dial(t, s)
	p.send("CLIENT PAUSE 30", "PING", "PING x")
	p.expect("+OK", "+PONG", "$1", "x")
}

// Replies come in order, the error last, and the connection ends.
func TestProtocolErrorInPipeline(t *testing.T) {
	s := start(t)
	p := dial(t, s)
	p.write("PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n!4\r\nPING\r\n")
	if have, want := p.ended(), "+PONG\r\n+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n"; have != want {
		t.Fatalf("replies are %q, not %q", have, want)
	}
}

// Clients of other loops are killed while they send, from several sides.
func TestKillAcrossLoops(t *testing.T) {
	s := start(t, "--io-threads", "4")
	control := dial(t, s)
	const victims = 16
	var done sync.WaitGroup
	for i := range victims {
		p := dial(t, s)
		p.send("CLIENT SETNAME victim")
		p.expect("+OK")
		done.Go(func() {
			for n := 0; ; n++ {
				if _, err := fmt.Fprintf(p.conn, "SET k%d %d\r\nGET k%d\r\nCLIENT LIST ID 1\r\n", i, n, i); err != nil {
					return
				}
				if _, err := p.in.Peek(1); err != nil {
					return
				}
				if _, err := p.in.Discard(p.in.Buffered()); err != nil {
					return
				}
			}
		})
	}
	killed := 0
	until(t, "all are killed", func() bool {
		n, _ := strconv.Atoi(strings.TrimPrefix(control.ask("CLIENT KILL NAME victim"), ":"))
		killed += n
		return killed == victims
	})
	done.Wait()
	if have := control.field("victim", "id"); have != "" {
		t.Errorf("client %s was killed and is listed", have)
	}
}

func TestKillMyself(t *testing.T) {
	s := start(t)
	p := dial(t, s)
	p.send("CLIENT KILL SKIPME no", "PING")
	if have := p.ended(); have != ":1\r\n" {
		t.Fatalf("the reply is %q", have)
	}
}

// An argument far larger than any buffer arrives whole, however it is cut.
func TestLargeArgument(t *testing.T) {
	s := start(t)
	p, other := dial(t, s), dial(t, s)
	value := strings.Repeat("0123456789abcdef", 1<<19) // 8 MiB
	p.write(fmt.Sprintf("PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", len(value)))
	for at := 0; at < len(value); {
		n := min(len(value)-at, 1+at/3)
		p.write(value[at : at+n])
		at += n
	}
	p.write("\r\nSTRLEN k\r\n")
	p.expect("+PONG", "+OK", ":"+strconv.Itoa(len(value)))
	if have := other.ask("GET k"); have != value {
		t.Errorf("the value has changed: %d bytes", len(have))
	}
}

// A client that does not read its replies keeps nobody waiting.
func TestOthersGoOnWhileRepliesWait(t *testing.T) {
	s := start(t)
	p, other := dial(t, s), dial(t, s)
	p.write(fmt.Sprintf("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n", 1<<20, strings.Repeat("x", 1<<20)))
	p.expect("+OK")
	const gets = 40
	p.write(strings.Repeat("GET k\r\n", gets) + "PING\r\n")
	for range 100 {
		if have := other.ask("PING"); have != "+PONG" {
			t.Fatal(have)
		}
	}
	size := gets*(1<<20+len("$1048576\r\n\r\n")) + len("+PONG\r\n")
	all := make([]byte, size)
	if _, err := io.ReadFull(p.in, all); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(all), "\r\n+PONG\r\n") {
		t.Error("the replies are out of order")
	}
}

// The replies of a deep pipeline are written before all of it is executed,
// unless a limit counts how many come together.
func TestRepliesOfDeepPipeline(t *testing.T) {
	for limit, atLeast := range map[string]int{"0": 5, "64mb": 1} {
		s := start(t, "--client-output-buffer-limit", "normal "+limit+" 0 0")
		control, p := dial(t, s), dial(t, s)
		value := strings.Repeat("x", 40<<10)
		control.write(fmt.Sprintf("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n", len(value), value))
		control.expect("+OK")
		writes := func() int {
			n, err := strconv.Atoi(harness.InfoFields(p.ask("INFO stats"))["total_writes_processed"])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		const gets = 10
		var lines, replies []string
		for i := range gets {
			lines = append(lines, "GETRANGE k 0 -1", fmt.Sprintf("ECHO %d", i))
			replies = append(replies, fmt.Sprintf("$%d", len(value)), value, "$1", strconv.Itoa(i))
		}
		before := writes()
		p.send(lines...)
		p.expect(replies...)
		if n := writes() - before - 1; n < atLeast {
			t.Errorf("limit %s: %d writes for %d replies", limit, n, 2*gets)
		}
	}
}

func TestQueryBufferLimit(t *testing.T) {
	s := start(t, "--client-query-buffer-limit", "1mb")
	p := dial(t, s)
	p.write("*1\r\n$4000000\r\n")
	for range 64 {
		if _, err := io.WriteString(p.conn, strings.Repeat("x", 64<<10)); err != nil {
			break
		}
	}
	if have := p.ended(); have != "" {
		t.Errorf("there is a reply: %q", have)
	}
	if have := dial(t, s).ask("PING"); have != "+PONG" {
		t.Error(have)
	}
}

func TestOutputLimits(t *testing.T) {
	s := start(t, "--client-output-buffer-limit", "normal 1mb 0 0")
	control, p := dial(t, s), dial(t, s)
	control.write(fmt.Sprintf("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n", 700<<10, strings.Repeat("x", 700<<10)))
	control.expect("+OK")
	p.send("GET k")
	p.expect("$716800")
	p.expect(strings.Repeat("x", 700<<10))
	p.send("GET k", "GET k")
	p.ended()
	if have := harness.InfoFields(control.ask("INFO stats"))["client_output_buffer_limit_disconnections"]; have != "1" {
		t.Errorf("%s clients were closed for their output", have)
	}
}

// Of many clients, those that occupy most have to go, but none that is exempt.
func TestClientEviction(t *testing.T) {
	s := start(t, "--maxmemory-clients", "3mb", "--io-threads", "2")
	control := dial(t, s)
	fill := func(name string, bytes int, exempt string) *peer {
		p := dial(t, s)
		p.send("CLIENT SETNAME "+name, "CLIENT NO-EVICT "+exempt)
		p.expect("+OK", "+OK")
		p.write(fmt.Sprintf("*1\r\n$%d\r\n%s", bytes, strings.Repeat("x", bytes-1)))
		until(t, "input arrives", func() bool {
			n, _ := strconv.Atoi(control.field(name, "qbuf"))
			return n == bytes-1 || control.field(name, "qbuf") == ""
		})
		return p
	}
	fill("exempt", 1500000, "on")
	fill("small", 100000, "off")
	large := fill("large", 1000000, "off")
	fill("last", 900000, "off")
	large.ended()
	for _, name := range []string{"exempt", "small", "last"} {
		if control.field(name, "id") == "" {
			t.Errorf("client %s is gone:\n%s", name, control.ask("CLIENT LIST"))
		}
	}
}

func TestMaxClients(t *testing.T) {
	s := start(t, "--maxclients", "3", "--io-threads", "2")
	var all []*peer
	for range 3 {
		p := dial(t, s)
		// The connection of the start-up test may still be closing.
		for p.send("PING"); ; p.send("PING") {
			if have := p.line(); have == "+PONG" {
				break
			}
			p = dial(t, s)
		}
		all = append(all, p)
	}
	if have := dial(t, s).ended(); have != "-ERR max number of clients reached\r\n" {
		t.Fatalf("one too many is told %q", have)
	}
	all[0].conn.Close()
	until(t, "there is room again", func() bool {
		p := dial(t, s)
		io.WriteString(p.conn, "PING\r\n")
		text, _ := p.in.ReadString('\n')
		return text == "+PONG\r\n"
	})
}

func TestAuthentication(t *testing.T) {
	s := start(t)
	dial(t, s).ask("CONFIG SET requirepass secret")
	p := dial(t, s)
	p.send("PING", "NOSUCH", "GET", "HELLO 3", "AUTH wrong", "AUTH default secret x", "RESET", "AUTH secret", "PING", "RESET", "PING",
		"HELLO 2 AUTH default secret SETNAME me", "CLIENT GETNAME")
	const noAuth = "-NOAUTH Authentication required."
	p.expect(noAuth, noAuth, noAuth,
		"-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
		"-WRONGPASS invalid username-password pair or user is disabled.",
		"-ERR syntax error", "+RESET", "+OK", "+PONG", "+RESET", noAuth)
	for range 12 {
		p.line()
	}
	for p.line() != "*0" { // the end of HELLO's reply
	}
	p.expect("$2", "me")
	stranger := dial(t, s)
	stranger.write("*11\r\n")
	if have := stranger.ended(); have != "-ERR Protocol error: unauthenticated multibulk length\r\n" {
		t.Errorf("a stranger with many arguments is told %q", have)
	}
}

func TestReplyModes(t *testing.T) {
	s := start(t)
	p := dial(t, s)
	p.send("CLIENT REPLY SKIP", "PING a", "PING b", "CLIENT REPLY OFF", "PING c", "NOSUCH", "CLIENT REPLY SKIP", "PING d", "CLIENT REPLY ON", "PING e")
	p.expect("$1", "b", "+OK", "$1", "e")
	// REPLY ON takes back what SKIP asked for; a pause does not use it up.
	p.send("CLIENT REPLY SKIP", "CLIENT REPLY ON", "PING f", "CLIENT PAUSE 20", "CLIENT REPLY SKIP", "PING g", "PING h")
	p.expect("+OK", "$1", "f", "+OK", "$1", "h")
}

func TestClientFilters(t *testing.T) {
	s := start(t, "--io-threads", "2")
	a, b := dial(t, s), dial(t, s)
	a.send("CLIENT SETNAME a", "CLIENT SETINFO lib-name go", "CLIENT SETINFO lib-ver 1", "SELECT 3", "CLIENT CAPA redirect nonsense")
	a.expect("+OK", "+OK", "+OK", "+OK", "+OK")
	b.send("CLIENT SETNAME b", "CLIENT NO-TOUCH on")
	b.expect("+OK", "+OK")
	addr := a.conn.LocalAddr().String()
	idA, idB := strings.TrimPrefix(a.ask("CLIENT ID"), ":"), strings.TrimPrefix(b.ask("CLIENT ID"), ":")
	for filters, want := range map[string]string{
		"NAME a":                         "a",
		"NOT-NAME a NOT-NAME b":          "a",
		"NOT-ID " + idB + " NAME a":      "a",
		"ID " + idA + " " + idB:          "ab",
		"ID " + idA + " ID " + idB:       "ab",
		"ADDR " + addr:                   "a",
		"LADDR " + s.Addr + " NAME b":    "b",
		"IP 127.0.0.1 NOT-DB 3 NAME b":   "b",
		"DB 3":                           "a",
		"FLAGS T":                        "b",
		"NOT-FLAGS T NAME b":             "",
		"FLAGS N NAME a":                 "a",
		"CAPA r":                         "a",
		"NOT-CAPA r NAME a":              "",
		"LIB-NAME go LIB-VER 1":          "a",
		"NOT-LIB-NAME go NAME b":         "b",
		"USER default TYPE normal DB 3":  "a",
		"TYPE pubsub":                    "",
		"NOT-TYPE pubsub NAME b":         "b",
		"MAXAGE 1000":                    "",
		"IDLE 1000":                      "",
		"SKIPME yes NAME b":              "",
		"SKIPME no NAME b":               "b",
		"NOT-IP 127.0.0.2 NAME b":        "b",
		"NOT-ADDR " + addr + " NAME a":   "",
		"NOT-USER default":               "",
		"NOT-LIB-VER 1 LIB-NAME go DB 3": "",
	} {
		names := ""
		for line := range strings.Lines(b.ask("CLIENT LIST " + filters)) {
			_, rest, _ := strings.Cut(line, " name=")
			name, _, _ := strings.Cut(rest, " ")
			names += name
		}
		if names != want {
			t.Errorf("CLIENT LIST %s shows %q, not %q", filters, names, want)
		}
	}
	for command, want := range map[string]string{
		"CLIENT LIST ID":                "-ERR syntax error",
		"CLIENT LIST ID x":              "-ERR syntax error",
		"CLIENT LIST ID 0":              "-ERR client-id should be greater than 0",
		"CLIENT LIST TYPE x":            "-ERR Unknown client type 'x'",
		"CLIENT LIST USER x":            "-ERR No such user 'x'",
		"CLIENT LIST FLAGS x?":          "-ERR Unknown flags found in the provided filter: x?",
		"CLIENT LIST NOT-FLAGS ?":       "-ERR Unknown flags found in the NOT-FLAGS filter: ?",
		"CLIENT LIST CAPA x":            "-ERR Unknown capa found in the provided filter: x",
		"CLIENT LIST NOT-CAPA x":        "-ERR Unknown capa found in the NOT-CAPA filter: x",
		"CLIENT LIST DB x":              "-ERR DB is not an integer or out of range",
		"CLIENT LIST NOT-DB 99":         "-ERR NOT-DB number should be between 0 and 15",
		"CLIENT LIST IDLE 0":            "-ERR idle should be greater than 0",
		"CLIENT LIST NOT-IDLE 1":        "-ERR syntax error",
		"CLIENT KILL 1.2.3.4:5":         "-ERR No such client",
		"CLIENT KILL NAME nobody":       ":0",
		"CLIENT SETNAME \"a b\"":        "-ERR Client names cannot contain spaces, newlines or special characters.",
		"CLIENT SETINFO lib-nAme \" \"": "-ERR lib-nAme cannot contain spaces, newlines or special characters.",
		"CLIENT SETINFO x y":            "-ERR Unrecognized option 'x'",
		"CLIENT UNBLOCK " + idA:         ":0",
		"CLIENT UNBLOCK 1 x":            "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
		"CLIENT PAUSE x":                "-ERR timeout is not an integer or out of range",
		"CLIENT PAUSE -1":               "-ERR timeout is negative",
		"CLIENT PAUSE 1 x":              "-ERR CLIENT PAUSE mode must be WRITE or ALL",
		"CLIENT IMPORT-SOURCE on":       "-ERR Server is not in import mode",
	} {
		if have := b.ask(command); have != want {
			t.Errorf("%s: %q, not %q", command, have, want)
		}
	}
}

// A request in steady state allocates nothing.
func TestNoAllocationPerRequest(t *testing.T) {
	s := start(t)
	p := dial(t, s)
	for name, batch := range map[string]int{"one at a time": 1, "pipelined": 64} {
		t.Run(name, func(t *testing.T) {
			request := []byte(strings.Repeat("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", batch))
			reply := make([]byte, batch*len("+OK\r\n$5\r\nvalue\r\n"))
			rounds := func(n int) {
				for range n {
					if _, err := p.conn.Write(request); err != nil {
						t.Fatal(err)
					}
					if _, err := io.ReadFull(p.in, reply); err != nil {
						t.Fatal(err)
					}
				}
			}
			const requests = 20000
			rounds(200)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rounds(requests / 2 / batch)
			runtime.ReadMemStats(&after)
			// The background tasks allocate now and then.
			if perRequest := float64(after.Mallocs-before.Mallocs) / requests; perRequest > 0.05 {
				t.Errorf("%.2f allocations per request", perRequest)
			}
		})
	}
}

// A pipeline that is stopped by a command that waits for a key goes on in
// order when the key comes, times out, or the wait is ended from outside.
func TestPipelineGoesOnAfterWait(t *testing.T) {
	s := start(t, "--io-threads", "4")
	control := dial(t, s)
	blocked := func(p *peer, name string) {
		t.Helper()
		until(t, name+" waits", func() bool { return control.field(name, "flags") == "b" })
	}
	for round := range 4 { // each on another loop
		p := dial(t, s)
		name := "p" + strconv.Itoa(round)
		p.send("CLIENT SETNAME "+name, "RPUSH "+name+" a", "BLPOP "+name+" 0", `ECHO "x y"`, "BLPOP "+name+" 0", "PING", "BLPOP "+name+" 0")
		p.expect("+OK", ":1", "*2", "$2", name, "$1", "a", "$3", "x y")
		blocked(p, name)
		if have := control.ask("RPUSH " + name + " b"); have != ":1" {
			t.Fatal(have)
		}
		p.expect("*2", "$2", name, "$1", "b", "+PONG")
		blocked(p, name)
		p.send("BLPOP "+name+" 0.01", "BLPOP "+name+" 0", "GET nothing")
		if have := control.ask("CLIENT UNBLOCK " + control.field(name, "id")); have != ":1" {
			t.Fatal(have)
		}
		p.expect("*-1", "*-1")
		blocked(p, name)
		if have := control.ask("CLIENT UNBLOCK " + control.field(name, "id") + " error"); have != ":1" {
			t.Fatal(have)
		}
		p.expect("-UNBLOCKED client unblocked via CLIENT UNBLOCK", "$-1")
		p.send("BLPOP "+name+" 0", "PING")
		blocked(p, name)
		if have := control.ask("CLIENT KILL NAME " + name); have != ":1" {
			t.Fatal(have)
		}
		p.ended()
		// The key's next value is for nobody.
		if have := control.ask("RPUSH " + name + " c"); have != ":1" {
			t.Fatal(have)
		}
		if have := control.ask("LLEN " + name); have != ":1" {
			t.Errorf("a client that was killed has taken a value: %s left", have)
		}
	}
}

// However a stream of requests is cut into pieces, and whoever pauses it
// meanwhile, the replies are the same.
func TestAnyCutOfTheStream(t *testing.T) {
	s := start(t, "--io-threads", "3")
	control := dial(t, s)
	for seed := range uint64(24) {
		random := rand.New(rand.NewPCG(seed, 1))
		key := "key" + strconv.FormatUint(seed, 10)
		var requests, replies strings.Builder
		value, size := "", 0
		for range 60 {
			word := strings.Repeat("v", random.IntN(40))
			if random.IntN(12) == 0 {
				word = strings.Repeat("w", random.IntN(60000))
			}
			switch random.IntN(4) {
			case 0:
				value, size = word, len(word)
				fmt.Fprintf(&requests, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(word), word)
				replies.WriteString("+OK\r\n")
			case 1:
				word = word[:min(len(word), 30)]
				value, size = value+word+" '", size+len(word)+2
				fmt.Fprintf(&requests, "append %s \"%s '\"\r\n", key, word)
				fmt.Fprintf(&replies, ":%d\r\n", size)
			case 2:
				fmt.Fprintf(&requests, "GET %s\r\n", key)
				if value == "" && !strings.Contains(replies.String(), "OK") {
					replies.WriteString("$-1\r\n")
				} else {
					fmt.Fprintf(&replies, "$%d\r\n%s\r\n", size, value)
				}
			case 3:
				requests.WriteString("\r\n*0\r\n*1\r\n$4\r\nping\r\n")
				replies.WriteString("+PONG\r\n")
			}
		}
		p := dial(t, s)
		var sender sync.WaitGroup
		sender.Go(func() {
			for text := requests.String(); text != ""; {
				n := min(len(text), 1+random.IntN(1<<random.IntN(16)))
				if _, err := io.WriteString(p.conn, text[:n]); err != nil {
					t.Error(err)
					return
				}
				text = text[n:]
			}
		})
		for range 5 {
			control.ask("CLIENT PAUSE 3 WRITE")
		}
		have := make([]byte, replies.Len())
		if _, err := io.ReadFull(p.in, have); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		sender.Wait()
		if string(have) != replies.String() {
			t.Errorf("seed %d: the replies differ", seed)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := t.TempDir() + "/socket"
	start(t, "--unixsocket", path)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	p := &peer{t, conn, bufio.NewReader(conn)}
	p.send("CLIENT SETNAME u")
	p.expect("+OK")
	for name, want := range map[string]string{"flags": "U", "addr": path + ":0", "laddr": path + ":0"} {
		if have := p.field("u", name); have != want {
			t.Errorf("%s is %q, not %q", name, have, want)
		}
	}
}

// A reply without end stops at the limit of the client's output.
func TestEndlessReplyStopsAtOutputLimit(t *testing.T) {
	s := start(t, "--client-output-buffer-limit", "normal 100kb 0 0")
	p := dial(t, s)
	for request, want := range map[string]string{"HSET h f v": ":1", "SADD s m": ":1", "ZADD z 1 m": ":1"} {
		if have := p.ask(request); have != want {
			t.Fatalf("%s: %s", request, have)
		}
	}
	for _, request := range []string{"HRANDFIELD h -999999999", "SRANDMEMBER s -999999999", "ZRANDMEMBER z -999999999"} {
		victim := dial(t, s)
		victim.send(request)
		if _, err := io.Copy(io.Discard, victim.in); err != nil {
			t.Logf("%s: %v", request, err) // reset, or the end of the stream
		}
		if have := p.ask("PING"); have != "+PONG" {
			t.Fatal(have)
		}
	}
}
