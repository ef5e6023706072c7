package node_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// heldDisk writes nothing of a snapshot until it is released.
type heldDisk struct {
	vfs.FS
	released chan struct{}
}

type heldFile struct {
	vfs.File
	released chan struct{}
}

func (d *heldDisk) Create(name string) (vfs.File, error) {
	f, err := d.FS.Create(name)
	if !strings.HasSuffix(name, ".rdb") {
		return f, err
	}
	return &heldFile{f, d.released}, err
}

func (f *heldFile) Write(b []byte) (int, error) {
	<-f.released
	return f.File.Write(b)
}

// another is a second connection to a running server.
type another struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *running) connect() *another {
	conn, err := net.Dial("unix", s.conn.RemoteAddr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &another{s.t, conn, bufio.NewReader(conn)}
}

func (a *another) send(commands ...string) {
	if _, err := a.Write([]byte(strings.Join(commands, "\r\n") + "\r\n")); err != nil {
		a.t.Fatal(err)
	}
}

// expect reads one line for each reply.
func (a *another) expect(replies ...string) {
	a.t.Helper()
	for _, want := range replies {
		if line, err := a.in.ReadString('\n'); err != nil || strings.TrimSpace(line) != want {
			a.t.Fatalf("%q, %v instead of %q", line, err, want)
		}
	}
}

// waiting awaits that so many clients wait for the snapshot.
func (s *running) waiting(n int) {
	s.t.Helper()
	s.await(fmt.Sprint(n, " clients that wait"), func() bool { return s.node.Server.Snapshots.Waiting() == n })
}

// startHeld starts a server with a large hash, which does not fit what a
// snapshot keeps in memory, and a background save that cannot write.
func startHeld(t *testing.T) (*running, *heldDisk, string) {
	disk := &heldDisk{vfs.OS{}, make(chan struct{})}
	s := start(t, t.TempDir(), disk)
	s.expect("CONFIG SET appendonly no", "+OK", "CONFIG SET rdbcompression no", "+OK", "SET k 1", "+OK")
	text := strings.Repeat("x", 200)
	for i := 0; i < 40_000; i += 200 {
		var b strings.Builder
		for k := range 200 {
			fmt.Fprintf(&b, " %d %s", i+k, text)
		}
		s.expect("HSET big"+b.String(), ":200")
	}
	digest := s.do("DEBUG DIGEST")
	s.expect("BGSAVE", "+Background saving started")
	return s, disk, digest
}

func (s *running) stop() {
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}

// saved awaits the end of the save and compares the file with a digest.
func (s *running) saved(digest string) {
	s.t.Helper()
	s.await("the save", func() bool {
		return s.told("persistence", "rdb_bgsave_in_progress:0", "rdb_last_bgsave_status:ok")
	})
	s.expect("DEBUG RELOAD NOSAVE", "+OK", "DEBUG DIGEST", digest)
}

// TestWritesToLargeValuesWait: who would have to save a large value first waits,
// in order, and nobody else does.
func TestWritesToLargeValuesWait(t *testing.T) {
	s, disk, digest := startHeld(t)
	defer s.stop()
	writer, transaction, leaver, victim, remover, mover := s.connect(), s.connect(), s.connect(), s.connect(), s.connect(), s.connect()

	writer.send("HSET big new 1", "GET k", "SET after 1")
	s.waiting(1)
	transaction.send("WATCH k", "MULTI", "SET unseen 1", "SELECT 0", "HSET big other 1", "EXEC", "PING")
	transaction.expect("+OK", "+OK", "+QUEUED", "+QUEUED", "+QUEUED")
	s.waiting(2)
	leaver.send("DEL big")
	s.waiting(3)
	victim.send("CLIENT ID")
	line, _ := victim.in.ReadString('\n')
	id := strings.TrimSpace(line[1:])
	victim.send("UNLINK big")
	s.waiting(4)

	// Others are served, readers of the value too.
	s.expect("SET k 2", "+OK", "HLEN big", ":40000", "HEXISTS big new", ":0", "EXISTS after", ":0",
		"HSET small a 1", ":1", "CLIENT UNBLOCK "+id, ":0", "CLIENT KILL ID "+id, ":1")
	s.waiting(3)
	leaver.Close()
	s.waiting(2)
	remover.send("EXPIRE big 1000", "HLEN big")
	mover.send("RENAME big moved")
	s.waiting(4)

	close(disk.released)
	writer.expect(":1", "$1", "2", "+OK")
	transaction.expect("*-1", "+PONG")
	remover.expect(":1")
	mover.expect("+OK")
	s.waiting(0)
	s.expect("EXISTS unseen", ":0", "HEXISTS moved other", ":0", "HEXISTS moved new", ":1", "EXISTS big", ":0")
	s.saved(digest)
}

// TestWaitEndsWithTheReason: what is in the way of a command may go away before it
// is saved.
func TestWaitEndsWithTheReason(t *testing.T) {
	for _, reason := range []string{"FLUSHALL", "FLUSHDB ASYNC", "SWAPDB 0 1", "BGSAVE CANCEL"} {
		s, disk, digest := startHeld(t)
		writer := s.connect()
		writer.send("HSET big new 1", "HLEN big")
		s.waiting(1)
		// FLUSHALL and CANCEL end the save.
		want, length, saves := "+OK", ":1", strings.HasSuffix(reason, "ASYNC") || strings.HasPrefix(reason, "SWAP")
		if reason == "BGSAVE CANCEL" {
			want, length = "+Background saving cancelled", ":40001"
		}
		s.expect(reason, want)
		writer.expect(":1", length) // although the disk still stands
		close(disk.released)
		if saves {
			s.saved(digest)
		}
		s.stop()
	}
}

// TestShutdownWhileWaiting ends a server with clients that wait.
func TestShutdownWhileWaiting(t *testing.T) {
	s, disk, _ := startHeld(t)
	writer := s.connect()
	writer.send("HSET big new 1")
	s.waiting(1)
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	if _, err := writer.in.ReadString('\n'); err == nil {
		t.Error("the command was executed")
	}
	close(disk.released)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
