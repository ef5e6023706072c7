package node_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestLargeRequests sends large requests: who sends a large argument keeps the
// buffer for the next one, but not who sends many small ones.
func TestLargeRequests(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	const bytes = 300_000
	for _, c := range []struct {
		what, request string
		kept          bool
	}{
		{"one argument", fmt.Sprintf("*3\r\n$6\r\nEXISTS\r\n$1\r\na\r\n$%d\r\n%s\r\n", bytes, strings.Repeat("x", bytes)), true},
		{"many arguments", fmt.Sprintf("*%d\r\n$6\r\nEXISTS\r\n%s", 1+bytes/7, strings.Repeat("$1\r\na\r\n", bytes/7)), false},
	} {
		if got := s.do(strings.TrimSuffix(c.request, "\r\n")); got != ":0" {
			t.Fatal(got)
		}
		text := s.bulk("CLIENT INFO")
		var free int
		fmt.Sscanf(text[strings.Index(text, "qbuf-free="):], "qbuf-free=%d", &free)
		if (free >= bytes) != c.kept {
			t.Errorf("%s: %d bytes are kept", c.what, free)
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}

// TestIncompleteArgument sends most of a large argument, and then all of it but the
// line end: its buffer is as large as the argument.
func TestIncompleteArgument(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	sender, err := net.Dial("unix", s.conn.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	const bytes = 1 << 20
	fmt.Fprintf(sender, "*2\r\n$%d\r\n", bytes)
	for _, share := range []int{bytes - 5000, bytes} {
		sent := share
		if share == bytes {
			sent = 5000
		}
		fmt.Fprint(sender, strings.Repeat("v", sent))
		var received, free int
		s.await("the argument's end", func() bool {
			_, text, _ := strings.Cut(s.bulk("CLIENT LIST SKIPME yes"), " qbuf=")
			fmt.Sscanf(text, "%d qbuf-free=%d", &received, &free)
			return received >= share
		})
		if received+free > bytes+1000 {
			t.Errorf("%d bytes received, %d free", received, free)
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}
