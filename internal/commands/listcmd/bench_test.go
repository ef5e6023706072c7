package listcmd_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/session"
)

type silentHost struct{}

func (silentHost) Unexecuted(*session.Client, []byte) {}
func (silentHost) Dirty(*session.Client)              {}

// BenchmarkCommands times commands in full batches, without a network and
// without observers.
func BenchmarkCommands(b *testing.B) {
	for _, bc := range []struct{ name, prepare, request string }{
		{"lpush", "", "LPUSH l xxxxxxxxxxxxxxxx"},
		{"rpush", "", "RPUSH l xxxxxxxxxxxxxxxx"},
		{"lpush+lpop", "RPUSH l 1 2 3", "LPUSH l xxxxxxxxxxxxxxxx\nLPOP l"},
		{"lpop/absent", "", "LPOP l"},
		{"lrange100", "RPUSH l" + strings.Repeat(" xxx", 3000), "LRANGE l 0 99"},
		{"lrange600", "RPUSH l" + strings.Repeat(" xxx", 3000), "LRANGE l 0 599"},
		{"lrange600/listpack", "RPUSH l" + strings.Repeat(" xxx", 600), "LRANGE l 0 599"},
		{"lrange600/integers", "RPUSH l" + strings.Repeat(" 123456", 600), "LRANGE l 0 599"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			pool, err := offheap.NewPool(offheap.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			table, err := command.NewTable(listcmd.Commands())
			if err != nil {
				b.Fatal(err)
			}
			e := engine.New(keyspace.New(keyspace.Options{Pool: pool, Databases: 1, Seed: 42}), table, clock.NewSystem())
			x := e.NewExecutor(silentHost{})
			defer x.Close()
			x.SetNow(1_700_000_000_000)
			c := &session.Client{Authenticated: true}
			send := func(words [][]byte) {
				if x.Queue(c, words, nil) {
					x.Execute()
					c.Out.Consume(c.Out.Len())
				}
			}
			if bc.prepare != "" {
				send(bytes.Fields([]byte(bc.prepare)))
				x.Execute()
			}
			var requests [][][]byte
			for line := range strings.SplitSeq(bc.request, "\n") {
				requests = append(requests, bytes.Fields([]byte(line)))
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, words := range requests {
					send(words)
				}
			}
		})
	}
}
