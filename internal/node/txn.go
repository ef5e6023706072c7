package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/txn"
)

// connectTransactions adds the gate that queues, which comes behind those that
// may refuse to queue, and the observer of watched keys.
func (n *Node) connectTransactions() {
	gate := n.Engine.AddGate(n.Txn.Gate())
	observer := n.Engine.AddObserver(n.Txn.Observer())
	n.Txn.Connect(
		func(c *session.Client, on bool) { engine.ArmClient(c, gate, on) },
		func(on bool) { n.Engine.Watch(observer, on) },
	)
}

// queued tells what an EXEC would run, and in which database, until f returns
// false.
func (n *Node) queued(c *session.Client, f func(db int, cmd *command.Cmd, args [][]byte) bool) {
	db := c.DB
	txn.EachQueued(c, func(args [][]byte) bool {
		cmd := n.Table.Lookup(args[0])
		if cmd.Name == "select" {
			if to, ok := number.ParseInt(args[1]); ok && to >= 0 && to < int64(n.Space.Databases()) {
				db = int(to)
			}
			return true
		}
		if len(args) > 1 && cmd.Subcommands != nil && cmd.Sub(args[1]) != nil {
			cmd = cmd.Sub(args[1])
		}
		return f(db, cmd, args)
	})
}
