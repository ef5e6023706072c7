package aof

import "errors"

// SetEnabled turns the file on or off (CONFIG SET appendonly). On means that a
// rewrite begins, at whose end the file is complete. Exclusive mode.
func (a *AOF) SetEnabled(enabled, inTransaction bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case enabled && a.stopping:
		a.stopping = false
	case enabled && a.state == off:
		return a.enableLocked(inTransaction)
	case !enabled && a.state != off && inTransaction:
		a.stopping = true
	case !enabled && a.state != off:
		a.disableLocked()
	}
	return nil
}

func (a *AOF) enableLocked(inTransaction bool) error {
	a.state = waiting
	if a.writeErr != nil {
		a.Log.Warningf("AOF reopen, just ignore the last error.")
	}
	a.failLocked(nil)
	if a.rewrite != nil {
		a.Log.Noticef("AOF was enabled but there is already an AOF rewriting in background. Stopping " +
			"background AOF and starting a rewrite now.")
	}
	a.cancelRewriteLocked()
	switch {
	case a.rewrite != nil, a.Saving():
		a.scheduled = true
		a.Log.Noticef("AOF was enabled but there is already another background operation. An AOF background was " +
			"scheduled to start when possible.")
	case inTransaction:
		a.scheduled = true
		a.Log.Noticef("AOF was enabled during a transaction. An AOF background was scheduled to start when possible.")
	default:
		if a.startRewriteLocked() != nil {
			a.Log.Warningf("The server needs to enable the AOF but can't trigger a background AOF rewrite " +
				"operation. Check the above logs for more info about the error.")
			a.state, a.scheduled = off, false
			return errors.New("Unable to turn on AOF. Check server logs.")
		}
	}
	return nil
}

func (a *AOF) disableLocked() {
	a.Watch(false)
	a.closeLocked()
	a.done.Store(a.Journal.Offset())
	a.state, a.left = off, nil
	if a.scheduled {
		a.scheduled = false
		a.Log.Noticef("AOF was disabled but there is a scheduled AOF background, cancel it.")
	}
	a.cancelRewriteLocked()
	a.failLocked(nil)
}
