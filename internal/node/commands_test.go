package node_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// TestCommandsAreThoseOfValkey compares what the server says about each of its
// commands with what Valkey 9.1 says.
func TestCommandsAreThoseOfValkey(t *testing.T) {
	store := config.New(config.Environment{
		Dir:       t.TempDir(),
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Match:     glob.Match,
		Warn:      func(text string) { t.Log(text) },
	})
	files := config.OSFiles{}
	if err := store.Load(config.Sources{Files: files, OpenLog: files.OpenLog}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	n, err := node.New(node.Options{Config: store, Log: serverlog.New(&log, time.Now), Clock: clock.NewSystem(), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, n.Table)
	t.Logf("of Valkey's commands these are missing: %s", strings.Join(commandtest.Absent(t, n.Table), " "))
}
