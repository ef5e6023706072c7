package node_test

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// TestLolwutVersion reads whose version LOLWUT tells.
func TestLolwutVersion(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for _, c := range []struct{ setting, want string }{
		{"no", "Valkey ver. " + node.ValkeyVersion}, {"yes", "Redis ver. " + node.RedisVersion},
	} {
		if got := s.do("CONFIG SET extended-redis-compatibility " + c.setting); got != "+OK" {
			t.Fatal(got)
		}
		if got := s.bulk("LOLWUT"); !strings.Contains(got, c.want) {
			t.Errorf("compatibility %s: %q", c.setting, got)
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
}
