package latency

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/histogram"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// CommandDeps are what LATENCY needs besides the monitor.
type CommandDeps struct {
	// Table returns the commands of the server.
	Table func() *command.Table
	// Histogram returns how long a command's executions took; nil if none was
	// recorded. It is called in exclusive mode.
	Histogram func(cmd *command.Cmd) *histogram.Histogram
	// Slowlog says how the slow log is set up.
	Slowlog func() Slowlog
}

type commands struct {
	*Monitor
	CommandDeps
}

// Commands returns the LATENCY command.
func Commands(m *Monitor, d CommandDeps) []command.Spec {
	cs := &commands{m, d}
	latencyDoctorSpec := command.Spec{
		Name: "doctor", Group: command.GroupServer, Since: "2.8.13", Arity: 2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Explain latency problems in words",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Lock:       command.LockNone,
		Run:        cs.runDoctor,
	}
	latencyGraphSpec := command.Spec{
		Name: "graph", Group: command.GroupServer, Since: "2.8.13", Arity: 3,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Draw the latency of an event as text",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Args: []command.Arg{
			{Name: "event"},
		},
		Lock: command.LockNone,
		Run:  cs.runGraph,
	}
	latencyHelpSpec := command.Spec{
		Name: "help", Group: command.GroupServer, Since: "2.8.13", Arity: 2,
		Flags:      command.Loading | command.Stale,
		Summary:    "Describe the LATENCY subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runHelp,
	}
	latencyHistogramSpec := command.Spec{
		Name: "histogram", Group: command.GroupServer, Since: "7.0.0", Arity: -2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Show how long commands took, as cumulative distributions",
		Complexity: "O(N) for N commands with samples",
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Args: []command.Arg{
			{Name: "command", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  cs.runHistogram,
	}
	latencyHistorySpec := command.Spec{
		Name: "history", Group: command.GroupServer, Since: "2.8.13", Arity: 3,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Show the latency samples of an event",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Args: []command.Arg{
			{Name: "event"},
		},
		Lock: command.LockNone,
		Run:  cs.runHistory,
	}
	latencyLatestSpec := command.Spec{
		Name: "latest", Group: command.GroupServer, Since: "2.8.13", Arity: 2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Show the latest sample of every event",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Lock:       command.LockNone,
		Run:        cs.runLatest,
	}
	latencyResetSpec := command.Spec{
		Name: "reset", Group: command.GroupServer, Since: "2.8.13", Arity: -2,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
		Summary:    "Forget the samples of some or all events",
		Complexity: "O(1)",
		Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum"},
		Args: []command.Arg{
			{Name: "event", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockNone,
		Run:  cs.runReset,
	}
	latencySpec := command.Spec{
		Name: "latency", Group: command.GroupServer, Since: "2.8.13", Arity: -2,
		Summary:    "Commands about measured latency",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			latencyDoctorSpec, latencyGraphSpec, latencyHelpSpec, latencyHistogramSpec, latencyHistorySpec, latencyLatestSpec,
			latencyResetSpec,
		},
	}
	return []command.Spec{latencySpec}
}

func (cs *commands) runDoctor(c *command.Ctx) {
	c.Out.Verbatim("txt", []byte(cs.doctor(cs.Slowlog())))
}

func (cs *commands) runGraph(c *command.Ctx) {
	e, ok := cs.find(c.Arg(2))
	if !ok {
		c.Out.Errorf("ERR No samples available for event '%s'", command.UpToZero(c.Args[2]))
		return
	}
	c.Out.Verbatim("txt", []byte(e.graph(cs.clock.Now().Unix())))
}

func (cs *commands) runHistory(c *command.Ctx) {
	e, _ := cs.find(c.Arg(2))
	c.Out.ArrayHeader(len(e.spikes))
	for _, p := range e.spikes {
		c.Out.ArrayHeader(2)
		c.Out.Int(p.unixSeconds)
		c.Out.Int(p.millis)
	}
}

func (cs *commands) runLatest(c *command.Ctx) {
	events := cs.snapshot()
	c.Out.ArrayHeader(len(events))
	for i := range events {
		e := &events[i]
		last := e.spikes[len(e.spikes)-1]
		c.Out.ArrayHeader(6)
		c.Out.BulkString(e.name)
		c.Out.Int(last.unixSeconds)
		c.Out.Int(last.millis)
		c.Out.Int(e.max)
		c.Out.Int(e.sum)
		c.Out.Int(e.count)
	}
}

func (cs *commands) runReset(c *command.Ctx) {
	n := 0
	if len(c.Args) == 2 {
		n = cs.reset("")
	}
	for i := 2; i < len(c.Args); i++ {
		if name := c.Arg(i); name != "" {
			n += cs.reset(name)
		}
	}
	c.Out.Int(int64(n))
}

func (cs *commands) runHistogram(c *command.Ctx) {
	d, n := c.Out.Defer(), 0
	add := func(cmd *command.Cmd) {
		if h := cs.Histogram(cmd); h != nil {
			c.Out.BulkString(cmd.Name)
			writeHistogram(c.Out, h)
			n++
		}
	}
	if len(c.Args) == 2 {
		for _, cmd := range cs.Table().All() {
			add(cmd)
		}
	}
	for _, name := range c.Args[2:] {
		cmd := cs.Table().Find(name)
		if cmd == nil {
			continue
		}
		add(cmd)
		for _, sub := range cmd.Subcommands {
			add(sub)
		}
	}
	c.Out.SetMapLen(d, n)
}

func writeHistogram(w *resp.Writer, h *histogram.Histogram) {
	steps := h.Cumulative(nil)
	w.MapHeader(2)
	w.BulkString("calls")
	w.Int(h.Count())
	w.BulkString("histogram_usec")
	w.MapHeader(len(steps))
	for _, s := range steps {
		w.Int(s.Micros)
		w.Int(s.Count)
	}
}

func runHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"DOCTOR",
		"    Explain the spikes seen so far and what may help.",
		"GRAPH <event>",
		"    Draw the spikes of an event.",
		"HISTORY <event>",
		"    List the time and duration of an event's spikes.",
		"LATEST",
		"    Show the latest spike of every event.",
		"RESET [<event> ...]",
		"    Forget the spikes of the events, or of all events.",
		"HISTOGRAM [<command> ...]",
		"    Show how the durations of the commands, or of all commands, are distributed.")
}
