package aof

// Keep writes what was put off and syncs what is due. It needs no exclusive mode,
// and reports whether StartScheduled or Tick have work that does. The cron calls it
// about ten times a second.
func (a *AOF) Keep() (due bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flushLocked(false)
	if a.stopping {
		return true
	}
	if a.scheduled {
		return a.mayRewriteLocked()
	}
	_, grown := a.grownLocked()
	return grown
}
