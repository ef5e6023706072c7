package config

import (
	"context"
	"errors"

	"github.com/kvasirdb/kvasir/internal/command"
)

// CommandDeps are what the CONFIG command needs besides the store.
type CommandDeps struct {
	Store *Store
	Files RewriteFiles
	// Owned returns the lines that other parts of the server keep in the file.
	Owned func() []OptionLines
	// ResetStats zeroes the counters of INFO.
	ResetStats func()
	// Caller describes the client of a command.
	Caller func(c *command.Ctx) Caller
	// Noticef writes to the server's log.
	Noticef func(format string, args ...any)
}

// Commands returns the CONFIG command. All its subcommands run in exclusive
// mode, so that the hooks of a change see no command under way.
func Commands(d *CommandDeps) []command.Spec {
	return []command.Spec{
		{
			Name: "config", Group: command.GroupServer, Since: "2.0.0", Arity: -2,
			Summary:    "Commands about the configuration",
			Complexity: "Depends on the subcommand",
			Subcommands: []command.Spec{
				{
					Name: "get", Group: command.GroupServer, Since: "2.0.0", Arity: -3,
					Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
					Summary:    "Read the parameters that match patterns",
					Complexity: "O(N) for N parameters given",
					History: []command.Change{
						{Version: "7.0.0", What: "several patterns in one call"},
					},
					Args: []command.Arg{
						{Name: "parameter", Flags: command.ArgMultiple},
					},
					Run: d.runGet,
				},
				{
					Name: "help", Group: command.GroupServer, Since: "5.0.0", Arity: 2,
					Flags:      command.Loading | command.Stale,
					Summary:    "Describe the CONFIG subcommands",
					Complexity: "O(1)",
					Lock:       command.LockNone,
					Run:        runConfigHelp,
				},
				{
					Name: "resetstat", Group: command.GroupServer, Since: "2.0.0", Arity: 2,
					Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
					Summary:    "Set the statistics of INFO back to zero",
					Complexity: "O(1)",
					Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
					Run:        d.runResetStat,
				},
				{
					Name: "rewrite", Group: command.GroupServer, Since: "2.8.0", Arity: 2,
					Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
					Summary:    "Write the effective configuration back into its file",
					Complexity: "O(1)",
					Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
					Run:        d.runRewrite,
				},
				{
					Name: "set", Group: command.GroupServer, Since: "2.0.0", Arity: -4,
					Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
					Summary:    "Change parameters while running, all or none of them",
					Complexity: "O(N) for N parameters given",
					History: []command.Change{
						{Version: "7.0.0", What: "several parameters in one call"},
					},
					Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
					Args: []command.Arg{
						{Name: "data", Type: command.ArgBlock, Flags: command.ArgMultiple, Args: []command.Arg{
							{Name: "parameter"}, {Name: "value"},
						}},
					},
					Run: d.runSet,
				},
			}},
	}
}

func (d *CommandDeps) runGet(c *command.Ctx) {
	patterns := make([]string, len(c.Args)-2)
	for i := range patterns {
		patterns[i] = c.Arg(i + 2)
	}
	pairs := d.Store.Get(patterns)
	c.Out.MapHeader(len(pairs))
	for _, p := range pairs {
		c.Out.BulkString(p.Name)
		c.Out.BulkString(p.Value)
	}
}

func (d *CommandDeps) runSet(c *command.Ctx) {
	pairs := make([]string, len(c.Args)-2)
	for i := range pairs {
		pairs[i] = c.Arg(i + 2)
	}
	err := d.Store.Set(context.Background(), pairs, d.Caller(c))
	if err != nil {
		c.Out.Error(err.Error())
		return
	}
	c.Out.OK()
}

func (d *CommandDeps) runRewrite(c *command.Ctx) {
	err := d.Store.Rewrite(d.Files, d.Owned())
	if err != nil {
		if !errors.Is(err, ErrNoConfigFile) {
			d.Noticef("CONFIG REWRITE failed: %v", err)
		}
		c.Out.Error(err.Error())
		return
	}
	d.Noticef("CONFIG REWRITE executed with success.")
	c.Out.OK()
}

func (d *CommandDeps) runResetStat(c *command.Ctx) {
	d.ResetStats()
	c.Out.OK()
}

func runConfigHelp(c *command.Ctx) {
	command.WriteHelp(c.Out, c.Args[0],
		"GET <pattern>",
		"    Show the parameters whose names match the glob-style pattern, with their values.",
		"SET <directive> <value>",
		"    Change a parameter while the server runs.",
		"RESETSTAT",
		"    Zero the statistics that INFO reports.",
		"REWRITE",
		"    Bring the configuration file up to the values in force.",
	)
}
