package node_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// withAppendOnly runs a server on a directory and returns the replies, each of one
// line, to some inline commands.
func withAppendOnly(t *testing.T, dir string, commands ...string) []string {
	t.Helper()
	s := start(t, dir, nil)
	var replies []string
	for _, c := range commands {
		replies = append(replies, s.do(c))
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, s.log.String())
	}
	return replies
}

// running is a server in this process, and a connection to it.
type running struct {
	t     *testing.T
	node  *node.Node
	conn  net.Conn
	in    *bufio.Reader
	log   *strings.Builder
	ended chan int // gets the exit code
}

// start runs a server with an append-only file on a directory. fsys is nil for the
// machine's file system.
func start(t *testing.T, dir string, fsys vfs.FS) *running {
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
	s := &running{t: t, log: &strings.Builder{}, ended: make(chan int, 1)}
	var err error
	s.node, err = node.New(node.Options{Config: store, Log: serverlog.New(s.log, time.Now), Clock: clock.NewSystem(), Files: files, FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.node.Start(); err != nil {
		t.Fatalf("%v\n%s", err, s.log.String())
	}
	go func() { s.ended <- s.node.Run() }()
	if s.conn, err = net.Dial("unix", socket); err != nil {
		t.Fatal(err)
	}
	s.in = bufio.NewReader(s.conn)
	return s
}

// do returns the reply, of one line, to an inline command.
func (s *running) do(command string) string {
	s.t.Helper()
	s.conn.Write([]byte(command + "\r\n"))
	line, err := s.in.ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", command, err, s.log.String())
	}
	return strings.TrimSpace(line)
}

// unsyncable returns a disk that syncs nothing while it is broken.
func unsyncable(broken *atomic.Bool) vfs.FS {
	return vfs.NewFaulty(vfs.OS{}, func(c vfs.Call) *vfs.Fault {
		if broken.Load() && c.Op == "sync" {
			return &vfs.Fault{Err: errors.New("input/output error")}
		}
		return nil
	})
}

// TestFailingSync breaks the disk under appendfsync always: the write is not
// acknowledged, and the server ends with an error.
func TestFailingSync(t *testing.T) {
	var broken atomic.Bool
	s := start(t, t.TempDir(), unsyncable(&broken))
	if got := s.do("SET a 1"); got != "+OK" {
		t.Fatal(got)
	}
	broken.Store(true)
	s.conn.Write([]byte("SET a 2\r\n"))
	if line, err := s.in.ReadString('\n'); err == nil {
		t.Errorf("acknowledged with %q", line)
	}
	if code := <-s.ended; code != 1 {
		t.Errorf("exit code %d", code)
	}
	const line = "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting..."
	if !strings.Contains(s.log.String(), line) {
		t.Errorf("the log does not tell why:\n%s", s.log.String())
	}
}

// TestLongRepliesWait breaks the disk before a write and a reply so long that it
// would leave in the middle of a batch: neither may leave.
func TestLongRepliesWait(t *testing.T) {
	var broken atomic.Bool
	s := start(t, t.TempDir(), unsyncable(&broken))
	if got := s.do("SETRANGE long 200000 x"); got != ":200001" {
		t.Fatal(got)
	}
	broken.Store(true)
	s.conn.Write([]byte("SET a 2\r\n" + strings.Repeat("GETRANGE long 0 -1\r\n", 4)))
	if line, err := s.in.ReadString('\n'); err == nil {
		t.Errorf("acknowledged with %q", line)
	}
	if code := <-s.ended; code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// TestGroups lets clients send at once, again and again, while a sync takes long:
// most syncs serve more than one of them.
func TestGroups(t *testing.T) {
	var syncs atomic.Int64
	disk := vfs.NewFaulty(vfs.OS{}, func(c vfs.Call) *vfs.Fault {
		if c.Op == "sync" {
			syncs.Add(1)
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	})
	s := start(t, t.TempDir(), disk)
	const clients, each = 16, 40
	before := syncs.Load()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			conn, err := net.Dial("unix", s.conn.RemoteAddr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for range each {
				fmt.Fprintf(conn, "INCR n\r\n")
				if line, err := in.ReadString('\n'); err != nil || line[0] != ':' {
					t.Errorf("%q, %v", line, err)
					return
				}
			}
		})
	}
	all.Wait()
	if got, want := s.do("INCRBY n 0"), fmt.Sprintf(":%d", clients*each); got != want {
		t.Errorf("%s instead of %s", got, want)
	}
	if n := syncs.Load() - before; n > clients*each/2 {
		t.Errorf("%d syncs for %d writes", n, clients*each)
	}
}

// TestReplayedAsWritten replays commands whose effect would be another one for a
// client: expiry in the past keeps the key until the file, or expiry, deletes it.
func TestReplayedAsWritten(t *testing.T) {
	dir := t.TempDir()
	aof := filepath.Join(dir, "appendonlydir")
	if err := os.Mkdir(aof, 0o755); err != nil {
		t.Fatal(err)
	}
	text := []byte{}
	for _, words := range []string{
		"SELECT 0",
		"SET s v PXAT 1000", "PERSIST s",
		"SET e v", "PEXPIREAT e 1000", "PERSIST e",
		"HSET h f v", "HPEXPIREAT h 1000 FIELDS 1 f", "HPERSIST h FIELDS 1 f",
	} {
		var args [][]byte
		for word := range strings.FieldsSeq(words) {
			args = append(args, []byte(word))
		}
		text = journal.AppendCommand(text, args)
	}
	for name, content := range map[string][]byte{
		"appendonly.aof.manifest":   []byte("file appendonly.aof.1.incr.aof seq 1 type i\n"),
		"appendonly.aof.1.incr.aof": text,
	} {
		if err := os.WriteFile(filepath.Join(aof, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := withAppendOnly(t, dir, "TTL s", "TTL e", "HLEN h", "SET c v PXAT 1000", "EXISTS c")
	if want := "[:-1 :-1 :1 +OK :0]"; fmt.Sprint(got) != want {
		t.Errorf("%v instead of %s", got, want)
	}
}

// TestOneSnapshotAtATime asks for each kind of snapshot while the other is taken.
func TestOneSnapshotAtATime(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	expect := func(command, want string) {
		t.Helper()
		if got := s.do(command); got != want {
			t.Errorf("%s: %q instead of %q", command, got, want)
		}
	}
	const forever = "CONFIG SET rdb-key-save-delay 1000000000"
	expect("SET a 1", "+OK")
	expect("SET b 1", "+OK")
	expect(forever, "+OK")
	expect("BGSAVE", "+Background saving started")
	expect("BGREWRITEAOF", "+Background append only file rewriting scheduled")
	expect("BGSAVE CANCEL", "+Background saving cancelled")
	s.await("the rewrite", s.node.AOF.Rewriting)
	expect("BGSAVE", "-ERR Another child process is active (AOF?): can't BGSAVE right now. "+
		"Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.")
	expect("BGSAVE SCHEDULE", "+Background saving scheduled")
	expect("CONFIG SET appendonly no", "+OK") // which ends the rewrite
	s.await("the save", s.node.Saver.Saving)
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, s.log.String())
	}
}

// await waits until something has begun.
func (s *running) await(what string, begun func() bool) {
	s.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 20_000 {
		if begun() {
			return
		}
		<-tick.C
	}
	s.t.Fatalf("%s has not begun", what)
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
