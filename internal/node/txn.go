package node

import (
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/session"
)

// connectTransactions adds the gate that queues, which comes last, and the
// observer of watched keys.
func (n *Node) connectTransactions() {
	gate := n.Engine.AddGate(n.Txn.Gate())
	observer := n.Engine.AddObserver(n.Txn.Observer())
	n.Txn.Connect(
		func(c *session.Client, on bool) { engine.ArmClient(c, gate, on) },
		func(on bool) { n.Engine.Watch(observer, on) },
	)
}
