package node_test

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestWatchesEndWithTheConnection closes a client that watches keys: nobody watches
// them any more.
func TestWatchesEndWithTheConnection(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	other, err := net.Dial("unix", s.conn.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(other, "WATCH a b\r\nUNWATCH\r\nWATCH c\r\n")
	in := bufio.NewReader(other)
	for range 3 {
		if line, err := in.ReadString('\n'); line != "+OK\r\n" {
			t.Fatal(line, err)
		}
	}
	if !s.told("clients", "watching_clients:1", "total_watched_keys:1") {
		t.Error(s.bulk("INFO clients"))
	}
	other.Close()
	s.await("the end of the watch", func() bool {
		return s.told("clients", "watching_clients:0", "total_watched_keys:0")
	})
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}
