package node_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestLoopsComeAndGo changes io-threads while clients send pipelines, wait for a key
// and listen to a channel: no reply is lost or overtaken, and the statistics go on.
func TestLoopsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, nil)
	if got := s.do("CONFIG SET appendonly no"); got != "+OK" {
		t.Fatal(got)
	}
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("unix", s.conn.RemoteAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn, bufio.NewReader(conn)
	}

	const clients, depth = 8, 50
	var stop atomic.Bool
	var batches atomic.Int64
	var busy sync.WaitGroup
	for i := range clients {
		conn, in := dial()
		busy.Go(func() {
			for n := 0; !stop.Load(); n += depth {
				var batch strings.Builder
				for range depth {
					fmt.Fprintf(&batch, "INCR key:%d\r\n", i)
				}
				io.WriteString(conn, batch.String())
				for k := range depth {
					if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf(":%d\r\n", n+k+1) {
						t.Errorf("client %d, request %d: %q, %v", i, n+k+1, line, err)
						return
					}
				}
				batches.Add(1)
			}
		})
	}
	subscriber, heard := dial()
	io.WriteString(subscriber, "SUBSCRIBE channel\r\n")
	for range 6 {
		heard.ReadString('\n')
	}
	waiter, popped := dial()

	for round := range 6 {
		io.WriteString(waiter, "BLPOP list 0\r\n")
		s.await("the wait", func() bool { return s.told("clients", "blocked_clients:1") })
		for _, threads := range []int{4, 2, 3, 1} {
			if got := s.do(fmt.Sprintf("CONFIG SET io-threads %d", threads)); got != "+OK" {
				t.Fatal(got)
			}
			want := fmt.Sprintf("io_threads_active:%d", min(threads-1, 1))
			s.await("another number of loops", func() bool {
				return len(s.node.Server.Loops()) == threads && s.told("server", want)
			})
			target := batches.Load() + clients
			s.await("work of all", func() bool { return batches.Load() > target || t.Failed() })
			if got := s.do("PUBLISH channel m"); got != ":1" {
				t.Errorf("%s have heard", got)
			}
			for _, want := range []string{"*3", "$7", "message", "$7", "channel", "$1", "m"} {
				if line, err := heard.ReadString('\n'); strings.TrimSpace(line) != want {
					t.Fatalf("round %d, %d loops: the subscriber got %q, %v", round, threads, line, err)
				}
			}
		}
		if got := s.do("RPUSH list x"); got != ":1" {
			t.Fatal(got)
		}
		for _, want := range []string{"*2", "$4", "list", "$1", "x"} {
			if line, err := popped.ReadString('\n'); strings.TrimSpace(line) != want {
				t.Fatalf("round %d: the waiting client got %q, %v", round, line, err)
			}
		}
	}
	stop.Store(true)
	busy.Wait()
	var commands int64
	text := s.bulk("INFO stats")
	fmt.Sscanf(text[strings.Index(text, "total_commands_processed"):], "total_commands_processed:%d", &commands)
	if least := batches.Load() * depth; commands < least {
		t.Errorf("%d commands counted, %d were answered", commands, least)
	}
	for _, c := range []net.Conn{subscriber, waiter, s.conn} {
		c.Close()
	}
	s.node.Shutdown(node.ShutdownNoSave)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
