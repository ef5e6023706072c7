package engine

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// privileged are the flags of clients whose commands treat keys differently.
const privileged = session.NoTouch | session.ImportSource | session.Primary

// SetImporting begins or ends import mode, in which a client that has declared
// itself the source of the import decides on expiry: it is served expired keys.
func (e *Engine) SetImporting(on bool) { e.importing.Store(on) }

// grantPrivileges makes the Tx of a command treat keys as its client may ask.
// TOUCH moves the access clock whoever sends it.
func (x *Executor) grantPrivileges(ctx *command.Ctx) {
	c := ctx.Client
	ctx.Tx.NoTouch = c.Has(session.NoTouch) && ctx.Cmd.Name != "touch"
	ctx.Tx.ServeExpired = c.Has(session.Primary) ||
		c.Has(session.ImportSource) && x.engine.importing.Load()
}
