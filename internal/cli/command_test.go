package cli

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func wantSeen(t *testing.T, f *fakeServer, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, f.commands()); diff != "" {
		t.Errorf("commands seen: %s", diff)
	}
}

func TestOneCommand(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"get": bulk("a\tb"), "info": bulk("# Server\r\n")}))
	expect(t, runMain("", nil, f.args("get", "k")...), outcome{0, "a\tb\n", ""})
	expect(t, runMain("", ttyEnv, f.args("get", "k")...), outcome{0, "\"a\\tb\"\n", ""})
	expect(t, runMain("", ttyEnv, f.args("info")...), outcome{0, "# Server\r\n", ""})
	expect(t, runMain("", nil, f.args("bad")...), outcome{0, "ERR unknown command 'bad'\n\n", ""})
	expect(t, runMain("", nil, f.args("-e", "bad")...), outcome{1, "", "ERR unknown command 'bad'\n"})
	wantSeen(t, f, "get k", "get k", "info", "bad", "bad")
}

func TestConnectionSetUp(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{
		"auth": "+OK\r\n", "select": "+OK\r\n", "hello": "%0\r\n", "ping": "+PONG\r\n",
	}))
	expect(t, runMain("", nil, f.args("-a", "pw", "--no-auth-warning", "-n", "4", "-3", "ping")...), outcome{0, "PONG\n", ""})
	expect(t, runMain("", []string{"VALKEYCLI_AUTH=env"}, f.args("--user", "u", "ping")...), outcome{0, "PONG\n", ""})
	expect(t, runMain("", []string{"REDISCLI_AUTH=env"}, f.args("-a", "arg", "ping")...), outcome{0, "PONG\n",
		"Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n"})
	expect(t, runMain("typed\n", nil, f.args("--askpass", "ping")...), outcome{0, "PONG\n", ""})
	expect(t, runMain("", nil, f.args("--json", "ping")...), outcome{0, "\"PONG\"\n", ""})
	expect(t, runMain("", nil, f.args("--json", "-2", "ping")...), outcome{0, "\"PONG\"\n", ""})
	wantSeen(t, f, "AUTH pw", "SELECT 4", "HELLO 3", "ping", "AUTH u env", "ping", "AUTH arg", "ping",
		"AUTH typed", "ping", "HELLO 3", "ping", "ping")
}

func TestRefusedSetUp(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{
		"auth": "-WRONGPASS no\r\n", "select": "-ERR DB index is out of range\r\n", "hello": "-ERR unknown command\r\n",
		"ping": "+PONG\r\n",
	}))
	const warning = "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n"
	expect(t, runMain("", nil, f.args("-a", "x", "ping")...), outcome{0, "PONG\n", warning + "AUTH failed: WRONGPASS no\n"})
	expect(t, runMain("", nil, f.args("-n", "99", "ping")...),
		outcome{0, "PONG\n", "SELECT 99 failed: ERR DB index is out of range\n"})
	expect(t, runMain("", nil, f.args("-3", "ping")...), outcome{0, "PONG\n", "HELLO 3 failed: ERR unknown command\n"})
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	want := "Could not connect to Valkey at 127.0.0.1:" + port + ": Connection refused\n"
	expect(t, runMain("", nil, "-p", port, "ping"), outcome{1, "", want})
	expect(t, runMain("", nil, "-p", port, "--scan"), outcome{1, "", want})
	missing := filepath.Join(t.TempDir(), "none")
	expect(t, runMain("", nil, "-s", missing, "ping"),
		outcome{1, "", "Could not connect to Valkey at " + missing + ": No such file or directory\n"})
}

func TestServerHangsUp(t *testing.T) {
	f := newFakeServer(t, func([]string) string { return hangUp })
	expect(t, runMain("", nil, f.args("get", "k")...), outcome{1, "", "Error: Server closed the connection\n"})
	expect(t, runMain("", nil, f.args("shutdown")...), outcome{0, "", ""})
}

func TestArgumentsFromStdin(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"set": "+OK\r\n"}))
	expect(t, runMain("from\x00stdin\n", nil, f.args("-x", "set", "k")...), outcome{0, "OK\n", ""})
	expect(t, runMain("v", nil, f.args("-X", "tag", "set", "k", "tag", "ex", "tag")...), outcome{0, "OK\n", ""})
	expect(t, runMain("v", nil, f.args("-X", "other", "set", "k", "tag")...),
		outcome{1, "", "Using -X option but stdin tag not match.\n"})
	wantSeen(t, f, "set k from\x00stdin\n", "set k v ex tag")
}

func TestQuotedInput(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"get": "$-1\r\n"}))
	expect(t, runMain("", nil, f.args("--quoted-input", "get", `"\x41\x00"`)...), outcome{0, "\n", ""})
	expect(t, runMain("", nil, f.args("get", `"\x41"`)...), outcome{0, "\n", ""})
	for _, bad := range []string{`"open`, `"a" "b"`} {
		expect(t, runMain("", nil, f.args("--quoted-input", "get", bad)...), outcome{1, "Invalid quoted string\n", ""})
	}
	wantSeen(t, f, "get A\x00", `get "\x41"`)
}

func TestRepeat(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"incr": ":1\r\n"}))
	expect(t, runMain("", nil, f.args("-r", "3", "-i", "0.001", "incr", "n")...), outcome{0, "1\n1\n1\n", ""})
	wantSeen(t, f, "incr n", "incr n", "incr n")
}

func TestRepeatForEver(t *testing.T) {
	left := 5
	f := newFakeServer(t, func([]string) string {
		if left--; left == 0 {
			return hangUp
		}
		return ":1\r\n"
	})
	expect(t, runMain("", nil, f.args("-r", "-1", "incr", "n")...),
		outcome{1, strings.Repeat("1\n", 4), "Error: Server closed the connection\n"})
}

func TestEval(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"eval": ":1\r\n"}))
	file := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(file, []byte("return 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, runMain("", nil, f.args("--eval", file, "k1", "k2", ",", "a", ",")...), outcome{0, "1\n", ""})
	expect(t, runMain("", nil, f.args("--eval", file)...), outcome{0, "1\n", ""})
	wantSeen(t, f, "EVAL return 1 2 k1 k2 a ,", "EVAL return 1 0")
	expect(t, runMain("", nil, f.args("--eval", file+"x")...),
		outcome{1, "", "Can't open file '" + file + "x': No such file or directory\n"})
}

func TestClusterRedirects(t *testing.T) {
	target := newFakeServer(t, script(map[string]string{"set": "+OK\r\n", "asking": "+OK\r\n", "get": bulk("v")}))
	source := newFakeServer(t, script(map[string]string{
		"set": "-ASK 12182 " + target.address() + "\r\n",
		"get": "-MOVED 12182 " + strings.TrimPrefix(target.address(), "127.0.0.1") + "\r\n",
	}))
	expect(t, runMain("", nil, source.args("-c", "SET", "foo", "bar")...), outcome{0, "OK\n", ""})
	expect(t, runMain("", nil, source.args("-c", "get", "foo")...), outcome{0, "v\n", ""})
	expect(t, runMain("get foo\nget foo\n", nil, source.args("-c")...),
		outcome{0, "-> Redirected to slot [12182] located at " + target.address() + "\nv\nv\n", ""})
	wantSeen(t, target, "ASKING", "SET foo bar", "get foo", "get foo", "get foo")
	expect(t, runMain("", nil, source.args("set", "foo", "bar")...),
		outcome{0, "ASK 12182 " + target.address() + "\n\n", ""})
}

func TestSubscribeOnce(t *testing.T) {
	sub := array(bulk("subscribe"), bulk("c"), ":1\r\n")
	message := array(bulk("message"), bulk("c"), bulk("hi"))
	end := array(bulk("unsubscribe"), bulk("c"), ":0\r\n")
	f := newFakeServer(t, script(map[string]string{"subscribe": sub + message + end}))
	expect(t, runMain("", nil, f.args("subscribe", "c")...),
		outcome{0, "subscribe\nc\n1\nmessage\nc\nhi\nunsubscribe\nc\n0\n", ""})
}

func TestPushes(t *testing.T) {
	invalidate := ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	f := newFakeServer(t, script(map[string]string{"hello": "%0\r\n", "get": invalidate + bulk("v")}))
	expect(t, runMain("", ttyEnv, f.args("-3", "get", "k")...), outcome{0, "-> invalidate: 'k'\n\"v\"\n", ""})
	expect(t, runMain("", nil, f.args("-3", "get", "k")...), outcome{0, "v\n", ""})
	expect(t, runMain("", nil, f.args("-3", "--show-pushes", "y", "get", "k")...),
		outcome{0, "invalidate\nk\nv\n", ""})
}

func TestMonitorOnce(t *testing.T) {
	f := newFakeServer(t, func(args []string) string {
		if args[0] == "monitor" {
			return "+OK\r\n+1.5 [0 127.0.0.1:1] \"get\" \"k\"\r\n-ERR over\r\n"
		}
		return hangUp
	})
	expect(t, runMain("", nil, f.args("monitor")...),
		outcome{0, "OK\n1.5 [0 127.0.0.1:1] \"get\" \"k\"\nERR over\n\n", ""})
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		buf := make([]byte, 64)
		if n, _ := nc.Read(buf); bytes.Contains(buf[:n], []byte("ping")) {
			nc.Write([]byte("+PONG\r\n"))
		}
	}()
	expect(t, runMain("", nil, "-s", path, "ping"), outcome{0, "PONG\n", ""})
	<-served
}
