package aof

import (
	"errors"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// rewrite is a rewrite that runs: a new base is written while the journal goes to
// a new incremental file, begun at the instant of the base.
type rewrite struct {
	began  time.Time
	temp   string // the base under its temporary name
	format Format
	file   vfs.File
	cancel func()
	// abandoned: its result is not wanted any more.
	abandoned bool
}

type rewriteStats struct {
	started  int64
	took     time.Duration // negative: none yet
	failed   bool          // the last one
	failures int64         // in a row
	delay    time.Duration // before the next automatic one
	notUntil time.Time
}

const (
	// After so many failures in a row, automatic rewrites wait, a minute at
	// first and twice as long each time: every try leaves an incremental file.
	failuresFree = 3
	delayMax     = time.Hour
)

var errBusy = errors.New("another snapshot runs")

// startRewriteLocked makes now the instant of a new base. Exclusive mode.
func (a *AOF) startRewriteLocked() error {
	o := a.Settings()
	if a.rewrite != nil || a.Saving() {
		return errBusy
	}
	err := a.makeDir(&o)
	if err == nil {
		a.flushLocked(true)
		if a.state == on && (a.writeErr != nil || a.failed.Load()) {
			err = a.writeErr
		}
	}
	if err != nil {
		a.rewrites.failed = true
		return err
	}
	r := &rewrite{began: a.Now(), temp: a.temporary(background, &o), format: o.format()}
	if r.file, err = a.FS.Create(r.temp); err != nil {
		a.Log.Warningf("Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): %s", Reason(err))
		a.rewrites.failed = true
		return err
	}
	if err = a.stampBase(&o, r.file); err == nil {
		err = a.switchIncrLocked(&o)
	}
	if err == nil {
		r.cancel, err = a.StartBase(o.baseWriter(r.file), r.format, func(err error) { a.finishRewrite(r, err) })
	}
	if err != nil {
		r.file.Close()
		a.FS.Remove(r.temp)
		a.rewrites.failed = true
		a.stopWaitingLocked()
		return err
	}
	a.rewrite = r
	a.scheduled = false
	a.rewrites.started++
	a.Log.Noticef("Background append only file rewriting started")
	return nil
}

// switchIncrLocked lets the journal go on in a new incremental file.
func (a *AOF) switchIncrLocked(o *Settings) error {
	old := a.file
	switch a.state {
	case off:
		return nil
	case waiting:
		name := "temp-" + o.Filename + ".incr"
		if err := a.openIncr(o, name, true); err != nil {
			return err
		}
		a.Log.Noticef("Creating AOF incr file %s on background rewrite", name)
		a.startFeedingLocked(waiting)
		return nil
	}
	a.syncBeforeLocked()
	m := a.manifest.clone()
	name := m.newIncr(o.Filename, &a.lastIncr).Name
	oldName, oldSize := a.name, a.size
	if err := a.openIncr(o, name, true); err != nil {
		return err
	}
	if err := a.writeManifest(o, m); err != nil {
		a.file.Close()
		a.file, a.name, a.size = old, oldName, oldSize
		return err
	}
	a.Log.Noticef("Creating AOF incr file %s on background rewrite", name)
	a.manifest = m
	a.Journal.Break()
	if a.synced >= a.written {
		a.jobs.Go(func() { old.Close() })
		return nil
	}
	a.before, a.synced = old, a.written
	a.jobs.Go(func() { a.finishBefore(old) })
	return nil
}

// finishBefore makes the file that was left durable in the background, and then
// lets writing go on.
func (a *AOF) finishBefore(old vfs.File) {
	err := old.Sync()
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.Log.Warningf("Fail to fsync the AOF file: %s", Reason(err))
	}
	if a.before == old {
		a.before = nil
		a.flushLocked(false)
	}
	old.Close()
}

// stopWaitingLocked throws away what was recorded for a base that has not come
// about. The next one begins anew.
func (a *AOF) stopWaitingLocked() {
	if a.state != waiting {
		return
	}
	a.Watch(false)
	if a.file != nil {
		a.file.Close()
		a.file = nil
		o := a.Settings()
		a.FS.Remove(o.path(a.name))
	}
	a.Journal.Take()
	a.done.Store(a.Journal.Offset())
	a.left = nil
	a.scheduled = true
}

// finishRewrite ends a rewrite whose base has been written, or has not.
func (a *AOF) finishRewrite(r *rewrite, err error) {
	if err == nil {
		if err = r.file.Sync(); err != nil {
			a.Log.Warningf("Write error writing append only file on disk: %s", Reason(err))
		}
	}
	r.file.Close()
	failed := false
	a.mu.Lock()
	o := a.Settings()
	if err == nil && !r.abandoned {
		a.Log.Noticef("Background AOF rewrite terminated with success")
		err = a.installBaseLocked(&o, r)
	}
	a.rewrite = nil
	a.rewrites.took = a.Now().Sub(r.began)
	switch {
	case r.abandoned:
		a.Log.Warningf("Background AOF rewrite terminated by request")
	case err != nil:
		a.Log.Warningf("Background AOF rewrite terminated with error")
		failed = true
	}
	if failed {
		a.noteFailureLocked()
	}
	if failed || r.abandoned {
		a.FS.Remove(r.temp)
	}
	a.mu.Unlock()
	if !failed {
		return
	}
	a.Exclusive(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.rewrite == nil {
			a.stopWaitingLocked()
		}
	})
}

func (a *AOF) noteFailureLocked() {
	s := &a.rewrites
	s.failed = true
	if s.failures++; s.failures >= failuresFree {
		s.delay = min(max(2*s.delay, time.Minute), delayMax)
		s.notUntil = a.Now().Add(s.delay)
		a.Log.Warningf("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in %d minutes",
			int(s.delay.Minutes()))
	}
}

// installBaseLocked makes a complete base the beginning of everything.
func (a *AOF) installBaseLocked(o *Settings, r *rewrite) error {
	m := a.manifest.clone()
	keep := 0
	if a.state == on {
		keep = 1
	}
	base := m.newBase(o.Filename, r.format, &a.lastBase, keep).Name
	if err := a.rename(r.temp, o.path(base)); err != nil {
		a.Log.Warningf("Error trying to rename the temporary AOF base file %s into %s: %s", r.temp, base, Reason(err))
		return err
	}
	a.Log.Noticef("Successfully renamed the temporary AOF base file %s into %s", r.temp, base)
	if a.state == waiting {
		incr := m.newIncr(o.Filename, &a.lastIncr).Name
		if err := a.rename(o.path(a.name), o.path(incr)); err != nil {
			a.Log.Warningf("Error trying to rename the temporary AOF incr file %s into %s: %s", a.name, incr, Reason(err))
			a.FS.Remove(o.path(base))
			return err
		}
		a.Log.Noticef("Successfully renamed the temporary AOF incr file %s into %s", a.name, incr)
		a.name = incr
	}
	if err := a.writeManifest(o, m); err != nil {
		a.FS.Remove(o.path(base))
		return err
	}
	a.manifest = m
	a.countSizes(o)
	a.baseSize = a.total
	a.removeHistory(o)
	a.rewrites.failed, a.rewrites.failures, a.rewrites.delay = false, 0, 0
	if a.state == waiting {
		a.state = on
	}
	a.Log.Noticef("Background AOF rewrite finished successfully")
	return nil
}

// StartScheduled starts a rewrite that was asked for and could not begin then.
// Exclusive mode, before anything that would start a snapshot in the same turn.
func (a *AOF) StartScheduled() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scheduled && !a.stopping && a.mayRewriteLocked() {
		a.startRewriteLocked() // has logged why not; it stays scheduled
	}
}

// mayRewriteLocked reports whether the server may start a rewrite of its own
// accord: none runs, and failures do not make it wait.
func (a *AOF) mayRewriteLocked() bool {
	return a.rewrite == nil && (a.rewrites.failures < failuresFree || !a.Now().Before(a.rewrites.notUntil))
}

// rewriteIfGrownLocked starts a rewrite that the growth of the files asks for.
// Exclusive mode.
func (a *AOF) rewriteIfGrownLocked() {
	if a.scheduled {
		return
	}
	if percent, grown := a.grownLocked(); grown {
		a.Log.Noticef("Starting automatic rewriting of AOF on %d%% growth", percent)
		a.startRewriteLocked()
	}
}

// grownLocked reports whether the files have grown so much that a rewrite begins,
// and by how much.
func (a *AOF) grownLocked() (percent int64, grown bool) {
	o := a.Settings()
	if a.state != on || o.GrowthPercent == 0 || a.total <= o.MinSize || !a.mayRewriteLocked() || a.Saving() {
		return 0, false
	}
	percent = a.total*100/max(a.baseSize, 1) - 100
	return percent, percent >= o.GrowthPercent
}

// rename is FS.Rename, watched for its latency.
func (a *AOF) rename(from, to string) error {
	began := a.Now()
	err := a.FS.Rename(from, to)
	a.Latency(EventRename, a.Now().Sub(began))
	return err
}

// Cancel ends a rewrite that runs, without its result.
func (a *AOF) Cancel() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancelRewriteLocked()
}

func (a *AOF) cancelRewriteLocked() {
	if a.rewrite != nil && !a.rewrite.abandoned {
		a.Log.Noticef("Killing running AOF rewrite child: %d", a.PID) // the line that operators look for
		a.rewrite.abandoned = true
		a.rewrite.cancel()
	}
}

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
	if a.state == waiting && a.name != "" {
		o := a.Settings()
		a.FS.Remove(o.path(a.name))
	}
	a.done.Store(a.Journal.Offset())
	a.state, a.left = off, nil
	if a.scheduled {
		a.scheduled = false
		a.Log.Noticef("AOF was disabled but there is a scheduled AOF background, cancel it.")
	}
	a.cancelRewriteLocked()
	a.failLocked(nil)
}

// runRewrite is BGREWRITEAOF.
func (a *AOF) runRewrite(c *command.Ctx) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.rewrite != nil:
		c.Out.Error("ERR Background append only file rewriting already in progress")
	case a.Saving() || c.DenyBlocking: // a base holds no half of a transaction
		a.scheduled = true
		a.rewrites.failures = 0
		a.Log.Noticef("Background append only file rewriting scheduled.")
		c.Out.SimpleString("Background append only file rewriting scheduled")
	case a.startRewriteLocked() == nil:
		c.Out.SimpleString("Background append only file rewriting started")
	default:
		c.Out.Error("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
	}
}
