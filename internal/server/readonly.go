package server

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

var readonlySpec = command.Spec{
	Name: "readonly", Group: command.GroupCluster, Since: "3.0.0", Arity: 1,
	Flags: command.Fast | command.Loading | command.Stale, ACL: command.CatConnection,
	Summary:    "Allow this connection to read from a replica",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runReadOnly,
}

var readwriteSpec = command.Spec{
	Name: "readwrite", Group: command.GroupCluster, Since: "3.0.0", Arity: 1,
	Flags: command.Fast | command.Loading | command.Stale, ACL: command.CatConnection,
	Summary:    "Send this connection's reads to the primary again",
	Complexity: "O(1)",
	Lock:       command.LockNone,
	Run:        runReadWrite,
}

// runReadOnly notes that a client may be answered from a replica's data, which can
// be old.
func runReadOnly(c *command.Ctx) {
	c.Client.Set(session.ReadOnly)
	c.Out.OK()
}

func runReadWrite(c *command.Ctx) {
	c.Client.Clear(session.ReadOnly)
	c.Out.OK()
}
