package node_test

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

func TestTitleFollowsItsTemplate(t *testing.T) {
	for _, on := range []string{"yes", "no"} {
		store := config.New(config.Environment{Dir: t.TempDir()})
		files := config.OSFiles{}
		line := []string{"--set-proc-title", on, "--port", "7001"}
		if err := store.Load(config.Sources{Files: files, OpenLog: files.OpenLog, CommandLine: config.ParseCommandLine(line)}); err != nil {
			t.Fatal(err)
		}
		var shown []string
		n, err := node.New(node.Options{Config: store, Log: serverlog.New(io.Discard, time.Now), Clock: clock.NewSystem(), Files: files,
			Program: "kvasir server", ShowTitle: func(title string) { shown = append(shown, title) }})
		if err != nil {
			t.Fatal(err)
		}
		local := config.Caller{Local: func() bool { return true }}
		if err := n.Config.Set(context.Background(), []string{"proc-title-template", "{port} {title}"}, local); err != nil {
			t.Fatal(err)
		}
		var want []string
		if on == "yes" {
			want = []string{"kvasir server *:7001", "7001 kvasir server"}
		}
		if !slices.Equal(shown, want) {
			t.Errorf("set-proc-title %s: %q, want %q", on, shown, want)
		}
	}
}
