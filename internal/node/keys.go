package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/config"
)

// keyCommands are the commands that treat all keys alike.
func (n *Node) keyCommands() []command.Spec {
	p := &n.Config.Params
	return keycmd.Commands(keycmd.Deps{
		CountsFrequency: n.countsFrequency,
		LazyDelete:      p.LazyfreeLazyUserDel.Load,
		LazyFlush:       p.LazyfreeLazyUserFlush.Load,
		Replacing: func(c *command.Ctx, db, by int) {
			n.Engine.Waiting.SignalAll(db)
			n.Txn.Touch(c.Tx, db, by)
			if db < by { // once for both databases
				n.messages.tracking.Flushed()
			}
		},
		Flushed: func(c *command.Ctx, all bool) {
			n.messages.tracking.Flushed()
			if all {
				n.Saver.Flushed(c.Tx)
			}
		},
	})
}

// countsFrequency reports whether the eviction policy goes by how often keys
// are used, not by how long ago.
func (n *Node) countsFrequency() bool {
	switch n.Config.Params.MaxMemoryPolicy.Load() {
	case config.VolatileLFU, config.AllKeysLFU:
		return true
	}
	return false
}

// followAccessClock makes the access clock of keys count what the eviction
// policy goes by.
func (n *Node) followAccessClock() {
	p := &n.Config.Params
	n.Space.SetAccessClock(n.countsFrequency(), int(p.LFULogFactor.Load()), int(p.LFUDecayTime.Load()))
}
