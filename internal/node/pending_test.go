package node_test

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestPendingParameters sets some parameters at run time: those without effect are
// named in the log, once.
func TestPendingParameters(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for _, command := range []string{
		"CONFIG SET activedefrag no", "CONFIG SET cluster-node-timeout 1000", "CONFIG SET cluster-node-timeout 2000",
		"CONFIG SET maxmemory 0", "CONFIG SET appendfsync no",
	} {
		if got := s.do(command); got != "+OK" && !strings.HasPrefix(command, "CONFIG SET activedefrag") {
			t.Errorf("%s: %s", command, got)
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
	log := s.log.String()
	if n := strings.Count(log, "CONFIG SET cluster-node-timeout has no effect"); n != 1 {
		t.Errorf("told %d times:\n%s", n, log)
	}
	for _, name := range []string{"maxmemory", "appendfsync"} {
		if strings.Contains(log, "SET "+name+" has no effect") {
			t.Errorf("%s is in force:\n%s", name, log)
		}
	}
}
