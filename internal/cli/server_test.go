package cli

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
)

// serverOptions returns the options that lead to a server: the one that
// VALKEY_SERVER names, else the redis-server on the path, else a fake that
// knows the few commands the test uses.
func serverOptions(t *testing.T) []string {
	binary := os.Getenv("VALKEY_SERVER")
	if binary == "" {
		binary, _ = exec.LookPath("redis-server")
	}
	if binary == "" {
		return newFakeServer(t, newMiniature().handle).args()
	}
	// A unix socket needs no free port, and its name says whose server it is.
	path := t.TempDir() + "/s"
	server := exec.Command(binary, "--port", "0", "--unixsocket", path, "--save", "", "--dir", t.TempDir())
	var log watchedBuffer
	ready := make(chan struct{})
	log.watch("eady to accept connections", ready)
	server.Stdout = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = server.Wait() // it ends by our signal
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		<-exited
	})
	select {
	case <-ready:
	case <-exited:
		t.Fatalf("%s did not start: %s", binary, log.String())
	}
	return []string{"-s", path}
}

// TestAgainstServer talks to a real server where there is one.
func TestAgainstServer(t *testing.T) { converse(t, serverOptions(t)) }

// TestAgainstMiniature keeps the stand-in honest.
func TestAgainstMiniature(t *testing.T) {
	converse(t, newFakeServer(t, newMiniature().handle).args())
}

// converse checks a dialogue that every server must hold alike.
func converse(t *testing.T, options []string) {
	run := func(stdin string, variables []string, args ...string) string {
		t.Helper()
		got := runMain(stdin, variables, append(append([]string(nil), options...), args...)...)
		if got.status != 0 || got.stderr != "" {
			t.Errorf("%q: status %d, stderr %q", args, got.status, got.stderr)
		}
		return got.stdout
	}
	for _, step := range []struct {
		stdin string
		tty   bool
		args  []string
		want  string
	}{
		{"", true, []string{"ping"}, "PONG\n"},
		{"", true, []string{"rpush", "l", "a b", "\x00"}, "(integer) 2\n"},
		{"", true, []string{"lrange", "l", "0", "-1"}, "1) \"a b\"\n2) \"\\x00\"\n"},
		{"", false, []string{"lrange", "l", "0", "-1"}, "a b\n\x00\n"},
		{"", false, []string{"--csv", "lrange", "l", "0", "-1"}, "\"a b\",\"\\x00\"\n"},
		{"", false, []string{"hset", "h", "f", "1"}, "1\n"},
		{"", true, []string{"-3", "hgetall", "h"}, "1# \"f\" => \"1\"\n"},
		{"", false, []string{"--json", "hgetall", "h"}, "{\"f\":\"1\"}\n"},
		{"from stdin", false, []string{"-x", "set", "s"}, "OK\n"},
		{"", false, []string{"get", "s"}, "from stdin\n"},
		{"multi\nget s\nexec\nget none\n", true, nil, "OK\nQUEUED\n1) \"from stdin\"\n(nil)\n"},
		{"", false, []string{"--scan", "--pattern", "h*"}, "h\n"},
		{string(client.AppendCommand(nil, "GET", "s")), false, []string{"--pipe"},
			"All data transferred. Waiting for the last reply...\nLast reply received from server.\nerrors: 0, replies: 1\n"},
		{"", false, []string{"--test_hint", "GET "}, "key\n"},
	} {
		variables := []string(nil)
		if step.tty {
			variables = ttyEnv
		}
		if got := run(step.stdin, variables, step.args...); got != step.want {
			t.Errorf("%q: got %q, want %q", step.args, got, step.want)
		}
	}
	if got := run("", nil, "--bigkeys"); !strings.Contains(got, "Biggest   list found '\"l\"' has 2 items\n") {
		t.Errorf("--bigkeys printed %q", got)
	}
}

// miniature is the stand-in for a server: the commands of TestAgainstServer on
// the keys it uses.
type miniature struct {
	list    []string
	hash    map[string]string
	strings map[string]string
	multi   bool
}

func newMiniature() *miniature {
	return &miniature{hash: map[string]string{}, strings: map[string]string{}}
}

func (m *miniature) handle(args []string) string {
	switch name := strings.ToLower(args[0]); name {
	case "ping":
		return "+PONG\r\n"
	case "echo":
		return bulk(args[1])
	case "hello":
		return "%0\r\n"
	case "rpush":
		m.list = append(m.list, args[2:]...)
		return fmt.Sprintf(":%d\r\n", len(m.list))
	case "lrange":
		return m.strs(m.list...)
	case "hset":
		m.hash[args[2]] = args[3]
		return ":1\r\n"
	case "hgetall":
		return "%1\r\n" + bulk("f") + bulk(m.hash["f"])
	case "set":
		m.strings[args[1]] = args[2]
		return "+OK\r\n"
	case "multi":
		m.multi = true
		return "+OK\r\n"
	case "exec":
		m.multi = false
		return m.strs(m.strings["s"])
	case "get":
		value, ok := m.strings[args[1]]
		switch {
		case m.multi:
			return "+QUEUED\r\n"
		case !ok:
			return "$-1\r\n"
		}
		return bulk(value)
	case "scan":
		if len(args) > 4 {
			return array(bulk("0"), m.strs("h"))
		}
		return array(bulk("0"), m.strs("h", "l", "s"))
	case "type":
		return map[string]string{"h": "+hash\r\n", "l": "+list\r\n", "s": "+string\r\n"}[args[1]]
	case "llen", "strlen", "hlen":
		return ":" + strconv.Itoa(len(m.list)) + "\r\n"
	case "dbsize":
		return ":3\r\n"
	case "readonly":
		return "-ERR This instance has cluster support disabled\r\n"
	case "command":
		return testDocs()
	}
	return "-ERR unknown command\r\n"
}

func (m *miniature) strs(texts ...string) string {
	items := make([]string, len(texts))
	for i, text := range texts {
		items[i] = bulk(text)
	}
	return array(items...)
}
