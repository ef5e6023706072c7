package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

func TestPipedSession(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{
		"set": "+OK\r\n", "get": bulk("b"), "incr": ":1\r\n", "select": "+OK\r\n",
	}))
	got := runMain(strings.Join([]string{
		"set a b", "", "   ", `get "a`, "get a", "3 incr n", "0 incr n", "99999999999999999999 incr n",
		":get pubsub", ":get x", ":set x", ":x", "restart", "select 5", "quit", "get never",
	}, "\n"), nil, f.args()...)
	expect(t, got, outcome{0, strings.Join([]string{
		"OK", "Invalid argument(s)", "b", "1", "1", "1",
		"Invalid valkey-cli repeat command option value.", "Invalid valkey-cli repeat command option value.",
		"0", "unknown valkey-cli get option 'x'", "unknown valkey-cli preference 'x'",
		"unknown valkey-cli internal command ':x'", "Use 'restart' only in Lua debugging mode.", "OK", "",
	}, "\n"), ""})
	wantSeen(t, f, "set a b", "get a", "incr n", "incr n", "incr n", "select 5")
}

func TestDatabaseSurvivesReconnection(t *testing.T) {
	gets := 0
	f := newFakeServer(t, func(args []string) string {
		switch strings.ToLower(args[0]) {
		case "get":
			if gets++; gets == 1 {
				return hangUp
			}
			return bulk("v")
		}
		return "+OK\r\n"
	})
	expect(t, runMain("select 7\nget k\nget k\n", nil, f.args()...),
		outcome{0, "OK\nv\n", "Error: Server closed the connection\n"})
	wantSeen(t, f, "select 7", "get k", "SELECT 7", "get k")
}

// newTestRepl connects a session without a terminal, for looking at its state.
func newTestRepl(t *testing.T, f *fakeServer) (*repl, *bytes.Buffer) {
	t.Helper()
	var stdout bytes.Buffer
	a := newApp(strings.NewReader(""), &stdout, io.Discard, ttyEnv)
	opts, _, err := parseOptions(f.args())
	if err != nil {
		t.Fatal(err)
	}
	a.opts, a.interactive = opts, true
	a.chooseFormat()
	a.session = newSession(a, &a.opts, nil)
	a.help = newHelp(a)
	if err := a.session.connect(false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.session.disconnect)
	return &repl{app: a, session: a.session, history: loadHistory(""), hints: true}, &stdout
}

func TestPrompt(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{
		"select": "+OK\r\n", "multi": "+OK\r\n", "discard": "+OK\r\n", "reset": "+RESET\r\n",
		"exec":      "*-1\r\n",
		"subscribe": array(bulk("subscribe"), bulk("c"), ":1\r\n"),
		"shutdown":  hangUp,
	}))
	r, _ := newTestRepl(t, f)
	address := f.address()
	for _, step := range []struct{ line, prompt string }{
		{":get pubsub", address + "> "},
		{"select 3", address + "[3]> "},
		{"multi", address + "[3](TX)> "},
		{"select 4", address + "[4](TX)> "},
		{"exec", address + "[3]> "}, // aborted: the SELECT never ran
		{"multi", address + "[3](TX)> "},
		{"discard", address + "[3]> "},
		{"subscribe c", address + "[3](subscribed mode)> "},
		{"reset", address + "> "},
		{"shutdown", "not connected> "},
	} {
		if _, err := r.runLine(step.line); err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		if got := r.prompt(); got != step.prompt {
			t.Errorf("after %q the prompt is %q, want %q", step.line, got, step.prompt)
		}
	}
}

func TestSubscribedSession(t *testing.T) {
	const notice = "Reading messages... (press Ctrl-C to quit or any key to type command)\r"
	sub := array(bulk("subscribe"), bulk("c"), ":1\r\n")
	message := array(bulk("message"), bulk("c"), bulk("hi"))
	release := make(chan struct{})
	f := newFakeServer(t, func(args []string) string {
		switch strings.ToLower(args[0]) {
		case "subscribe":
			return sub + message
		case "unsubscribe":
			return array(bulk("unsubscribe"), bulk("c"), ":0\r\n")
		}
		return "+PONG\r\n"
	})
	// The next line is typed once the message is on the screen.
	stdin, typist := io.Pipe()
	var stdout watchedBuffer
	stdout.watch("\"hi\"\n"+notice, release)
	go func() {
		io.WriteString(typist, "subscribe c\n")
		<-release
		io.WriteString(typist, "unsubscribe\nping\n")
		typist.Close()
	}()
	var stderr bytes.Buffer
	status := Main(f.args(), stdin, &stdout, &stderr, ttyEnv)
	if status != 0 || stderr.Len() != 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	got := stdout.String()
	for _, want := range []string{
		"1) \"subscribe\"\n2) \"c\"\n3) (integer) 1\n" + notice,
		"\x1b[K1) \"message\"\n2) \"c\"\n3) \"hi\"\n" + notice + "\x1b[K1) \"unsubscribe\"\n2) \"c\"\n3) (integer) 0\nPONG\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("output %q lacks %q", got, want)
		}
	}
}

func TestInterruptEndsMonitor(t *testing.T) {
	f := newFakeServer(t, func(args []string) string {
		if args[0] == "monitor" {
			return "+OK\r\n+1.5 [0 x] \"get\"\r\n"
		}
		return "+PONG\r\n"
	})
	var stderr bytes.Buffer
	var stdout watchedBuffer
	a := newApp(strings.NewReader("monitor\nping\n"), &stdout, &stderr, nil)
	a.interrupts = make(chan os.Signal, 1)
	shown := make(chan struct{})
	stdout.watch("\"get\"\n", shown)
	go func() {
		<-shown
		a.interrupts <- os.Interrupt
	}()
	if status := a.main(f.args()); status != 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	if got, want := stdout.String(), "OK\n1.5 [0 x] \"get\"\nPONG\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestInterruptEndsBlockedCommand(t *testing.T) {
	var a *app
	f := newFakeServer(t, func([]string) string {
		a.interrupts <- os.Interrupt
		return noReply
	})
	var stdout, stderr bytes.Buffer
	a = newApp(strings.NewReader("blpop k 0\n"), &stdout, &stderr, nil)
	a.interrupts = make(chan os.Signal, 1)
	if status := a.main(f.args()); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
}

func TestSlowCommandShowsItsTime(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"ping": "+PONG\r\n"}))
	r, stdout := newTestRepl(t, f)
	clock := time.Unix(0, 0)
	r.app.now = func() time.Time {
		clock = clock.Add(1230 * time.Millisecond)
		return clock
	}
	if _, err := r.runLine("ping"); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "PONG\n(1.23s)\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestReconnectionIsAnnounced(t *testing.T) {
	first := true
	f := newFakeServer(t, func([]string) string {
		if first {
			first = false
			return hangUp
		}
		return "+PONG\r\n"
	})
	r, stdout := newTestRepl(t, f)
	announced := 0
	r.session.announce = func() { announced++ }
	for range 3 {
		if _, err := r.runLine("ping"); err != nil {
			t.Fatal(err)
		}
	}
	if announced != 1 || stdout.String() != "PONG\nPONG\n" {
		t.Errorf("announced %d times, output %q", announced, stdout)
	}
}

func TestPreferences(t *testing.T) {
	f := newFakeServer(t, script(nil))
	r, stdout := newTestRepl(t, f)
	file := filepath.Join(t.TempDir(), "rc")
	if err := os.WriteFile(file, []byte(":set nohints\n:set what\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.app.env["VALKEYCLI_RCFILE"] = file
	r.loadPreferences()
	if r.hints {
		t.Error("hints are still on")
	}
	if got, want := stdout.String(), ".valkeyclirc: unknown valkey-cli preference 'what'\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	if _, err := r.runLine(":SET Hints"); err != nil || !r.hints {
		t.Errorf("hints %v, error %v", r.hints, err)
	}
}

func TestPushedSubscriptionsInResp3(t *testing.T) {
	r := &session{app: newApp(strings.NewReader(""), io.Discard, io.Discard, nil), resp3: true}
	push := func(kind string, count int64) client.Value {
		return client.Value{Kind: client.Push, Elems: []client.Value{
			{Kind: client.Bulk, Str: kind}, {Kind: client.Bulk, Str: "c"}, {Kind: client.Integer, Int: count}}}
	}
	for _, step := range []struct {
		kind  string
		count int64
		want  bool
	}{
		{"subscribe", 1, true}, {"ssubscribe", 1, true}, {"psubscribe", 2, true},
		{"unsubscribe", 1, true}, {"punsubscribe", 0, true}, {"sunsubscribe", 0, false},
	} {
		v := push(step.kind, step.count)
		if !r.isSubscriptionMessage(v) {
			t.Errorf("%s is not taken for a subscription's message", step.kind)
		}
		if r.countSubscriptions(v); r.subscribed != step.want {
			t.Errorf("after %s %d subscribed is %v", step.kind, step.count, r.subscribed)
		}
	}
	if reply := push("get", 1); r.isSubscriptionMessage(reply) {
		t.Error("a reply is taken for a subscription's message")
	}
}
