package engine_test

import (
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/engine"
)

// BenchmarkExecute runs a command that does nothing, with and without the
// default thresholds of the command log.
func BenchmarkExecute(b *testing.B) {
	for name, thresholds := range map[string]*engine.Thresholds{
		"unwatched":  nil,
		"thresholds": {Duration: 10 * time.Millisecond, RequestBytes: 1 << 20, ReplyBytes: 1 << 20},
	} {
		b.Run(name, func(b *testing.B) {
			s := cmdtest.New(b, []command.Spec{{
				Name: "noop", Group: command.GroupServer, Since: "1.0.0", Arity: 1, Summary: "Does nothing",
				Lock: command.LockNone, Run: func(c *command.Ctx) { c.Out.OK() },
			}})
			if thresholds != nil {
				s.Engine.ReportFrom(*thresholds, func(*command.Ctx, engine.Execution) {})
			}
			args := [][]byte{[]byte("NOOP")}
			for b.Loop() {
				for range engine.BatchMax {
					s.Exec.Queue(s.Client.Client, append(s.Exec.Args(), args...), nil)
				}
				s.Exec.Execute()
				s.Out.Discard()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/engine.BatchMax, "ns/command")
		})
	}
}
