package commandlog

import (
	"math"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Commands returns COMMANDLOG and SLOWLOG.
func Commands(l *Log) []command.Spec {
	commandlogGetSpec := command.Spec{
		Name: "get", Group: command.GroupServer, Since: "8.1.0", Arity: 4,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Show entries of a command log",
		Complexity: "O(N) for N entries shown",
		Tips:       []string{"request_policy:all_nodes", "nondeterministic_output"},
		Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "type", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "slow", Type: command.ArgPureToken, Token: "SLOW"},
				{Name: "large-request", Type: command.ArgPureToken, Token: "LARGE-REQUEST"},
				{Name: "large-reply", Type: command.ArgPureToken, Token: "LARGE-REPLY"},
			}},
		},
		Lock: command.LockNone,
		Run:  l.runGet,
	}
	commandlogHelpSpec := command.Spec{
		Name: "help", Group: command.GroupServer, Since: "8.1.0", Arity: 2,
		Flags:      command.Loading | command.Stale,
		Summary:    "Describe the COMMANDLOG subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runHelp,
	}
	commandlogLenSpec := command.Spec{
		Name: "len", Group: command.GroupServer, Since: "8.1.0", Arity: 3,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Count the entries of a command log",
		Complexity: "O(1)",
		Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
		Args: []command.Arg{
			{Name: "type", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "slow", Type: command.ArgPureToken, Token: "SLOW"},
				{Name: "large-request", Type: command.ArgPureToken, Token: "LARGE-REQUEST"},
				{Name: "large-reply", Type: command.ArgPureToken, Token: "LARGE-REPLY"},
			}},
		},
		Lock: command.LockNone,
		Run:  l.runLen,
	}
	commandlogResetSpec := command.Spec{
		Name: "reset", Group: command.GroupServer, Since: "8.1.0", Arity: 3,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Empty a command log",
		Complexity: "O(N) for N entries",
		Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
		Args: []command.Arg{
			{Name: "type", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "slow", Type: command.ArgPureToken, Token: "SLOW"},
				{Name: "large-request", Type: command.ArgPureToken, Token: "LARGE-REQUEST"},
				{Name: "large-reply", Type: command.ArgPureToken, Token: "LARGE-REPLY"},
			}},
		},
		Lock: command.LockNone,
		Run:  l.runReset,
	}
	commandlogSpec := command.Spec{
		Name: "commandlog", Group: command.GroupServer, Since: "8.1.0", Arity: -2,
		Summary:    "Commands about the log of slow and large commands",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			commandlogGetSpec, commandlogHelpSpec, commandlogLenSpec, commandlogResetSpec,
		},
	}
	slowlogGetSpec := command.Spec{
		Name: "get", Group: command.GroupServer, Since: "2.2.12", Arity: -2,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Show entries of the slow log",
		Complexity: "O(N) for N entries shown",
		History: []command.Change{
			{Version: "4.0.0", What: "client address and name"},
		},
		Tips: []string{"request_policy:all_nodes", "nondeterministic_output"},
		Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Flags: command.ArgOptional},
		},
		Lock: command.LockNone,
		Run:  l.runSlowGet,
	}
	slowlogHelpSpec := command.Spec{
		Name: "help", Group: command.GroupServer, Since: "6.2.0", Arity: 2,
		Flags:      command.Loading | command.Stale,
		Summary:    "Describe the SLOWLOG subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runSlowHelp,
	}
	slowlogLenSpec := command.Spec{
		Name: "len", Group: command.GroupServer, Since: "2.2.12", Arity: 2,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Count the entries of the slow log",
		Complexity: "O(1)",
		Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
		Lock:       command.LockNone,
		Run:        l.runSlowLen,
	}
	slowlogResetSpec := command.Spec{
		Name: "reset", Group: command.GroupServer, Since: "2.2.12", Arity: 2,
		Flags:      command.Admin | command.Loading | command.Stale,
		Summary:    "Empty the slow log",
		Complexity: "O(N) for N entries",
		Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
		Lock:       command.LockNone,
		Run:        l.runSlowReset,
	}
	slowlogSpec := command.Spec{
		Name: "slowlog", Group: command.GroupServer, Since: "2.2.12", Arity: -2,
		Summary:    "Commands about the log of slow commands",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			slowlogGetSpec, slowlogHelpSpec, slowlogLenSpec, slowlogResetSpec,
		},
	}
	return []command.Spec{commandlogSpec, slowlogSpec}
}

const badCount = "ERR count should be greater than or equal to -1"

// slowlogGetCount is how many entries SLOWLOG GET returns unless told.
const slowlogGetCount = 10

func (l *Log) runGet(c *command.Ctx) {
	count, ok := countArg(c, 2)
	if !ok {
		return
	}
	if kind, ok := kindArg(c, 3); ok {
		l.reply(c, kind, count)
	}
}

func (l *Log) runLen(c *command.Ctx) {
	if kind, ok := kindArg(c, 2); ok {
		c.Out.Int(int64(l.length(kind)))
	}
}

func (l *Log) runReset(c *command.Ctx) {
	if kind, ok := kindArg(c, 2); ok {
		l.reset(kind)
		c.Out.OK()
	}
}

func runHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"GET <count> <type>",
		"    List the latest entries of a log, newest first; a count of -1 lists all.",
		"    The types are slow, large-request and large-reply. An entry has an id,",
		"    the time, the duration in microseconds or the size in bytes, the",
		"    arguments, the client's address and its name.",
		"LEN <type>",
		"    Count the entries of a log.",
		"RESET <type>",
		"    Empty a log.")
}

func (l *Log) runSlowGet(c *command.Ctx) {
	switch len(c.Args) {
	case 2:
		l.reply(c, Slow, slowlogGetCount)
	case 3:
		if count, ok := countArg(c, 2); ok {
			l.reply(c, Slow, count)
		}
	default:
		c.Out.Error(command.SubcommandSyntax(c.Args))
	}
}

func (l *Log) runSlowLen(c *command.Ctx) { c.Out.Int(int64(l.length(Slow))) }

func (l *Log) runSlowReset(c *command.Ctx) {
	l.reset(Slow)
	c.Out.OK()
}

func runSlowHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"GET [<count>]",
		"    List the latest slow commands, newest first: 10 unless told, all with -1.",
		"    An entry has an id, the time, the duration in microseconds, the arguments,",
		"    the client's address and its name.",
		"LEN",
		"    Count the entries.",
		"RESET",
		"    Empty the log.")
}

func (l *Log) reply(c *command.Ctx, k Kind, count int64) {
	entries := l.latest(k, count)
	w := c.Out
	w.ArrayHeader(len(entries))
	for i := range entries {
		e := &entries[i]
		w.ArrayHeader(6)
		w.Int(e.id)
		w.Int(e.unixSeconds)
		w.Int(e.value)
		w.ArrayHeader(len(e.args))
		for _, a := range e.args {
			w.Bulk(a)
		}
		w.BulkString(e.addr)
		w.BulkString(e.name)
	}
}

func countArg(c *command.Ctx, i int) (count int64, ok bool) {
	count, ok = number.ParseInt(c.Args[i])
	if !ok || count < -1 {
		c.Out.Error(badCount)
		return 0, false
	}
	return count, true
}

func kindArg(c *command.Ctx, i int) (k Kind, ok bool) {
	for k, name := range [kinds]string{"slow", "large-request", "large-reply"} {
		if command.Is(c.Args[i], name) {
			return Kind(k), true
		}
	}
	c.Out.Error("ERR type should be one of the following: slow, large-request, large-reply")
	return 0, false
}

// microseconds converts without overflow: no command takes 292 years.
func microseconds(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
}
