package engine

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Replay executes the commands of a file for an internal client, which has
// session.Primary as Ctx.Replaying wants it, in order and without gates, and prefetches the keys of many at a time, as Execute does for
// the requests of clients. It stops at the first that this server does not know
// and returns what is wrong with it. Replies collect in the client's output.
// Exclusive mode only.
func (x *Executor) Replay(c *session.Client, batch [][][]byte) (problem string) {
	defer func(outer int) { x.requestBytes = outer }(x.requestBytes)
	ctx := x.ctx // a command may be under way
	ctx.Effects = command.Effects{}
	ctx.Out, ctx.Client = &c.Out, c
	ctx.Now, ctx.Limits, ctx.DenyBlocking = x.now, x.engine.limits.Load(), true
	var cmds [BatchMax]*command.Cmd
	var locs [BatchMax]keyspace.Located
	var space [BatchMax]keyspace.Wanted
	for len(batch) > 0 {
		part := batch[:min(BatchMax, len(batch))]
		batch = batch[len(part):]
		wanted := space[:0]
		for i, args := range part {
			cmds[i] = x.lookup(args)
			if k := keyAt(cmds[i], args); k > 0 {
				locs[i] = x.engine.Space.Locate(args[k])
				wanted = append(wanted, keyspace.Wanted{DB: c.DB, At: locs[i]})
			}
		}
		x.engine.Space.Prefetch(wanted)
		for i, args := range part {
			cmd := cmds[i]
			switch {
			case cmd == nil:
				return x.engine.Table.UnknownCommand(args)
			case !cmd.ArityOK(len(args)):
				return command.WrongArity(cmd)
			}
			ctx.Args, ctx.Cmd = args, cmd
			x.requestBytes = command.RequestBytes(args)
			if cmd.Run == nil {
				return x.missingSubcommand(&ctx)
			}
			ctx.Tx = x.worker.Begin(c.DB, ctx.Now)
			if k := keyAt(cmd, args); k > 0 {
				ctx.Tx.Hint(args[k], locs[i])
			}
			x.run(&ctx, clock.Ticks())
		}
	}
	return ""
}

// keyAt returns the index of a command's only or first key, 0 if it has none or
// its place depends on the arguments.
func keyAt(cmd *command.Cmd, args [][]byte) int {
	if cmd == nil || cmd.KeyAt >= len(args) {
		return 0
	}
	return max(cmd.KeyAt, 0)
}
