package node_test

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// withAppendOnly runs a server on a directory and returns the replies, each of one
// line, to some inline commands.
func withAppendOnly(t *testing.T, dir string, commands ...string) []string {
	t.Helper()
	store := config.New(config.Environment{
		Dir:       dir,
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Match:     glob.Match,
		Warn:      func(text string) { t.Log(text) },
	})
	files := config.OSFiles{}
	socket := filepath.Join(dir, "s")
	args := []string{"--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "yes",
		"--appendfsync", "always", "--enable-debug-command", "yes"}
	if err := store.Load(config.Sources{CommandLine: config.ParseCommandLine(args), Files: files, OpenLog: files.OpenLog}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	n, err := node.New(node.Options{Config: store, Log: serverlog.New(&log, time.Now), Clock: clock.NewSystem(), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	ended := make(chan int)
	go func() { ended <- n.Run() }()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	var replies []string
	for _, c := range commands {
		conn.Write([]byte(c + "\r\n"))
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v\n%s", c, err, log.String())
		}
		replies = append(replies, strings.TrimSpace(line))
	}
	conn.Close()
	n.Shutdown(node.ShutdownNoSave)
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
	return replies
}

func TestAppendOnlyFileOutlivesServer(t *testing.T) {
	dir := t.TempDir()
	before := withAppendOnly(t, dir, "SET a 1", "RPUSH l x y z", "SELECT 2", "INCR f", "DEL a", "SETEX e 1000 v", "DEBUG DIGEST")
	after := withAppendOnly(t, dir, "DEBUG DIGEST", "GET e")
	if digest := before[len(before)-1]; digest != after[0] || strings.Trim(digest, "+0") == "" {
		t.Errorf("%s became %s", digest, after[0])
	}
}

func TestAppendOnlyFileOfRedis7(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "appendonlydir"), os.DirFS("testdata/redis7")); err != nil {
		t.Fatal(err)
	}
	const digest = "+c6e4ac9db9e33330ffe3ada50c4a0f83901d8d5b" // that redis-server 7.0.15 computed
	if got := withAppendOnly(t, dir, "DEBUG DIGEST"); got[0] != digest {
		t.Errorf("%s instead of %s", got[0], digest)
	}
}
