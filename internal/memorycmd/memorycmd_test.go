package memorycmd

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/telemetry"
)

func newServer(t *testing.T) *cmdtest.Server {
	// The server makes pool and space, which the commands need: both are
	// filled in before the first command runs.
	d := new(Deps)
	specs := Commands(Deps{})
	for i := range specs[0].Subcommands {
		sub := &specs[0].Subcommands[i]
		run := map[string]func(*command.Ctx){
			"stats": func(c *command.Ctx) { d.stats(c) }, "doctor": func(c *command.Ctx) { d.doctor(c) },
			"malloc-stats": func(c *command.Ctx) { d.mallocStats(c) }, "purge": func(c *command.Ctx) { d.purge(c) },
		}[sub.Name]
		if run != nil {
			sub.Run = run
		}
	}
	s := cmdtest.New(t, specs, setcmd.Commands(), stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 29 }}))
	*d = Deps{
		Pool: s.Pool, Space: s.Space, Clients: func() int { return 1 },
		Figures: func() telemetry.MemoryFigures {
			return telemetry.MemoryFigures{Used: s.Pool.Used(), Peak: s.Pool.Used() + 1, Startup: 100, Resident: 1 << 20, Clients: 10}
		},
	}
	return s
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(Commands(Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestUsage(t *testing.T) {
	s := newServer(t)
	s.Script(`
		MEMORY USAGE none -> nil
		SET k v
		MEMORY USAGE k SAMPLES -1 -> ERR syntax error
		MEMORY USAGE k SAMPLES -> ERR syntax error
		MEMORY USAGE k NOTHING 1 -> ERR syntax error
		MEMORY USAGE k SAMPLES x -> ERR value is not an integer or out of range
		MEMORY USAGE k -> 21
		MEMORY USAGE k SAMPLES 0 -> 21
	`)
	before := s.Exec.Worker().Heap().Used()
	s.Run("SADD set a b c")
	s.Want("MEMORY USAGE set", s.Run("MEMORY USAGE set SAMPLES 0"))
	big := strings.Repeat("x", 1<<20)
	s.Do("SET", "big", big)
	if got := s.Run("MEMORY USAGE big"); len(got) != 7 {
		t.Errorf("a megabyte takes %s, of %d", got, s.Exec.Worker().Heap().Used()-before)
	}
}

func TestStats(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v EX 100")
	s.Out.SetProtocol(resp.RESP3)
	got := s.Run("MEMORY STATS")
	for _, want := range []string{
		`"startup.allocated": 100 `, `"clients.normal": 10 `, `"keys.count": 1 `, `"db.0": {"overhead.hashtable.main": `,
		`"dataset.percentage": `, `"fragmentation.bytes": `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	for _, line := range []string{"MEMORY MALLOC-STATS", "MEMORY DOCTOR"} {
		if got := s.Run(line); !strings.HasPrefix(got, "=txt:") {
			t.Errorf("%s: %s", line, got)
		}
	}
	s.Want("MEMORY PURGE", "OK")
}

func TestDiagnosis(t *testing.T) {
	const mb = 1 << 20
	var o overview
	o.Used, o.Peak, o.Resident = 100*mb, 100*mb, 110*mb
	o.pool = offheap.Stats{Used: 100 * mb, Active: 101 * mb, Resident: 105 * mb}
	if got := diagnosis(o, 1); got != "Memory is in good order.\n" {
		t.Errorf("healthy: %s", got)
	}
	o.Peak, o.Clients = 200*mb, mb
	o.pool.Active = 150 * mb
	got := diagnosis(o, 2)
	for _, want := range []string{"Peak memory", "Fragmentation", "Client buffers"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "Process") {
		t.Errorf("too much in %s", got)
	}
}
