package command

// Propagates reports whether anybody takes what the command propagates. A
// command whose rewritten form is dear to make asks first; telling what nobody
// takes does no harm.
func (c *Ctx) Propagates() bool { return c.Server.Propagates() }
