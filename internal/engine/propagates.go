package engine

// Propagates reports whether anybody takes what commands propagate; see
// command.Ctx.Propagates.
func (x *Executor) Propagates() bool {
	return x.engine.watching.Load()&x.engine.wants.propagate != 0
}
