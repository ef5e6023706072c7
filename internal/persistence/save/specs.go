package save

import "github.com/kvasirdb/kvasir/internal/command"

// Commands returns SAVE, BGSAVE and LASTSAVE.
func (s *Saver) Commands() []command.Spec {
	saveSpec := command.Spec{
		Name: "save", Group: command.GroupServer, Since: "1.0.0", Arity: 1,
		Flags:      command.NoAsyncLoading | command.Admin | command.NoScript | command.NoMulti,
		Summary:    "Write a snapshot file before replying",
		Complexity: "O(N) for N keys",
		Run:        s.runSave,
	}
	bgsaveSpec := command.Spec{
		Name: "bgsave", Group: command.GroupServer, Since: "1.0.0", Arity: -1,
		Flags:      command.NoAsyncLoading | command.Admin | command.NoScript,
		Summary:    "Write a snapshot file in the background",
		Complexity: "O(1)",
		History: []command.Change{
			{Version: "3.2.2", What: "option SCHEDULE"}, {Version: "8.1.0", What: "option CANCEL"},
		},
		Args: []command.Arg{
			{Name: "operation", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "schedule", Type: command.ArgPureToken, Token: "SCHEDULE", Since: "3.2.2"},
				{Name: "cancel", Type: command.ArgPureToken, Token: "CANCEL", Since: "8.1.0"},
			}},
		},
		Run: s.runBackgroundSave,
	}
	lastsaveSpec := command.Spec{
		Name: "lastsave", Group: command.GroupServer, Since: "1.0.0", Arity: 1,
		Flags: command.Loading | command.Stale | command.Fast, ACL: command.CatAdmin | command.CatDangerous,
		Summary:    "Tell the Unix time of the last good snapshot",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Lock:       command.LockNone,
		Run:        s.runLastSave,
	}
	return []command.Spec{saveSpec, bgsaveSpec, lastsaveSpec}
}
