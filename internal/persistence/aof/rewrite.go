package aof

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// rewrite is a rewrite that runs: a base of all keys at an instant is written,
// while the journal goes on in an incremental file begun at that instant.
//
//	startRewriteLocked ─▶ preparing ─▶ beginLocked ─▶ writing ─▶ installing
//	                      files,       the instant,   the base   rename, manifest,
//	                      manifest     pointers only             history
//
// Only the instant needs exclusive mode. Everything that waits for the disk happens
// on other goroutines, without mu: commands run and are committed meanwhile. So the
// new incremental file is in the manifest before the instant, empty, and anything
// may come in between: in each stage the rewrite may be given up, but when it is
// installing, in which case it ends soon, and whoever turns the file off or ends
// the server leaves a complete one.
type rewrite struct {
	began  time.Time
	temp   string // path of the base, under its temporary name at first
	format Format
	file   vfs.File // the base

	// incr is where the journal goes on, nil if the append-only file is off.
	incr     vfs.File
	incrName string
	// first: there was no incremental file; this one is named by the manifest when
	// the base is, and is temporary until then.
	first bool
	named bool // the manifest names the base
	// left is closed when the incremental file before is durable and closed.
	left chan struct{}

	stage     stage  // guarded by mu
	quiet     bool   // no background sync begins; guarded by mu
	abandoned bool   // its result is not wanted any more; guarded by mu
	cancel    func() // of writing
}

type stage uint8

const (
	preparing stage = iota
	writing
	installing
)

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
	// first and twice as long each time.
	failuresFree = 3
	delayMax     = time.Hour
)

var (
	errBusy      = errors.New("another snapshot runs")
	errAbandoned = errors.New("the rewrite is not wanted any more")
)

// startRewriteLocked starts a rewrite. Exclusive mode.
func (a *AOF) startRewriteLocked() error {
	if a.rewrite != nil || a.Saving() {
		return errBusy
	}
	o := a.Settings()
	r := &rewrite{began: a.Now(), temp: a.temporary(background, &o), format: o.format(), left: make(chan struct{})}
	if err := a.startLocked(&o, r); err != nil {
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

// startLocked lets r prepare itself. Where the file is not on, that takes no
// manifest, and the base begins at once: whoever turns it on is told of errors.
func (a *AOF) startLocked(o *Settings, r *rewrite) error {
	if a.state == on {
		if a.writeErr != nil {
			a.flushLocked(true)
		}
		if a.writeErr != nil {
			return a.writeErr
		}
		a.jobs.Go(func() { a.prepare(r) })
		return nil
	}
	err := a.createBase(o, r)
	if err == nil && a.state == waiting {
		r.first, r.incrName = true, "temp-"+o.Filename+".incr"
		r.incr, err = a.openIncr(o, r.incrName, os.O_TRUNC)
	}
	if err == nil {
		err = a.beginLocked(r)
	}
	if err != nil {
		if r.incr != nil {
			r.incr.Close()
		}
		a.discard(o, r)
	}
	return err
}

func (a *AOF) createBase(o *Settings, r *rewrite) error {
	err := a.makeDir(o)
	if err != nil {
		return err
	}
	if r.file, err = a.FS.Create(r.temp); err != nil {
		a.Log.Warningf("Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): %s", Reason(err))
	}
	return err
}

// prepare makes the files of a rewrite and then its instant.
func (a *AOF) prepare(r *rewrite) {
	err := a.prepareFiles(r)
	if err == nil {
		a.quiesce(r)
	}
	a.Exclusive(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if err == nil && r.abandoned {
			err = errAbandoned
		}
		if err == nil {
			err = a.beginLocked(r)
		}
	})
	if err == nil {
		return
	}
	a.files.Lock()
	o := a.Settings()
	a.withdrawIncr(&o, r)
	a.discard(&o, r)
	a.files.Unlock()
	a.endRewrite(r, err)
}

// prepareFiles makes the base and the next incremental file, which the manifest
// names from now on.
func (a *AOF) prepareFiles(r *rewrite) error {
	a.files.Lock()
	defer a.files.Unlock()
	o := a.Settings()
	err := a.createBase(&o, r)
	if err != nil {
		return err
	}
	m := a.manifest.clone()
	r.incrName = m.newIncr(o.Filename, &a.lastIncr).Name
	if r.incr, err = a.openIncr(&o, r.incrName, os.O_TRUNC); err == nil {
		_, err = a.writeManifest(&o, m)
	}
	return err
}

// withdrawIncr takes the new incremental file, in which nothing was written, out of
// the manifest. If that fails, it stays there, empty. The caller has files.
func (a *AOF) withdrawIncr(o *Settings, r *rewrite) {
	if r.incr == nil {
		return
	}
	r.incr.Close()
	m := a.manifest.clone()
	m.Incr = slices.DeleteFunc(m.Incr, func(f FileInfo) bool { return f.Name == r.incrName })
	if len(m.Incr) < len(a.manifest.Incr) {
		if _, err := a.writeManifest(o, m); err != nil {
			return
		}
	}
	a.FS.Remove(o.path(r.incrName))
}

// quiesce sees to it that no sync of the present file is under way in the background:
// at the instant, what the journal has is written to it, which would wait. Most of
// what it holds is durable then, so that the new one may soon be written.
func (a *AOF) quiesce(r *rewrite) {
	a.mu.Lock()
	r.quiet = true
	if a.syncing == nil && a.file != nil && a.synced < a.written && a.Settings().Policy != Always {
		a.startSyncLocked()
	}
	syncing := a.syncing
	a.mu.Unlock()
	if syncing != nil {
		<-syncing
	}
}

// switching reports whether an instant is near. The caller has mu.
func (a *AOF) switching() bool { return a.rewrite != nil && a.rewrite.quiet }

// beginLocked makes now the instant of the base: what the journal has belongs to the
// file so far, and what follows to the new one. It creates, renames and syncs
// nothing. Exclusive mode.
func (a *AOF) beginLocked(r *rewrite) error {
	o := a.Settings()
	if a.state == on && a.Journal.Offset() > a.written && !a.writeLocked(&o) {
		return a.writeErr
	}
	err := a.stampBase(&o, r.file)
	if err == nil {
		r.cancel, err = a.StartBase(o.baseWriter(r.file), r.format, func(err error) { a.finishRewrite(r, err) })
	}
	if err != nil {
		return err
	}
	r.stage, r.quiet = writing, false
	if r.incr == nil {
		close(r.left)
		return nil
	}
	a.Log.Noticef("Creating AOF incr file %s on background rewrite", r.incrName)
	old := a.file
	a.file, a.name, a.size = r.incr, r.incrName, 0
	switch {
	case r.first:
		a.startFeedingLocked(waiting)
		close(r.left)
	case a.synced >= a.written:
		a.Journal.Break()
		a.jobs.Go(func() {
			old.Close()
			close(r.left)
		})
	default:
		a.Journal.Break()
		a.before, a.synced = old, a.written
		a.jobs.Go(func() {
			a.finishBefore(old)
			close(r.left)
		})
	}
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
// about. The next one begins anew. Exclusive mode.
func (a *AOF) stopWaitingLocked() {
	if a.state != waiting {
		return
	}
	a.Watch(false)
	if a.file != nil {
		a.file.Close()
		a.file = nil
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
	<-r.left
	a.files.Lock()
	o := a.Settings()
	if err == nil {
		err = a.beginInstalling(r)
	}
	if err == nil {
		err = a.install(&o, r)
	}
	if err == nil {
		a.removeHistory(&o)
	}
	a.discard(&o, r)
	a.files.Unlock()
	a.endRewrite(r, err)
}

// beginInstalling makes it impossible to give a rewrite up, unless it was.
func (a *AOF) beginInstalling(r *rewrite) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.abandoned {
		return errAbandoned
	}
	r.stage = installing
	a.Log.Noticef("Background AOF rewrite terminated with success")
	return nil
}

// install makes a complete base the beginning of everything. The caller has files,
// and not mu: the journal is written meanwhile.
func (a *AOF) install(o *Settings, r *rewrite) error {
	m := a.manifest.clone()
	keep := 0
	if r.incr != nil && !r.first {
		at := slices.IndexFunc(m.Incr, func(f FileInfo) bool { return f.Name == r.incrName })
		if at < 0 {
			return fmt.Errorf("the manifest does not name %s any more", r.incrName)
		}
		keep = len(m.Incr) - at
	}
	base := m.newBase(o.Filename, r.format, &a.lastBase, keep).Name
	if err := a.rename(r.temp, o.path(base)); err != nil {
		a.Log.Warningf("Error trying to rename the temporary AOF base file %s into %s: %s", r.temp, base, Reason(err))
		return err
	}
	a.Log.Noticef("Successfully renamed the temporary AOF base file %s into %s", r.temp, base)
	r.temp = o.path(base)
	if r.first {
		if err := a.nameFirst(o, r, m.newIncr(o.Filename, &a.lastIncr).Name); err != nil {
			return err
		}
	}
	if r.incr == nil || r.first { // the directory may be new
		if err := a.syncParent(o); err != nil {
			return err
		}
	}
	var err error
	r.named, err = a.writeManifest(o, m)
	return err
}

// nameFirst gives the first incremental file its name, while it is written.
func (a *AOF) nameFirst(o *Settings, r *rewrite, name string) error {
	if err := a.rename(o.path(r.incrName), o.path(name)); err != nil {
		a.Log.Warningf("Error trying to rename the temporary AOF incr file %s into %s: %s", r.incrName, name, Reason(err))
		return err
	}
	a.Log.Noticef("Successfully renamed the temporary AOF incr file %s into %s", r.incrName, name)
	r.incrName = name
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == r.incr {
		a.name = name
	}
	return nil
}

// discard closes the base and removes the files that no manifest names.
func (a *AOF) discard(o *Settings, r *rewrite) {
	if r.file != nil {
		r.file.Close()
	}
	if r.named {
		return
	}
	if r.file != nil {
		a.FS.Remove(r.temp)
	}
	if r.first && r.incr != nil {
		a.FS.Remove(o.path(r.incrName))
	}
}

// endRewrite notes the result of a rewrite.
func (a *AOF) endRewrite(r *rewrite, err error) {
	if err != nil {
		a.Exclusive(func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.noteEndLocked(r)
			a.noteFailureLocked(r)
			a.stopWaitingLocked()
		})
		return
	}
	size := int64(0)
	if info, err := a.FS.Stat(r.temp); err == nil {
		size = info.Size()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noteEndLocked(r)
	a.total = size
	if r.incr != nil && a.file == r.incr {
		a.total += a.size
		a.state = on
	}
	a.baseSize = a.total
	a.rewrites.failed, a.rewrites.failures, a.rewrites.delay = false, 0, 0
	a.Log.Noticef("Background AOF rewrite finished successfully")
}

func (a *AOF) noteEndLocked(r *rewrite) {
	a.rewrite = nil
	a.rewrites.took = a.Now().Sub(r.began)
}

func (a *AOF) noteFailureLocked(r *rewrite) {
	if r.abandoned {
		a.Log.Warningf("Background AOF rewrite terminated by request")
		return
	}
	a.Log.Warningf("Background AOF rewrite terminated with error")
	s := &a.rewrites
	s.failed = true
	if s.failures++; s.failures >= failuresFree {
		s.delay = min(max(2*s.delay, time.Minute), delayMax)
		s.notUntil = a.Now().Add(s.delay)
		a.Log.Warningf("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in %d minutes",
			int(s.delay.Minutes()))
	}
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

// Cancel ends a rewrite that runs, without its result, unless that is taking effect.
func (a *AOF) Cancel() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancelRewriteLocked()
}

func (a *AOF) cancelRewriteLocked() {
	r := a.rewrite
	if r == nil || r.abandoned || r.stage == installing {
		return
	}
	a.Log.Noticef("Killing running AOF rewrite child: %d", a.PID) // the line that operators look for
	r.abandoned = true
	if r.stage == writing {
		r.cancel()
	}
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
