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
	for name, words := range map[string][]string{
		"ioredis":    {"node", "node/ioredis.mjs"},
		"node-redis": {"node", "node/node-redis.mjs"},
		"redis-py":   {"/usr/bin/python3", "python/scenario.py"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := output(t, "", append(words, strconv.Itoa(server.Port))...); got != "ok\n" {
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
