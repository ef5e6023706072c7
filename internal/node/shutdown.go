package node

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/session"
)

// ShutdownFlags say how to shut down.
type ShutdownFlags uint8

// Shutdown flags.
const (
	ShutdownSave ShutdownFlags = 1 << iota
	ShutdownNoSave
	ShutdownNow
	ShutdownForce
	ShutdownSafe
	ShutdownFailover
)

var shutdownWords = map[string]ShutdownFlags{
	"save": ShutdownSave, "nosave": ShutdownNoSave, "now": ShutdownNow,
	"force": ShutdownForce, "safe": ShutdownSafe, "failover": ShutdownFailover,
}

func (n *Node) shutdownCommands() []command.Spec {
	return []command.Spec{
		{
			Name: "shutdown", Group: command.GroupServer, Since: "1.0.0", Arity: -1,
			Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.NoMulti | command.Sentinel | command.AllowBusy,
			Summary:    "Save as configured, then end the server",
			Complexity: "O(N) for N keys when it saves, otherwise O(1)",
			History: []command.Change{
				{Version: "7.0.0", What: "modifiers NOW, FORCE, ABORT"}, {Version: "9.0.0", What: "modifiers SAFE, FAILOVER"},
			},
			Args: []command.Arg{
				{Name: "abort-selector", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
					{Name: "save-selector-block", Type: command.ArgBlock, Args: []command.Arg{
						{Name: "save-selector", Type: command.ArgOneOf, Flags: command.ArgOptional, Args: []command.Arg{
							{Name: "nosave", Type: command.ArgPureToken, Token: "NOSAVE"},
							{Name: "save", Type: command.ArgPureToken, Token: "SAVE"},
						}},
						{Name: "now", Type: command.ArgPureToken, Token: "NOW", Since: "7.0.0", Flags: command.ArgOptional},
						{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Since: "7.0.0", Flags: command.ArgOptional},
						{Name: "safe", Type: command.ArgPureToken, Token: "SAFE", Since: "9.0.0", Flags: command.ArgOptional},
						{Name: "failover", Type: command.ArgPureToken, Token: "FAILOVER", Since: "9.0.0", Flags: command.ArgOptional},
					}},
					{Name: "abort", Type: command.ArgPureToken, Token: "ABORT", Since: "7.0.0"},
				}},
			},
			Lock: command.LockExclusive,
			Run:  n.runShutdown,
		},
	}
}

func (n *Node) runShutdown(c *command.Ctx) {
	var flags ShutdownFlags
	abort := false
	for _, arg := range c.Args[1:] {
		word := strings.ToLower(string(arg))
		flag, known := shutdownWords[word]
		if !known && word != "abort" {
			c.Out.Error(command.SyntaxError)
			return
		}
		flags |= flag
		abort = abort || word == "abort"
	}
	const contradiction = ShutdownSave | ShutdownNoSave
	switch {
	case abort && flags != 0, flags&contradiction == contradiction:
		c.Out.Error(command.SyntaxError)
	case flags&ShutdownFailover != 0:
		c.Out.Error("ERR SHUTDOWN FAILOVER is only supported in cluster mode.")
	case abort && n.stopSignal.Swap(0) != 0:
		n.Log.Noticef("Shutdown manually aborted.")
		c.Out.OK()
	case abort:
		c.Out.Error("ERR No shutdown in progress.")
	case flags&ShutdownNow == 0 && c.DenyBlocking:
		c.Out.Error("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client")
	default:
		if !n.shutdown(flags, c.Client, c.Tx) {
			c.Out.Error("ERR Errors trying to SHUTDOWN. Check logs.")
			return
		}
		c.Client.Set(session.CloseSoon)
	}
}

// RequestShutdown makes the server shut down soon, as shutdown-on-sigint says for
// an interrupt and shutdown-on-sigterm otherwise. SHUTDOWN ABORT can withdraw it.
func (n *Node) RequestShutdown(interrupt bool) {
	if interrupt {
		n.stopSignal.Store(stopInterrupt)
	} else {
		n.stopSignal.Store(stopTerminate)
	}
}

// ShutdownRequested reports whether a request is pending or being carried out.
func (n *Node) ShutdownRequested() bool { return n.stopSignal.Load() != 0 }

// The signals that ask for a shutdown; 0 is none.
const (
	stopTerminate = 1 + iota
	stopInterrupt
)

// shutdownIfRequested carries a request out. Exclusive mode.
func (n *Node) shutdownIfRequested(tx *keyspace.Tx) {
	p := &n.Config.Params
	flags := ShutdownFlags(p.ShutdownOnSIGTERM.Load())
	switch n.stopSignal.Load() {
	case 0:
		return
	case stopInterrupt:
		flags = ShutdownFlags(p.ShutdownOnSIGINT.Load())
	}
	if !n.shutdown(flags, nil, tx) {
		n.stopSignal.Store(0)
	}
}

// Shutdown ends the server as the SHUTDOWN command does. It may be called from
// any goroutine but a loop's. It reports false, and the server goes on, if the
// keys could not be saved.
func (n *Node) Shutdown(flags ShutdownFlags) (ok bool) {
	n.control.Do(func() {
		tx := n.control.Worker().Begin(0, n.Clock.Now().UnixMilli())
		ok = n.shutdown(flags, nil, tx)
	})
	return ok
}

// shutdown ends the server: Run returns soon after. It reports false if
// something is in the way. Exclusive mode.
func (n *Node) shutdown(flags ShutdownFlags, by *session.Client, tx *keyspace.Tx) bool {
	if by != nil {
		n.Log.Noticef("User requested shutdown... (user request from 'addr=%s')", by.Addr)
	} else {
		n.Log.Noticef("User requested shutdown...")
	}
	if !n.finishAppendOnly(flags) || !n.saveFinally(flags, tx) {
		n.Log.Warningf("Errors trying to shut down the server. Check the logs for more information.")
		return false
	}
	n.Server.Stop()
	return true
}

// fail makes the server end soon because of an error that the log has told: it
// saves nothing, and Run returns 1. Any goroutine may call it.
func (n *Node) fail() {
	n.exit.Store(1)
	n.Server.Stop()
}

// RemoveTemporary removes the snapshots and append-only files that are being
// written, when the process is about to end at once.
func (n *Node) RemoveTemporary() {
	n.Saver.RemoveTemporary()
	n.AOF.RemoveTemporary()
}

// finishAppendOnly ends a rewrite and makes the append-only file durable. It
// reports whether the server may end: the first file has to be complete.
func (n *Node) finishAppendOnly(flags ShutdownFlags) bool {
	s := n.AOF.Status()
	if s.Rewriting {
		switch {
		case s.Waiting && flags&ShutdownForce == 0:
			n.Log.Warningf("Writing initial AOF, can't exit.")
			return false
		case s.Waiting:
			n.Log.Warningf("Writing initial AOF. Exit anyway.")
		}
		n.Log.Warningf("There is a child rewriting the AOF. Killing it!")
		n.AOF.Cancel()
	}
	if s.Enabled {
		n.Log.Noticef("Calling fsync() on the AOF file.")
		n.AOF.Sync()
	}
	return true
}

// saveFinally saves the keys if the command asks for it or, if it says nothing,
// save points exist. It reports whether the server may end.
func (n *Node) saveFinally(flags ShutdownFlags, tx *keyspace.Tx) bool {
	wanted := flags&ShutdownSave != 0 || flags&ShutdownNoSave == 0 && len(n.Config.Params.Save.Load()) > 0
	if !wanted || n.Saver.IsLoading() {
		n.Saver.Cancel()
		return true
	}
	n.Log.Noticef("Saving the final RDB snapshot before exiting.")
	err := n.Saver.SaveFinal(tx)
	switch {
	case err == nil:
		return true
	case flags&ShutdownForce != 0:
		n.Log.Warningf("Error trying to save the DB. Exit anyway.")
		return true
	}
	n.Log.Warningf("Error trying to save the DB, can't exit.")
	return false
}

// Goodbye removes what a running server leaves on disk and writes the last
// line of the log, after Run.
func (n *Node) Goodbye() {
	n.removePIDFile()
	n.Log.Warningf("Valkey is now ready to exit, bye bye...")
}
