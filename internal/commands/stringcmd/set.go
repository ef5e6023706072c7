package stringcmd

import "github.com/kvasirdb/kvasir/internal/command"

var setSpec = command.Spec{
	Name: "set", Group: command.GroupString, Since: "1.0.0", Arity: -3,
	Flags: command.Write | command.DenyOOM, ACL: command.CatString,
	Summary:    "Write a string value, on conditions and with an expiration as asked",
	Complexity: "O(1)",
	History: []command.Change{
		{Version: "2.6.12", What: "options EX, PX, NX, XX"}, {Version: "6.0.0", What: "option KEEPTTL"},
		{Version: "6.2.0", What: "options GET, EXAT, PXAT"}, {Version: "7.0.0", What: "NX together with GET"},
		{Version: "8.1.0", What: "option IFEQ"},
	},
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate | command.KeyVariableFlags, Index: 1, Step: 1, Notes: "read as well when GET is given"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey}, {Name: "value"},
		{Name: "condition", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX", Since: "2.6.12"},
			{Name: "xx", Type: command.ArgPureToken, Token: "XX", Since: "2.6.12"},
			{Name: "comparison-value", Token: "IFEQ", Summary: "write only while the current value equals this one", Since: "8.1.0"},
		}},
		{Name: "get", Type: command.ArgPureToken, Token: "GET", Since: "6.2.0", Flags: command.ArgOptional},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX", Since: "2.6.12"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX", Since: "2.6.12"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT", Since: "6.2.0"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT", Since: "6.2.0"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL", Since: "6.0.0"},
		}},
	},
	KeysOf: command.SetKeys,
	Run:    runSet,
}

func runSet(c *command.Ctx) {
	key, val := c.Args[1], c.Args[2]
	e := c.Tx.Write(key)
	c.Tx.SetString(&e, key, val, -1)
	c.Notify(command.EventString, "set", key)
	c.Out.OK()
}
