package stringcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

var getSpec = command.Spec{
	Name: "get", Group: command.GroupString, Since: "1.0.0", Arity: 2,
	Flags: command.ReadOnly | command.Fast, ACL: command.CatString,
	Summary:    "Read a string value",
	Complexity: "O(1)",
	Keys:       []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, Step: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey},
	},
	Run: runGet,
}

func runGet(c *command.Ctx) {
	e := c.Tx.Find(c.Args[1])
	if !e.Found() {
		c.Out.Null()
		return
	}
	if e.Type() != value.String {
		c.Out.Error(command.WrongType)
		return
	}
	replyString(c, &e)
}

// replyString answers with the string value of a found key.
func replyString(c *command.Ctx, e *keyspace.Entry) {
	var text keyspace.NumberText
	c.Out.Bulk(e.String(&text))
}
