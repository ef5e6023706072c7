// Package keycmd holds the commands that treat all types of values alike: they
// find, remove, rename, copy and move keys and say when keys expire.
package keycmd

import "github.com/kvasirdb/kvasir/internal/command"

// Deps are what the commands need to know and to tell of the server.
type Deps struct {
	CountsFrequency func() bool // maxmemory-policy is one of the LFU policies
	LazyDelete      func() bool // lazyfree-lazy-user-del
	LazyFlush       func() bool // lazyfree-lazy-user-flush

	// Replacing is called in exclusive mode before all keys of a database are
	// removed at once (by is -1) or exchanged for those of database by.
	Replacing func(c *command.Ctx, db, by int)
	// Flushed is called in exclusive mode after one database was emptied, or
	// all of them. May be nil.
	Flushed func(c *command.Ctx, all bool)
}

// Commands returns the commands of the group "generic" that need nothing but
// the keyspace, and those on whole databases.
func Commands(d Deps) []command.Spec {
	h := &handlers{d}
	return append(h.specs(),
		copySpec, dbsizeSpec, existsSpec, expireSpec, expireatSpec, expiretimeSpec, keysSpec, moveSpec, persistSpec,
		pexpireSpec, pexpireatSpec, pexpiretimeSpec, pttlSpec, randomkeySpec, renameSpec, renamenxSpec, scanSpec,
		touchSpec, ttlSpec, typeSpec, unlinkSpec)
}

// handlers are the handlers that need the server.
type handlers struct{ Deps }

// specs are the commands of handlers.
func (h *handlers) specs() []command.Spec {
	delSpec := command.Spec{
		Name: "del", Group: command.GroupGeneric, Since: "1.0.0", Arity: -2,
		Flags: command.Write, ACL: command.CatKeyspace,
		Summary:    "Remove keys and free their values",
		Complexity: "O(N) for N keys, plus O(M) for each collection of M elements",
		Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		Keys:       []command.KeySpec{{Flags: command.KeyRM | command.KeyDelete, Index: 1, LastKey: -1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, Flags: command.ArgMultiple},
		},
		Run: h.runDel,
	}
	flushallSpec := command.Spec{
		Name: "flushall", Group: command.GroupServer, Since: "1.0.0", Arity: -1,
		Flags: command.Write | command.AllDBs, ACL: command.CatKeyspace | command.CatDangerous,
		Summary:    "Remove the keys of all databases",
		Complexity: "O(N) for N keys",
		History: []command.Change{
			{Version: "4.0.0", What: "modifier ASYNC"}, {Version: "6.2.0", What: "modifier SYNC"},
		},
		Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Args: []command.Arg{
			{Name: "flush-type", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
			}},
		},
		Run: h.runFlushAll,
	}
	flushdbSpec := command.Spec{
		Name: "flushdb", Group: command.GroupServer, Since: "1.0.0", Arity: -1,
		Flags: command.Write, ACL: command.CatKeyspace | command.CatDangerous,
		Summary:    "Remove all keys of the database",
		Complexity: "O(N) for N keys",
		History: []command.Change{
			{Version: "4.0.0", What: "modifier ASYNC"}, {Version: "6.2.0", What: "modifier SYNC"},
		},
		Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Args: []command.Arg{
			{Name: "flush-type", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
				{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
			}},
		},
		Run: h.runFlushDB,
	}
	objectEncodingSpec := command.Spec{
		Name: "encoding", Group: command.GroupGeneric, Since: "2.2.3", Arity: 3,
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary:    "Name the internal encoding of a value",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 2, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runObjectEncoding,
	}
	objectFreqSpec := command.Spec{
		Name: "freq", Group: command.GroupGeneric, Since: "4.0.0", Arity: 3,
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary:    "Read a key's logarithmic access counter (LFU)",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 2, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
		},
		Run: h.runObjectFreq,
	}
	objectHelpSpec := command.Spec{
		Name: "help", Group: command.GroupGeneric, Since: "6.2.0", Arity: 2,
		Flags: command.Loading | command.Stale, ACL: command.CatKeyspace,
		Summary:    "Describe the OBJECT subcommands",
		Complexity: "O(1)",
		Lock:       command.LockNone,
		Run:        runObjectHelp,
	}
	objectIdletimeSpec := command.Spec{
		Name: "idletime", Group: command.GroupGeneric, Since: "2.2.3", Arity: 3,
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary:    "Tell for how many seconds a key was not accessed",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 2, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
		},
		Run: h.runObjectIdleTime,
	}
	objectRefcountSpec := command.Spec{
		Name: "refcount", Group: command.GroupGeneric, Since: "2.2.3", Arity: 3,
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary:    "Tell how many references a value has",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Keys:       []command.KeySpec{{Flags: command.KeyRO, Index: 2, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runObjectRefCount,
	}
	objectSpec := command.Spec{
		Name: "object", Group: command.GroupGeneric, Since: "2.2.3", Arity: -2,
		Summary:    "Commands that look into how a value is kept",
		Complexity: "Depends on the subcommand",
		Subcommands: []command.Spec{
			objectEncodingSpec, objectFreqSpec, objectHelpSpec, objectIdletimeSpec, objectRefcountSpec,
		},
	}
	swapdbSpec := command.Spec{
		Name: "swapdb", Group: command.GroupServer, Since: "4.0.0", Arity: 3,
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace | command.CatDangerous,
		Summary:    "Exchange the contents of two databases",
		Complexity: "O(N) for N clients watching or waiting for keys of either",
		DBs:        []command.DBArg{{Pos: 1}, {Pos: 2}},
		Args: []command.Arg{
			{Name: "index1", Type: command.ArgInteger}, {Name: "index2", Type: command.ArgInteger},
		},
		Run: h.runSwapDB,
	}
	return []command.Spec{delSpec, flushallSpec, flushdbSpec, objectSpec, swapdbSpec}
}
