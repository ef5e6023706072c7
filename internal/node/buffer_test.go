package node_test

import (
	"fmt"
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
