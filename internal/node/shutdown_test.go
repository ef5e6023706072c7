package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// expect compares the replies, each of one line, to inline commands.
func (s *running) expect(commandsAndReplies ...string) {
	s.t.Helper()
	for i := 0; i < len(commandsAndReplies); i += 2 {
		if got := s.do(commandsAndReplies[i]); got != commandsAndReplies[i+1] {
			s.t.Errorf("%s: %s instead of %s", commandsAndReplies[i], got, commandsAndReplies[i+1])
		}
	}
}

const noShutdown = "-ERR No shutdown in progress."

// TestAbortSignal withdraws a shutdown that a signal has asked for, before the
// tick that would carry it out.
func TestAbortSignal(t *testing.T) {
	for _, interrupt := range []bool{false, true} {
		s := start(t, t.TempDir(), nil)
		s.expect("DEBUG PAUSE-CRON 1", "+OK", "SHUTDOWN ABORT", noShutdown)
		s.node.RequestShutdown(interrupt)
		s.node.RequestShutdown(!interrupt) // the other signal asks for the same
		s.expect("SHUTDOWN NOSAVE ABORT", "-ERR syntax error", "SHUTDOWN ABORT", "+OK", "SHUTDOWN ABORT", noShutdown)
		if s.node.ShutdownRequested() {
			t.Error("the request is still there")
		}
		// A save that is scheduled begins in a tick: the server goes on.
		s.expect("MULTI", "+OK", "BGSAVE SCHEDULE", "+QUEUED", "DEBUG PAUSE-CRON 0", "+QUEUED", "EXEC", "*2",
			"PING", "+Background saving scheduled")
		s.in.ReadString('\n')
		s.in.ReadString('\n')
		s.await("the save", func() bool { return s.told("persistence", "rdb_saves:1", "rdb_bgsave_in_progress:0") })
		s.node.RequestShutdown(interrupt)
		if code := <-s.ended; code != 0 {
			t.Errorf("exit code %d", code)
		}
		if log := s.log.String(); strings.Count(log, "Shutdown manually aborted.") != 1 {
			t.Errorf("the log does not tell of one aborted shutdown:\n%s", log)
		}
	}
}

// TestShutdownThatFails asks by a signal for a shutdown whose final save fails:
// the request is over, and a later one ends the server.
func TestShutdownThatFails(t *testing.T) {
	var broken atomic.Bool
	dir := t.TempDir()
	s := start(t, dir, vfs.NewFaulty(vfs.OS{}, func(c vfs.Call) *vfs.Fault {
		if broken.Load() && c.Op == "create" {
			return &vfs.Fault{Err: errors.New("no space left on device")}
		}
		return nil
	}))
	s.expect(`CONFIG SET save "3600 1"`, "+OK", "SET a 1", "+OK")
	broken.Store(true)
	s.node.RequestShutdown(false)
	s.await("the end of the attempt", func() bool { return !s.node.ShutdownRequested() })
	s.expect("SHUTDOWN ABORT", noShutdown, "SET b 1", "+OK", "SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.")
	broken.Store(false)
	s.node.RequestShutdown(true)
	if code := <-s.ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	if log := s.log.String(); strings.Count(log, "Error trying to save the DB, can't exit.") != 2 {
		t.Errorf("the log does not tell of two failures:\n%s", log)
	}
	if _, err := os.Stat(filepath.Join(dir, "dump.rdb")); err != nil {
		t.Error(err)
	}
}
