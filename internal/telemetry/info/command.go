package info

import "github.com/kvasirdb/kvasir/internal/command"

// Commands returns the INFO command. It runs in exclusive mode.
func Commands(r *Registry) []command.Spec {
	infoSpec := command.Spec{
		Name: "info", Group: command.GroupServer, Since: "1.0.0", Arity: -1,
		Flags: command.Loading | command.Stale | command.Sentinel, ACL: command.CatDangerous,
		Summary:    "Report the state and statistics of the server, by section",
		Complexity: "O(1)",
		History: []command.Change{
			{Version: "7.0.0", What: "several sections in one call"},
		},
		Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Args: []command.Arg{
			{Name: "section", Flags: command.ArgOptional | command.ArgMultiple},
		},
		Lock: command.LockExclusive,
		Run:  r.run,
	}
	return []command.Spec{infoSpec}
}

func (r *Registry) run(c *command.Ctx) {
	args := make([]string, len(c.Args)-1)
	for i := range args {
		args[i] = c.Arg(i + 1)
	}
	c.Out.Verbatim("txt", r.Render(args))
}
