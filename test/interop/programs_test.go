package interop

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/test/harness"
)

// wanted reports whether the programs that make installs are to be run.
func wanted() bool { return os.Getenv("KVASIR_INTEROP") != "" }

// startServer builds and starts the binary.
func startServer(t *testing.T, options ...string) *harness.Server {
	t.Helper()
	path, err := harness.Build(t.TempDir())
	must(t, err)
	return harness.Start(t, func() (*harness.Server, error) {
		return harness.StartBinary(harness.Kvasir(path).With(options...))
	})
}

// output runs a program to its end.
func output(t *testing.T, stdin string, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s%s", strings.Join(words, " "), err, out, errors.Bytes())
	}
	return string(out)
}

func TestScriptedClients(t *testing.T) {
	if !wanted() {
		return
	}
	server := startServer(t, "--io-threads", "2")
	for _, c := range []struct{ name, interpreter, script string }{
		{"ioredis", "node", "node/ioredis.mjs"},
		{"ioredis-game", "node", "node/ioredis-game.mjs"},
		{"node-redis", "node", "node/node-redis.mjs"},
		{"node-redis-office", "node", "node/node-redis-office.mjs"},
		{"redis-py", "/usr/bin/python3", "python/scenario.py"},
		{"redis-py-library", "/usr/bin/python3", "python/library.py"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := output(t, "", c.interpreter, c.script, strconv.Itoa(server.Port)); got != "ok\n" {
				t.Errorf("it prints %q", got)
			}
		})
	}
}

func TestRedisCLI(t *testing.T) {
	if !wanted() {
		return
	}
	server := startServer(t)
	cli := []string{"redis-cli", "-p", strconv.Itoa(server.Port)}
	for _, c := range []struct{ stdin, args, want string }{
		{"", "PING", "PONG\n"},
		{"", "SET greeting hello", "OK\n"},
		{"", "GET greeting", "hello\n"},
		{"", "GET absent", "\n"},
		{"", "--no-raw GET absent", "(nil)\n"},
		{"", "--no-raw INCR counter", "(integer) 1\n"},
		{"", "-3 --no-raw TTL counter", "(integer) -1\n"},
		{"", "--no-raw MGET greeting absent", "1) \"hello\"\n2) (nil)\n"},
		{"", "NOSUCH", "ERR unknown command 'NOSUCH', with args beginning with: \n\n"},
		{"SET a 1\nINCR a\nGET a\n", "", "OK\n2\n2\n"},
		{"value from a pipe", "-x SET piped", "OK\n"},
		{"", "GET piped", "value from a pipe\n"},
		{"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nm\r\n$1\r\n1\r\n", "--pipe", "errors: 0, replies: 2\n"},
		{"", "--scan --pattern g*", "greeting\n"},
	} {
		if got := output(t, c.stdin, append(cli, strings.Fields(c.args)...)...); !strings.HasSuffix(got, c.want) {
			t.Errorf("redis-cli %s prints %q, want %q", c.args, got, c.want)
		}
	}
}

// diary is a session at redis-cli, about every type, and what it prints.
var diary = []struct{ line, want string }{
	{`RPUSH notes "first one" second`, `(integer) 2`},
	{`BLMPOP 1 1 notes RIGHT COUNT 5`, "1) \"notes\"\n2) 1) \"second\"\n   2) \"first one\""},
	{`SADD words a b`, `(integer) 2`},
	{`SMISMEMBER words a z`, "1) (integer) 1\n2) (integer) 0"},
	{`ZADD moods 1.5 good 3 bad`, `(integer) 2`},
	{`ZRANGE moods 0 -1 REV WITHSCORES`, "1) \"bad\"\n2) \"3\"\n3) \"good\"\n4) \"1.5\""},
	{`HSET day weather sun code 1`, `(integer) 2`},
	{`HEXPIRE day 100 FIELDS 1 code`, `1) (integer) 1`},
	{`HMGET day weather none`, "1) \"sun\"\n2) (nil)"},
	{`XADD log 1-1 event "got up"`, `"1-1"`},
	{`XGROUP CREATE log readers 0`, `OK`},
	{`XREADGROUP GROUP readers me STREAMS log >`, "1) 1) \"log\"\n   2) 1) 1) \"1-1\"\n         2) 1) \"event\"\n            2) \"got up\""},
	{`XACK log readers 1-1`, `(integer) 1`},
	{`SETBIT days 7 1`, `(integer) 0`},
	{`BITFIELD days GET u8 0`, `1) (integer) 1`},
	{`PFADD people ann bob ann`, `(integer) 1`},
	{`PFCOUNT people`, `(integer) 2`},
	{`GEOADD places 13.361389 38.115556 Palermo`, `(integer) 1`},
	{`GEOSEARCH places FROMLONLAT 13 38 BYRADIUS 50 km WITHDIST`, "1) 1) \"Palermo\"\n   2) \"34.1601\""},
	{`SORT words ALPHA DESC`, "1) \"b\"\n2) \"a\""},
	{`MULTI`, `OK`},
	{`INCR pages`, `QUEUED`},
	{`LPUSH pages x`, `QUEUED`},
	{`EXEC`, "1) (integer) 1\n2) (error) WRONGTYPE Operation against a key holding the wrong kind of value"},
	{`GET`, `(error) ERR wrong number of arguments for 'get' command`},
	{`TYPE log`, `stream`},
	{`SCAN 0 MATCH m* TYPE zset COUNT 100`, "1) \"0\"\n2) 1) \"moods\""},
}

// TestRedisCLIDiary plays a session through one connection.
func TestRedisCLIDiary(t *testing.T) {
	if !wanted() {
		return
	}
	server := startServer(t)
	var lines, want []string
	for _, entry := range diary {
		lines = append(lines, entry.line)
		want = append(want, entry.want)
	}
	got := output(t, strings.Join(lines, "\n")+"\n", "redis-cli", "-p", strconv.Itoa(server.Port), "--no-raw")
	if want := strings.Join(want, "\n") + "\n"; got != want {
		t.Errorf("redis-cli prints\n%s\nwant\n%s", got, want)
	}
}

func TestRedisBenchmark(t *testing.T) {
	if !wanted() {
		return
	}
	server := startServer(t)
	got := output(t, "", "redis-benchmark", "-p", strconv.Itoa(server.Port), "-n", "20000", "-c", "20", "-P", "16",
		"-r", "1000", "-q", "--csv", "-t", "ping,set,get,incr,lpush,rpush,lpop,rpop,mset")
	for _, test := range []string{"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "MSET (10 keys)"} {
		if !strings.Contains(got, `"`+test+`",`) {
			t.Errorf("no result of %s in\n%s", test, got)
		}
	}
}
