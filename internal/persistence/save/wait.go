package save

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Waits make commands wait that would have to save a very large value first
// (keyspace.Worker.AwaitSnapshot). A Saver without clients has none.
type Waits struct {
	// Arm makes WaitGate look at every command, or ends that. Exclusive mode.
	Arm func(on bool)
	// Worker returns the worker that executes a command.
	Worker func(c *command.Ctx) *keyspace.Worker
	// Queued calls f for every command that an EXEC of the client would run,
	// with its database, until f returns false.
	Queued func(c *session.Client, f func(db int, cmd *command.Cmd, args [][]byte) bool)
	// Postponed notes a client whose command waits. Resume lets all of them try
	// again; exclusive mode.
	Postponed func(c *session.Client)
	Resume    func()
}

// WaitGate returns the gate that postpones commands while a background save or
// a rewrite of the append-only file runs. It comes last: what a transaction
// queues need not wait, and EXEC waits for all that it will change.
func (s *Saver) WaitGate() command.Gate {
	return command.Gate{Name: "snapshot", Check: s.checkWait}
}

func (s *Saver) checkWait(c *command.Ctx) command.Verdict {
	if c.Client.Flags&(session.Primary|session.Internal) != 0 {
		return command.Pass()
	}
	w := s.Waits.Worker(c)
	if c.Cmd.Name == "exec" {
		if !s.queuedAwaits(w, c) {
			return command.Pass()
		}
	} else if !awaits(w, c.Now, c.Client.DB, c.Cmd, c.Args) {
		return command.Pass()
	}
	s.Waits.Postponed(c.Client)
	return command.Postpone()
}

// queuedAwaits reports whether EXEC has to wait because of what the client has queued.
func (s *Saver) queuedAwaits(w *keyspace.Worker, c *command.Ctx) (wait bool) {
	s.Waits.Queued(c.Client, func(db int, cmd *command.Cmd, args [][]byte) bool {
		wait = awaits(w, c.Now, db, cmd, args)
		return !wait
	})
	return wait
}

// awaits reports whether a command has to wait because of a key that it may
// change.
func awaits(w *keyspace.Worker, now int64, db int, cmd *command.Cmd, args [][]byte) bool {
	switch {
	case cmd.Flags&command.Write == 0:
		return false
	case cmd.KeyAt > 0 && cmd.KeyAt < len(args):
		return w.AwaitSnapshot(db, args[cmd.KeyAt], now)
	}
	keys, err := cmd.Keys(nil, args)
	if err != nil {
		return false // it will run in exclusive mode, or fail
	}
	for _, k := range keys {
		if k.Flags&command.KeyRO == 0 && w.AwaitSnapshot(db, args[k.Pos], now) {
			return true
		}
	}
	return false
}

// beginWaits makes commands wait for a snapshot that begins. Exclusive mode.
func (s *Saver) beginWaits(sn *keyspace.Snapshot) {
	if s.Waits.Arm == nil {
		return
	}
	sn.Settled = s.Waits.Resume
	s.Waits.Arm(true)
}

// endWaits ends what beginWaits began. Exclusive mode.
func (s *Saver) endWaits() {
	if s.Waits.Arm == nil {
		return
	}
	s.Waits.Arm(false)
	s.Waits.Resume()
}
