package node_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestLargeRequestsKeepTheirBufferOnlyOnceRepeated sends large requests: after the
// first its buffer is given back, after the second it is kept for the third.
func TestLargeRequestsKeepTheirBufferOnlyOnceRepeated(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	const bytes = 300_000
	for i, kept := range []bool{false, true, true} {
		fmt.Fprintf(s.conn, "*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n", bytes, strings.Repeat("x", bytes))
		s.in.ReadString('\n')
		if _, err := io.CopyN(io.Discard, s.in, bytes+2); err != nil {
			t.Fatal(err)
		}
		text := s.bulk("CLIENT INFO")
		var free int
		fmt.Sscanf(text[strings.Index(text, "qbuf-free="):], "qbuf-free=%d", &free)
		if (free >= bytes) != kept {
			t.Errorf("request %d: %d bytes are kept", i+1, free)
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}
