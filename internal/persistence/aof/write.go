package aof

import (
	"io"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
)

const (
	// postponeMax is how long writing waits for a sync in the background.
	postponeMax = 2 * time.Second
	syncEvery   = time.Second
	// patienceMax is how long a sync is put off at most for more to be synced.
	patienceMax = time.Millisecond
	// errorEvery is how often a failing disk is logged.
	errorEvery = 30 * time.Second
)

// Commit makes what has been appended to the journal as durable as the policy
// demands before replies leave. It reports false when that has become
// impossible: no reply may leave, and Fatal has been called. Loops call it
// before they flush.
func (a *AOF) Commit() bool {
	end := a.Journal.Offset()
	if end <= a.done.Load() {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if end > a.done.Load() {
		a.flushLocked(false)
	}
	return !a.failed.Load()
}

// Committed reports whether Commit has nothing to do.
func (a *AOF) Committed() bool { return a.Journal.Offset() <= a.done.Load() }

// Patience returns how long it pays to wait for more writes before Commit: half of
// the time that a sync takes, if replies wait for one.
func (a *AOF) Patience() time.Duration {
	if a.Committed() {
		return 0
	}
	return min(time.Duration(a.syncTook.Load())/2, patienceMax)
}

// Flush writes without waiting for a sync that runs.
func (a *AOF) Flush() {
	a.mu.Lock()
	a.flushLocked(true)
	a.mu.Unlock()
}

// Sync writes everything and makes it durable. What fails is logged.
func (a *AOF) Sync() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flushLocked(true)
	if a.file == nil || a.failed.Load() || a.synced >= a.written {
		return
	}
	if err := a.file.Sync(); err != nil {
		a.Log.Warningf("Fail to fsync the AOF file: %s.", Reason(err))
		return
	}
	a.synced, a.lastSync = a.written, a.Now()
}

// Failed reports whether the file cannot be continued.
func (a *AOF) Failed() bool { return a.failed.Load() }

// flushLocked takes what the journal has to the file.
func (a *AOF) flushLocked(force bool) {
	if a.file == nil || a.failed.Load() {
		return
	}
	o := a.Settings()
	if a.Journal.Offset() > a.written {
		waits := a.before != nil && o.Policy != Always || a.syncing != nil && o.Policy == EverySecond
		if waits && !force && a.postponeLocked() {
			return
		}
		a.postponed = time.Time{}
		if !a.syncBeforeLocked(&o) || !a.writeLocked(&o) {
			return
		}
	}
	resting := o.NoSyncWhile && (a.rewrite != nil || a.Saving())
	if resting || o.Policy != Always {
		a.syncTook.Store(0)
	}
	switch {
	case o.Policy == Always:
		if !resting && !(a.syncBeforeLocked(&o) && a.syncLocked()) {
			return
		}
	case o.Policy == EverySecond:
		due := a.synced < a.written && a.Now().Sub(a.lastSync) >= syncEvery
		if due && !resting && a.syncing == nil && !a.switching() {
			a.startSyncLocked()
		}
	}
	a.done.Store(a.written)
}

// syncBeforeLocked makes the file before the present one durable: what is written
// to this one must not survive a power failure that tears that one.
func (a *AOF) syncBeforeLocked(o *Settings) bool {
	if a.before == nil {
		return true
	}
	err := a.before.Sync()
	a.before = nil
	switch {
	case err == nil:
		return true
	case o.Policy == Always:
		a.failSyncLocked(err)
		return false
	}
	a.Log.Warningf("Fail to fsync the AOF file: %s", Reason(err))
	return true
}

// postponeLocked reports whether a write may still wait for the sync.
func (a *AOF) postponeLocked() bool {
	now := a.Now()
	if a.postponed.IsZero() {
		a.postponed = now
		return true
	}
	if now.Sub(a.postponed) < postponeMax {
		return true
	}
	a.delayed++
	a.Log.Noticef("Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer " +
		"without waiting for fsync to complete, this may slow down the server.")
	return false
}

// writeLocked writes what the journal has and reports whether all is in the file.
func (a *AOF) writeLocked(o *Settings) bool {
	taken, end := a.Journal.Take()
	data := taken
	if len(a.left) > 0 {
		data = append(a.left, taken...)
	}
	if o.WriteDelay > 0 {
		a.Sleep(o.WriteDelay)
	}
	began := a.Now()
	n, err := a.file.Write(data)
	a.noteWriteLatency(a.Now().Sub(began))
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == nil {
		a.left = nil
		a.size += int64(n)
		a.total += int64(n)
		a.written = end
		a.Journal.Recycle(taken)
		if a.writeErr != nil {
			a.Log.Noticef("AOF write error looks solved. The server can write again.")
			a.failLocked(nil)
		}
		return true
	}
	if now := a.Now(); now.Sub(a.errLogged) > errorEvery {
		a.errLogged = now
		if n > 0 {
			a.Log.Warningf("Short write while writing to the AOF file: (nwritten=%d, expected=%d)", n, len(data))
		} else {
			a.Log.Warningf("Error writing to the AOF file: %s", Reason(err))
		}
	}
	if n > 0 {
		if truncErr := a.file.Truncate(a.size); truncErr != nil {
			a.Log.Warningf("Could not remove short write from the append-only file. The server may refuse to load "+
				"the AOF the next time it starts.  ftruncate: %s", Reason(truncErr))
			a.size += int64(n)
			a.total += int64(n)
			data = data[n:]
		}
	}
	a.left = data
	if o.Policy == Always {
		a.Log.Warningf("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
		a.endLocked()
	}
	a.failLocked(err)
	return false
}

// noteWriteLatency files a write under what may have slowed it down.
func (a *AOF) noteWriteLatency(d time.Duration) {
	event := EventWriteAlone
	switch {
	case a.syncing != nil:
		event = EventWriteSync
	case a.rewrite != nil || a.Saving():
		event = EventWriteRewrite
	}
	a.Latency(event, d)
	a.Latency(EventWrite, d)
}

// failLocked notes the result of writing: while it is an error, clients' writes
// are refused.
func (a *AOF) failLocked(err error) {
	a.writeErr = err
	a.ArmErrors(err != nil)
}

// endLocked ends the server: what it has promised for every reply has become
// impossible.
func (a *AOF) endLocked() {
	a.failed.Store(true)
	a.Fatal()
}

// syncLocked makes the file durable.
func (a *AOF) syncLocked() bool {
	if a.synced >= a.written {
		return true
	}
	began := a.Now()
	err := a.file.Sync()
	if err != nil {
		a.failSyncLocked(err)
		return false
	}
	a.synced, a.lastSync = a.written, a.Now()
	took := a.lastSync.Sub(began)
	a.Latency(EventSync, took)
	mean := a.syncTook.Load()
	a.syncTook.Store(mean + (int64(took)-mean)/8)
	return true
}

func (a *AOF) failSyncLocked(err error) {
	a.Log.Warningf("Can't persist AOF for fsync error when the AOF fsync policy is 'always': %s. Exiting...", Reason(err))
	a.endLocked()
	a.failLocked(err)
}

// startSyncLocked makes the file durable in the background.
func (a *AOF) startSyncLocked() {
	a.syncing, a.lastSync = make(chan struct{}), a.Now()
	f, end := a.file, a.written
	a.jobs.Go(func() {
		err := f.Sync()
		a.mu.Lock()
		defer a.mu.Unlock()
		close(a.syncing)
		a.syncing = nil
		switch {
		case f != a.file: // was replaced, and is synced by whoever did that
		case err != nil:
			a.Log.Warningf("Fail to fsync the AOF file: %s", Reason(err))
			a.failLocked(err)
		default:
			a.synced = max(a.synced, end)
			if a.writeErr != nil && len(a.left) == 0 {
				a.failLocked(nil)
			}
		}
	})
}

// Tick turns the file off where a transaction has asked for that, writes, and
// starts a rewrite if the files have grown. Exclusive mode, when Keep asks for it.
func (a *AOF) Tick() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping {
		a.stopping = false
		a.disableLocked()
	}
	a.flushLocked(false)
	a.rewriteIfGrownLocked()
}

// Close writes and syncs everything and closes the file. After that nothing may
// be appended.
func (a *AOF) Close() error {
	a.Cancel()
	a.jobs.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closeLocked()
}

func (a *AOF) closeLocked() error {
	if a.file == nil {
		return nil
	}
	a.flushLocked(true)
	var err error
	if !a.failed.Load() {
		if err = a.file.Sync(); err != nil {
			a.Log.Warningf("Fail to fsync the AOF file: %s", Reason(err))
		}
	}
	a.file.Close()
	a.file = nil
	a.synced = a.written
	return err
}

// Gate refuses writes while the file cannot be written. It is armed by
// ArmErrors.
func (a *AOF) Gate() command.Gate {
	return command.Gate{Name: "aof", Check: func(c *command.Ctx) command.Verdict {
		if c.Replaying() || c.Cmd.Flags&command.Write == 0 && c.Cmd.Name != "ping" {
			return command.Pass()
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.state == off || a.writeErr == nil {
			return command.Pass()
		}
		return command.Refuse("MISCONF Errors writing to the AOF file: " + Reason(a.writeErr))
	}}
}
