package node_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/node"
)

// cronTurns returns how many turns of loop 0 there have been, and how often
// anybody has entered exclusive mode.
func (s *running) cronTurns() (turns, exclusive int64) {
	w := s.node.Space.NewWorker(nil)
	defer w.Close()
	w.Enter()
	defer w.Leave()
	w.Exclusive(func() { exclusive = s.node.Engine.KeyStats().ExclusiveEnters })
	return s.node.Server.LoopStats().Turns, exclusive
}

// TestCronStopsNobody lets the cron run for a while: it enters exclusive mode only
// when there is something to do there.
func TestCronStopsNobody(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	if got := s.do(`CONFIG SET hz 500 save "3600 1" appendfsync everysec`); got != "+OK" {
		t.Fatal(got)
	}
	if got := s.do("SET a 1"); got != "+OK" { // changes, but no save point reached
		t.Fatal(got)
	}
	from, before := s.cronTurns()
	s.await("turns", func() bool { to, _ := s.cronTurns(); return to > from+100 })
	if _, after := s.cronTurns(); after != before {
		t.Errorf("entered exclusive mode %d times without work", after-before)
	}
	s.conn.Close()
	s.node.RequestShutdown(false)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestHz reads what INFO says of hz; out of range it is taken for the nearest.
func TestHz(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for _, c := range []struct{ set, hz int }{{100, 100}, {100000, 500}, {0, 1}, {10, 10}} {
		if got := s.do(fmt.Sprintf("CONFIG SET hz %d", c.set)); got != "+OK" {
			t.Fatal(got)
		}
		if !s.told("server", fmt.Sprintf("hz:%d", c.hz), fmt.Sprintf("configured_hz:%d", c.hz)) {
			t.Errorf("hz %d: %s", c.set, s.bulk("INFO server"))
		}
	}
	s.conn.Close()
	s.node.Shutdown(node.ShutdownNoSave)
	<-s.ended
	if strings.Contains(s.log.String(), "WARNING") {
		t.Error(s.log.String())
	}
}
