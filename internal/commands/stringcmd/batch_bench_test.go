package stringcmd_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// BenchmarkBatch takes pipelines of 32 requests from their bytes to the bytes
// of their replies: what a loop does between its system calls. With a thousand
// keys everything is in the cache, with a million hardly anything.
func BenchmarkBatch(b *testing.B) {
	const value = "0123456789abcdef"
	limits := resp.DefaultLimits()
	for _, keys := range []int{1000, 1_000_000} {
		s := cmdtest.New(b, stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return limits.MaxBulkBytes }}))
		s.Unwatch()
		var pipelines [2][][]byte // GET, SET
		rng := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			var get, set []byte
			for range engine.BatchMax {
				key := fmt.Sprintf("key:%012d", rng.IntN(keys))
				get = fmt.Appendf(get, "*2\r\n$3\r\nGET\r\n$16\r\n%s\r\n", key)
				set = fmt.Appendf(set, "*3\r\n$3\r\nSET\r\n$16\r\n%s\r\n$16\r\n%s\r\n", key, value)
			}
			pipelines[0], pipelines[1] = append(pipelines[0], get), append(pipelines[1], set)
		}
		run := func(stream []byte) {
			var parser resp.Parser
			for len(stream) > 0 {
				args, n, _ := parser.Next(stream, s.Exec.Args(), &limits)
				s.Exec.Queue(s.Client.Client, args, stream[:n:n])
				stream = stream[n:]
			}
			s.Exec.Execute()
			s.Out.Discard()
		}
		for i := range keys {
			run(fmt.Appendf(nil, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$16\r\n%s\r\n", i, value))
		}
		for i, name := range []string{"GET", "SET"} {
			b.Run(fmt.Sprintf("%s/keys=%d", name, keys), func(b *testing.B) {
				b.ReportAllocs()
				next := 0
				for b.Loop() {
					run(pipelines[i][next])
					next = (next + 1) % len(pipelines[i])
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/engine.BatchMax, "ns/command")
			})
		}
	}
}
