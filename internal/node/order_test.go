package node_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// bulk returns the reply, a bulk string, to an inline command.
func (s *running) bulk(command string) string {
	s.t.Helper()
	var size int
	if _, err := fmt.Sscanf(s.do(command), "$%d", &size); err != nil {
		s.t.Fatal(command, err)
	}
	text := make([]byte, size+2)
	if _, err := io.ReadFull(s.in, text); err != nil {
		s.t.Fatal(command, err)
	}
	return string(text[:size])
}

// told reports whether all these lines are in a section of INFO.
func (s *running) told(section string, lines ...string) bool {
	s.t.Helper()
	text := s.bulk("INFO " + section)
	for _, line := range lines {
		if !strings.Contains(text, line+"\r\n") {
			return false
		}
	}
	return true
}

// TestScheduledOrder schedules a save and then a rewrite: the rewrite begins
// first, as in Valkey.
func TestScheduledOrder(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for _, c := range []struct{ command, reply string }{
		{"SET a 1", "+OK"}, {"MULTI", "+OK"}, {"BGSAVE SCHEDULE", "+QUEUED"}, {"BGREWRITEAOF", "+QUEUED"}, {"EXEC", "*2"},
	} {
		if got := s.do(c.command); got != c.reply {
			t.Fatalf("%s: %s", c.command, got)
		}
	}
	s.in.ReadString('\n')
	s.in.ReadString('\n')
	s.await("the end of both", func() bool {
		return s.told("persistence", "rdb_saves:1", "rdb_bgsave_in_progress:0", "aof_rewrites:1", "aof_rewrite_in_progress:0")
	})
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
	log := s.log.String()
	rewrite := strings.Index(log, "Background append only file rewriting started")
	save := strings.Index(log, "Background saving started")
	if rewrite < 0 || save < rewrite {
		t.Errorf("the save began before the rewrite:\n%s", log)
	}
}
