// Package memorycmd is the MEMORY command: what memory is used for, as numbers,
// as advice, and key by key.
package memorycmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/telemetry"
)

// Deps are whom the command asks.
type Deps struct {
	Pool    *offheap.Pool
	Space   *keyspace.Space
	Figures func() telemetry.MemoryFigures
	Clients func() int // connected
}

// Commands returns the MEMORY command.
func Commands(d Deps) []command.Spec {
	memoryUsageSpec := command.Spec{
		Name: "usage", Group: command.GroupServer, Since: "4.0.0", Arity: -3,
		Flags:      command.ReadOnly,
		Summary:    "Estimate the bytes that a key and its value take",
		Complexity: "O(N) for N samples",
		Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 2, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger, Token: "SAMPLES", Flags: command.ArgOptional},
		},
		Run: usage,
	}
	memoryStatsSpec := command.Spec{
		Name: "stats", Group: command.GroupServer, Since: "4.0.0", Arity: 2,
		Summary:    "Show what memory is used for",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Run:        d.stats,
	}
	memoryDoctorSpec := command.Spec{
		Name: "doctor", Group: command.GroupServer, Since: "4.0.0", Arity: 2,
		Summary:    "Explain memory problems in words",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Run:        d.doctor,
	}
	memoryMallocStatsSpec := command.Spec{
		Name: "malloc-stats", Group: command.GroupServer, Since: "4.0.0", Arity: 2,
		Flags:      command.Loading,
		Summary:    "Show the allocator's own statistics",
		Complexity: "Grows with the memory allocated",
		Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Run:        d.mallocStats,
	}
	memoryPurgeSpec := command.Spec{
		Name: "purge", Group: command.GroupServer, Since: "4.0.0", Arity: 2,
		Flags:      command.Loading,
		Summary:    "Have the allocator return unused memory",
		Complexity: "Grows with the memory allocated",
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Run:        d.purge,
	}
	memoryHelpSpec := command.Spec{
		Name: "help", Group: command.GroupServer, Since: "4.0.0", Arity: 2,
		Flags:      command.Loading | command.Stale,
		Summary:    "Describe the MEMORY subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        help,
	}
	memorySpec := command.Spec{
		Name: "memory", Group: command.GroupServer, Since: "4.0.0", Arity: -2,
		Summary:    "Commands about memory use",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			memoryDoctorSpec, memoryHelpSpec, memoryMallocStatsSpec, memoryPurgeSpec, memoryStatsSpec, memoryUsageSpec,
		},
	}
	return []command.Spec{memorySpec}
}

// samplesDefault is how many elements of a collection USAGE measures.
const samplesDefault = 5

func usage(c *command.Ctx) {
	samples := int64(samplesDefault)
	for i := 3; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "samples") || i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return
		}
		var ok bool
		if samples, ok = c.IntArg(i + 1); !ok {
			return
		}
		if samples < 0 {
			c.Out.Error(command.SyntaxError)
			return
		}
	}
	e := c.Tx.Inspect(c.Args[2])
	if !e.Found() {
		c.Out.Null()
		return
	}
	c.Out.Int(e.Bytes(int(min(samples, math.MaxInt32))))
}

// purge gives back what the magazines of the executing loop and the free pages
// hold.
func (d Deps) purge(c *command.Ctx) {
	c.Tx.Worker().EachWorker(func(w *keyspace.Worker) { w.Heap().Flush() })
	d.Pool.ReleaseFree()
	c.Out.OK()
}

func help(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"DOCTOR", "    Say what is wrong with the use of memory, if anything.",
		"MALLOC-STATS", "    Show the allocator's figures, by purpose and by size of block.",
		"PURGE", "    Return unused pages to the system.",
		"STATS", "    Show what memory is used for.",
		"USAGE <key> [SAMPLES <count>]", "    Show the bytes that a key and its value take. Of large collections, <count>",
		"    elements are measured (5 unless given, 0 for all).")
}
